import { availableParallelism } from 'node:os';
import { keepAlive } from '../clock.ts';
import { createLog } from '../log.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { runApp } from './app.ts';
import { readConfig } from './config.ts';
import { couldNotStart } from './shutdown/exitCode.ts';
import { listenForEndings } from './shutdown/triggers.ts';
import { takeStdio } from './transport/stdio.ts';

/** More of our log than this is not kept for a host that does not read it. */
const longestLogBacklogBytes = 1024 * 1024;

/** Runs the sidecar until it ends, and ends the process with its exit code. */
export async function main(args: string[]): Promise<never> {
  const answer = readConfig(args, process.env);
  if ('problem' in answer) {
    process.stderr.write(`sidewarden: ${answer.problem}\n`);
    process.exit(couldNotStart);
  }
  const { config } = answer;
  const log = createLog(config.logLevel, (line) => {
    if (process.stderr.writableLength < longestLogBacklogBytes) process.stderr.write(line);
  });
  keepAlive();
  const code = await runApp({
    config,
    log,
    transport: takeStdio(),
    files: locateFiles(import.meta.url),
    version: packageJson.version,
    system: {
      pid: process.pid,
      node: process.versions.node,
      platform: process.platform,
      arch: process.arch,
      startedAt: Math.round(performance.timeOrigin),
      threads: Math.min(4, Math.max(2, availableParallelism())),
    },
    listenForEndings,
  });
  process.exit(code);
}

/** Beside us in the bundle, in their own rooms in the source tree. */
function locateFiles(here: string) {
  const isSource = here.endsWith('.ts');
  return {
    jobWorker: new URL(isSource ? '../workers/entry.ts' : './jobWorker.js', here),
    openrpc: new URL(isSource ? '../../clients/spec/openrpc.json' : './openrpc.json', here),
  };
}
