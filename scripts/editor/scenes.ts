import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { until } from '../../test/harness/until.ts';
import { isAlive } from '../../test/harness/watching.ts';
import { cookieName, listSurvivors } from '../../test/setup/survivors.ts';
import { type CodeServer, endCodeServer, listSidecars, type Place, runCodeServer, startCodeServer } from './codeServer.ts';
import type { Editor } from './installEditor.ts';
import { packExtension } from './packExtension.ts';
import { answer, type Browser, openBrowser, openPage, type Page, readNotification, runCommand } from './page.ts';

export interface Stage {
  editor: Editor;
  chromium: string;
  scratch: string;
  /** In the environment of all that is started here. */
  cookie: string;
}

/** Each scene starts where the one before has ended, so that the first that fails is the last. What is left then is the caller’s to end. */
export async function playScenes({ editor, chromium, scratch, cookie }: Stage): Promise<{ passed: number; failed: number }> {
  const temporary = join(scratch, 'tmp');
  mkdirSync(temporary);
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: scratch,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    // No gallery: nobody is asked for extensions, nor waited for.
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: '' }),
    [cookieName]: cookie,
  };
  const place: Place = { editor, scratch, env };
  let [passed, failed] = [0, 0];

  const scene = async (name: string, play: () => Promise<string>): Promise<void> => {
    if (failed > 0) return;
    const startedAt = performance.now();
    try {
      const seen = await play();
      passed += 1;
      print(`ok      ${name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)${seen === '' ? '' : `\n        ${seen}`}`);
    } catch (error) {
      failed += 1;
      print(`FAILED  ${name}\n${error instanceof Error ? error.stack : String(error)}`);
    }
  };

  await scene('the example is packed, with sidewarden in it, and installed', async () => {
    runCodeServer(place, ['--install-extension', packExtension(editor, scratch)]);
    expectExtensions(place, true);
    return '';
  });

  let server: CodeServer;
  let browser: Browser;
  let page: Page;

  await scene('the command of the palette names who holds a port', async () => {
    server = await startCodeServer(place);
    browser = await openBrowser(editor, chromium, scratch, env);
    page = await openPage(browser, server.url);
    return askWhoHolds(page);
  });

  await scene('the sidecar ends when the page is closed', async () => {
    const sidecar = theSidecar(cookie);
    await page.close();
    return untilEnded(sidecar);
  });

  await scene('the sidecar ends when the extension host is killed', async () => {
    page = await openPage(browser, server.url);
    await askWhoHolds(page);
    const sidecar = theSidecar(cookie);
    process.kill(sidecar.host, 'SIGKILL');
    return untilEnded(sidecar);
  });

  await scene('all of the editor ends with SIGTERM, and the sidecar with it', async () => {
    await page.close();
    page = await openPage(browser, server.url);
    await askWhoHolds(page);
    const sidecar = theSidecar(cookie);
    await endCodeServer(server);
    const sentence = await untilEnded(sidecar);
    await browser.close();
    await untilNothingIsLeft(cookie);
    return sentence;
  });

  await scene('the extension is uninstalled', async () => {
    runCodeServer(place, ['--uninstall-extension', extensionId]);
    expectExtensions(place, false);
    await untilNothingIsLeft(cookie);
    return '';
  });
  return { passed, failed };
}

const extensionId = 'example.sidewarden-vscode-example';

function expectExtensions(place: Place, isThere: boolean): void {
  const listed = runCodeServer(place, ['--list-extensions']).split('\n');
  if (listed.includes(extensionId) !== isThere) throw new Error(`The extensions are: ${listed.join(', ')}`);
}

/** Asks for a port of this very process; what the editor answers. */
async function askWhoHolds(page: Page): Promise<string> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  try {
    await runCommand(page, 'Ports: Who Holds a Port?');
    await answer(page, 'Which port?', String(port));
    return await readNotification(page, [String(port), `pid ${process.pid}`]);
  } finally {
    holder.close();
  }
}

type Sidecar = ReturnType<typeof listSidecars>[number];

/** The one that the command has started. */
function theSidecar(cookie: string): Sidecar {
  const [first, ...others] = listSidecars(cookie);
  if (first === undefined || others.length > 0) throw new Error(`There are ${first === undefined ? 0 : others.length + 1} sidecars.`);
  return first;
}

async function untilEnded({ pid, host }: Sidecar): Promise<string> {
  const startedAt = performance.now();
  await until(() => !isAlive(host), `the end of the extension host ${host}`, endMs);
  const hostEndedAt = performance.now();
  await until(() => !isAlive(pid), `the end of the sidecar ${pid}`, endMs);
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  return `the extension host ended within ${seconds(hostEndedAt - startedAt)} s, the sidecar ${seconds(performance.now() - hostEndedAt)} s later`;
}

async function untilNothingIsLeft(cookie: string): Promise<void> {
  const left = () => listSurvivors(cookie).map(({ pid, commandLine }) => `  ${pid}  ${commandLine}`);
  await until(() => left().length === 0, 'the end of all processes', endMs).catch(() => {
    throw new Error(`left behind:\n${left().join('\n')}`);
  });
}

const endMs = 60_000;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
