import { availableParallelism } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { keepAlive, systemClock } from '../clock.ts';
import { createLog, type ProcessLog } from '../log.ts';
import { type AppOptions, runApp } from './app.ts';
import { readConfig } from './config.ts';
import { couldNotStart } from './shutdown/exitCode.ts';
import { listenForEndings } from './shutdown/triggers.ts';
import { takeStdio } from './transport/stdio.ts';

/** More of our log than this is not kept for a host that does not read it. */
const longestLogBacklogBytes = 1024 * 1024;
const stderrFlushMs = 500;

/** Runs the sidecar until it ends, and ends the process with its exit code. */
export async function main(args: string[]): Promise<never> {
  const answer = readConfig(args, process.env);
  if ('problem' in answer) {
    process.stderr.write(`sidewarden: ${answer.problem}\n`);
    process.exit(couldNotStart);
  }
  const { config } = answer;
  const log = createLog({
    level: config.logLevel,
    now: systemClock.now,
    write(line) {
      if (process.stderr.writableLength < longestLogBacklogBytes) process.stderr.write(line);
    },
  });
  keepAlive();
  const code = await run(log, {
    config,
    transport: takeStdio(),
    files: locateFiles(import.meta.url),
    version: packageJson.version,
    system: {
      pid: process.pid,
      parentPid: process.ppid,
      node: process.versions.node,
      platform: process.platform,
      arch: process.arch,
      startedAt: Math.round(performance.timeOrigin),
      threads: Math.min(4, Math.max(2, availableParallelism())),
    },
    surroundings: { environment: { ...process.env }, directory: process.cwd() },
    listenForEndings,
  });
  await log.flush();
  await Promise.race([drained(process.stderr), systemClock.sleep(stderrFlushMs)]);
  process.exit(code);
}

/** What ends it in order is the app’s business; what breaks here broke while everything was being built. */
async function run(log: ProcessLog, options: Omit<AppOptions, 'log'>): Promise<number> {
  try {
    return await runApp({ ...options, log });
  } catch (error) {
    log.fatal({ err: error }, 'the sidecar could not start');
    return couldNotStart;
  }
}

/** Pipes are written to asynchronously on POSIX: what is not with the system at exit is lost. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return stream.writableLength === 0 ? Promise.resolve() : new Promise((resolve) => stream.write('', () => resolve()));
}

/** Beside us in the bundle, in their own rooms in the source tree. */
function locateFiles(here: string) {
  const isSource = here.endsWith('.ts');
  return {
    jobWorker: new URL(isSource ? '../workers/entry.ts' : './jobWorker.js', here),
    openrpc: new URL(isSource ? '../../clients/spec/openrpc.json' : './openrpc.json', here),
  };
}
