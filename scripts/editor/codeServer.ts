import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../../test/harness/until.ts';
import { listSurvivors, type Survivor } from '../../test/setup/survivors.ts';
import type { Editor } from './installEditor.ts';

/** An editor whose files are all in one directory. */
export interface CodeServer {
  child: ChildProcess;
  url: string;
}

export interface Place {
  editor: Editor;
  scratch: string;
  /** For all programs of the editor: nothing of the user’s own settings. */
  env: Record<string, string>;
}

/** Starts it on a port that the system chooses, for whoever comes; resolves when it listens. */
export async function startCodeServer({ editor, scratch, env }: Place): Promise<CodeServer> {
  const workspace = join(scratch, 'workspace');
  mkdirSync(workspace, { recursive: true });
  const args = [...places(scratch), '--auth', 'none', '--bind-addr', '127.0.0.1:0', ...returning, ...quiet, workspace];
  const child = spawn(process.execPath, [editor.codeServer, ...args], { env, cwd: scratch, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    const url = /HTTP server listening on (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return { child, url };
  }
  throw new Error(`code-server ended before it listened:\n${said.join('\n')}`);
}

/** With SIGTERM, as a service manager would; its children are its own business, which is looked at afterwards. */
export async function endCodeServer({ child }: CodeServer): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await until(() => child.exitCode !== null || child.signalCode !== null, 'the end of code-server', 60_000);
}

/** One of its commands that do without a server: what it printed. */
export function runCodeServer({ editor, scratch, env }: Place, args: string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [editor.codeServer, ...places(scratch), ...args], {
    env,
    cwd: scratch,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`code-server ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** The sidecars of its extension hosts, and those. */
export function listSidecars(cookie: string): (Survivor & { host: number })[] {
  return listSurvivors(cookie)
    .filter(({ commandLine }) => /sidewarden\/dist\/bin\.js/.test(commandLine))
    .map((one) => ({ ...one, host: parentOf(one.pid) }));
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

const places = (scratch: string) => [
  '--config',
  join(scratch, 'config.yaml'),
  '--user-data-dir',
  join(scratch, 'data'),
  '--extensions-dir',
  join(scratch, 'extensions'),
];

/** For so many seconds it keeps the extension host of a page that has gone, which may come back; by default for hours. */
const returning = ['--reconnection-grace-time', '2'];

const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust', '--disable-getting-started-override'];
