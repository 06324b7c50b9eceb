import { availableParallelism } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { keepAlive, systemClock } from '../clock.ts';
import { createLog, type ProcessLog } from '../log.ts';
import { type AppEnd, type AppOptions, runApp } from './app.ts';
import { locateFiles } from './builtFiles.ts';
import { readConfig, type TransportChoice } from './config.ts';
import { openLogSink } from './logSink.ts';
import { exitAtOnce, hasHangingFile } from './os/hangingThreads.ts';
import { keepYoungGenerationSmall } from './os/youngGeneration.ts';
import { couldNotStart } from './shutdown/exitCode.ts';
import { listenForEndings } from './shutdown/triggers.ts';
import { takeStdio } from './transport/stdio.ts';
import type { Transport } from './transport/transport.ts';

/** Runs the sidecar until it ends, and ends the process with its exit code. */
export async function main(args: string[]): Promise<never> {
  const answer = readConfig(args, process.env);
  if ('problem' in answer) return refuseToStart(answer.problem);
  const { config } = answer;
  keepYoungGenerationSmall();
  const sink = await openLogSink(config.logFile);
  const log = createLog({ level: config.logLevel, now: systemClock.now, write: sink.write });
  keepAlive();
  const transport = await openTransport(config.transport).catch((error: Error) => refuseToStart(error.message));
  const { exitCode, hasHangingThreads } = await run(log, {
    config,
    transport,
    files: locateFiles(process.platform),
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
  await sink.flush();
  if (hasHangingThreads || (await hasHangingFile(systemClock))) exitAtOnce(exitCode, config);
  process.exit(exitCode);
}

/** Throws a sentence. The two that are not the default are loaded when they are chosen. */
async function openTransport(choice: TransportChoice): Promise<Transport> {
  switch (choice.kind) {
    case 'stdio':
      return takeStdio();
    case 'nodeIpc':
      return (await import('./transport/nodeIpc.ts')).takeNodeIpc();
    case 'pipe':
      return (await import('./transport/pipe.ts')).connectPipe(choice.path);
  }
}

function refuseToStart(problem: string): never {
  process.stderr.write(`sidewarden: ${problem}\n`);
  process.exit(couldNotStart);
}

/** What ends it in order is the app’s business; what breaks here broke while everything was being built. */
async function run(log: ProcessLog, options: Omit<AppOptions, 'log'>): Promise<AppEnd> {
  try {
    return await runApp({ ...options, log });
  } catch (error) {
    log.fatal({ err: error }, 'the sidecar could not start');
    return { exitCode: couldNotStart, hasHangingThreads: false };
  }
}
