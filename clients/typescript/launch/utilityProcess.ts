import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { sidecarFile } from './files.ts';
import type { Ending, Launch, Launched } from './launch.ts';
import { type Door, openDoor } from './socket.ts';

/** Of Electron's `utilityProcess`, what is needed here. */
export interface UtilityProcess {
  fork(path: string, args?: string[], options?: { stdio?: ('ignore' | 'pipe')[]; serviceName?: string; env?: NodeJS.ProcessEnv }): Forked;
}

interface Forked {
  readonly pid: number | undefined;
  readonly stderr: NodeJS.ReadableStream | null;
  on(event: 'exit', listener: (code: number) => void): unknown;
  on(event: 'error', listener: (type: 'FatalError', location: string, report: string) => void): unknown;
  /** SIGTERM, and SIGKILL 2 s later when that did not do. */
  kill(): boolean;
}

export interface UtilityProcessLaunchOptions {
  /** Electron's, from its main process; found there by itself when it is not given. */
  utilityProcess?: UtilityProcess | undefined;
  /** The sidecar's file, where a bundler has put it elsewhere: `dist/bin.js` of the package. */
  file?: string | undefined;
  /** Further arguments: `--log-level=info`. */
  args?: string[] | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Starts the sidecar as a utility process of Electron, from its main process, after `app` is ready. It works whatever the app's
 * fuses are. Such a process has no stdin, so the sidecar connects to a socket of ours.
 */
export function launchUtilityProcess(options: UtilityProcessLaunchOptions = {}): Launch {
  return async () => {
    const { utilityProcess = electronsOwn(), file = sidecarFile(), args = [], env = process.env } = options;
    const door = await openDoor();
    try {
      const child = utilityProcess.fork(file, [`--pipe=${door.path}`, ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        serviceName: 'sidewarden',
        env,
      });
      return await launchedOver(door, child);
    } finally {
      await door.close();
    }
  };
}

async function launchedOver(door: Door, child: Forked): Promise<Launched> {
  // A fatal error of V8: its exit follows.
  child.on('error', () => {});
  const exited = new Promise<Ending>((resolve) => child.on('exit', (code) => resolve({ code, signal: null })));
  const socket = await connectionOf(door, child, exited);
  // EPIPE: it is gone, and its end says how.
  socket.on('error', () => {});
  return {
    pid: child.pid,
    input: socket,
    output: socket,
    log: child.stderr as Readable | null,
    kill() {
      socket.destroy();
      child.kill();
    },
    ended: exited.then(async (ending) => {
      await readToEnd(socket);
      return ending;
    }),
  };
}

async function connectionOf(door: Door, child: Forked, exited: Promise<Ending>): Promise<Socket> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it did not connect to its host within ${connectTimeoutMs} ms`)), connectTimeoutMs);
  const lastWords = wordsOf(child.stderr);
  const gone = exited.then((ending): never => {
    const code = 'code' in ending ? ending.code : null;
    throw new Error(`it has ended (exit code ${code}) before it connected to its host.${lastWords()}`);
  });
  gone.catch(() => {});
  try {
    return await Promise.race([door.connected, gone, late.promise]);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** What it says before there is a connection; whoever reads its log afterwards reads on from there. */
function wordsOf(log: NodeJS.ReadableStream | null): () => string {
  let words = '';
  log?.on('data', (chunk: Buffer | string) => {
    words = (words + String(chunk)).slice(-2_000);
  });
  return () => (words.trim() === '' ? '' : ` Its last words: ${words.trim()}`);
}

/** The last answers may still be on their way when it has ended. */
async function readToEnd(socket: Socket): Promise<void> {
  if (!socket.readableEnded && !socket.destroyed) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, endDelayMs);
      socket.once('end', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
  socket.destroy();
}

/** `require`, because a bundler leaves that alone, and Electron answers it wherever the file lies that asks. */
function electronsOwn(): UtilityProcess {
  // Elsewhere the name is that of a package, which would begin to download Electron.
  if (process.versions.electron === undefined) throw new Error('There is no utilityProcess here: this is not Electron.');
  const { utilityProcess } = createRequire(process.execPath)('electron') as { utilityProcess?: UtilityProcess };
  if (utilityProcess === undefined) throw new Error("There is no utilityProcess here: only Electron's main process has it.");
  return utilityProcess;
}

const connectTimeoutMs = 30_000;
const endDelayMs = 500;
