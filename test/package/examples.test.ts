import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { nodeProgram, type Program, spawnProgram } from '../harness/processes.ts';
import { root } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';
import { installSidewarden } from './installed.ts';

/* The example projects, with sidewarden as it is packed: compiled against the real types, then run with packages that only play the editor. */

describe.each(['electron', 'vscode'])('the example for %s', { timeout: 120_000 }, (name) => {
  const { directory, remove } = installSidewarden();
  const modules = join(directory, 'node_modules');
  beforeAll(() => {
    cpSync(join(root, 'clients', 'examples', name), directory, { recursive: true });
    for (const types of ['@types', 'electron']) symlinkSync(join(root, 'node_modules', types), join(modules, types));
  });
  afterAll(remove);

  test('compiles', () => {
    // What launches by itself can be launched by hand, too.
    const byHand = `import { utilityProcess } from 'electron';\nimport { launchUtilityProcess } from 'sidewarden/client';\nexport const launch = launchUtilityProcess({ utilityProcess });\n`;
    if (name === 'electron') writeFileSync(join(directory, 'src', 'byHand.ts'), byHand);
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', directory], { encoding: 'utf8' });
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
    for (const types of ['@types', 'electron']) unlinkSync(join(modules, types));
    cpSync(join(root, 'test', 'fixtures', 'packages', name), join(modules, name), { recursive: true });
  });

  onLinux(describe)('runs', () => {
    if (name === 'electron') electronScenes(directory);
    else vscodeScenes(directory);
  });
});

function electronScenes(directory: string): void {
  const start = () => spawnProgram([process.execPath, join(directory, 'dist', 'main.js')], { env: { FAKE_PATHS: directory } });
  const urlOf = ({ ready }: Program) => /^(http:\S+) shows: Notes, saved 0 times$/.exec(ready)?.[1] as string;

  test('a window shows the backend, on the port of the last time, until the app ends', async () => {
    const urls: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      await using app = await start();
      urls.push(urlOf(app));
      app.child.stdin?.end();
      await until(() => app.child.exitCode !== null, 'its end', 60_000);
      expect(app.child.exitCode).toBe(0);
      await expect(fetch(urls[run] as string)).rejects.toThrow();
    }
    expect(urls[0]).toMatch(/^http:/);
    expect(urls[1]).toBe(urls[0]);
  });

  test('a second one brings the window of the first to the front, and ends', async () => {
    await using app = await start();
    expect(urlOf(app)).toMatch(/^http:/);
    const second = spawnSync(process.execPath, [join(directory, 'dist', 'main.js')], {
      encoding: 'utf8',
      env: { ...process.env, FAKE_PATHS: directory },
    });
    expect(second).toMatchObject({ stdout: '', stderr: '', status: 0 });
    expect(await app.line()).toBe('its window has the focus');
    app.child.stdin?.end();
    await until(() => app.child.exitCode === 0, 'its end', 60_000);
  });

  test('its backend ends with it when it is killed', async () => {
    await using app = await start();
    const url = urlOf(app);
    const sidecar = Number(readFileSync(`/proc/${app.pid}/task/${app.pid}/children`, 'utf8'));
    expect(isAlive(sidecar)).toBe(true);
    await app.kill('SIGKILL');
    await until(() => !isAlive(sidecar), 'the end of its sidecar', 60_000);
    await expect(fetch(url)).rejects.toThrow();
  });
}

function vscodeScenes(directory: string): void {
  const play = (scene: string) => {
    writeFileSync(
      join(directory, 'play.mjs'),
      `import { answers, commands, shown } from 'vscode';
      import { activate, deactivate } from './dist/extension.js';
      const context = { subscriptions: [], extension: { id: 'example.ports' }, globalStorageUri: { fsPath: ${JSON.stringify(directory)} } };
      activate(context);
      const run = (...args) => commands.executeCommand(...args).catch((error) => error.message);
      ${scene}
      await deactivate();
      process.stdout.write(JSON.stringify({ shown, subscriptions: context.subscriptions.length }));`,
    );
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(directory, 'play.mjs')], { encoding: 'utf8', timeout: 60_000 });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    return JSON.parse(stdout) as { shown: Record<string, string>[]; subscriptions: number };
  };

  test('says who holds a port, asks, and ends exactly that', async () => {
    const port = await findFreePort();
    await using holder = await spawnProgram(nodeProgram('listen', port, '127.0.0.1'));
    const { shown, subscriptions } = play(`
      answers.input = '${port}';
      await run('ports.explain');
      await run('ports.free', ${port});
      answers.warning = 'End';
      await run('ports.free', ${port});
      await run('ports.free', ${port});
    `);
    expect(subscriptions).toBe(3);
    expect(shown).toEqual([
      { information: expect.stringContaining(`${holder.pid}`) },
      { warning: `End node (${holder.pid})?` },
      { information: 'Nobody was ended.' },
      { warning: `End node (${holder.pid})?` },
      { progress: `Freeing port ${port}` },
      { information: `Port ${port} is free.` },
      { information: expect.stringContaining(`${port}`) },
    ]);
  });

  test('shows what went wrong, and asks for a number', () => {
    const { shown } = play(`
      answers.input = 'http';
      await run('ports.explain');
      await run('ports.explain', 70_000);
    `);
    expect(shown).toEqual([{ error: expect.stringMatching(/^The parameters of port\/explain are wrong/) }]);
  });
}
