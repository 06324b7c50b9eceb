import { execFile, spawnSync } from 'node:child_process';
import { fail, type SidewardenError } from '../protocol/errors.ts';

/** A tool of the system to be run, without a shell. */
export interface ToolOrder {
  /** Absolute: which program that is depends on nobody’s PATH. */
  path: string;
  args: readonly string[];
  /** What it is asked about, and where, for the error. */
  about: { capability: string; platform: string };
  timeoutMs?: number;
  /** Of what it prints; more is an error, for a cut answer would be a wrong one. */
  mostBytes?: number;
}

/** How it ended by itself, with any exit code. */
export interface ToolEnd {
  code: number;
  stdout: Uint8Array;
  stderr: string;
}

/**
 * Runs a tool and takes what it prints. Throws Unsupported where it cannot be run, was killed or prints too much, and TimedOut: then
 * nobody has looked.
 */
export function runTool(order: ToolOrder): Promise<ToolEnd> {
  return new Promise((resolve, reject) => {
    const child = execFile(order.path, [...order.args], { ...optionsOf(order), encoding: 'buffer' }, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr: stderr.toString() });
      if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr: stderr.toString() });
      reject(whyNot(order, error.killed === true && error.code == null ? 'ETIMEDOUT' : error.code, error));
    });
    // PowerShell reads to the end of its input before it ends.
    child.stdin?.on('error', () => {}).end();
  });
}

/** The same at once, for a thread that may block: where a look and what follows from it have to stay together. */
export function runToolHere(order: ToolOrder): ToolEnd {
  const { status, stdout, stderr, error } = spawnSync(order.path, [...order.args], {
    ...optionsOf(order),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error !== undefined || status === null) throw whyNot(order, (error as NodeJS.ErrnoException | undefined)?.code, error);
  return { code: status, stdout, stderr: stderr.toString() };
}

/** What one that was run has to say of how it ended. */
export const complaint = (tool: string, { code, stderr }: ToolEnd): string =>
  `${tool} ended with ${code}${stderr.trim() === '' ? '' : ` (${stderr.trim().split('\n', 1)[0]})`}`;

const defaultTimeoutMs = 5_000;
const defaultMostBytes = 16 * 1024 * 1024;

/** Its words and times are those of no country. One that was given up has nothing to tidy up. */
const optionsOf = ({ timeoutMs = defaultTimeoutMs, mostBytes = defaultMostBytes }: ToolOrder) => ({
  env: { LC_ALL: 'C', TZ: 'UTC0', PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
  cwd: '/',
  timeout: timeoutMs,
  maxBuffer: mostBytes,
  killSignal: 'SIGKILL' as const,
  windowsHide: true,
});

function whyNot({ path, about, timeoutMs = defaultTimeoutMs }: ToolOrder, code: unknown, cause: unknown): SidewardenError {
  if (code === 'ETIMEDOUT')
    return fail('TimedOut', `${path} gave no answer within ${timeoutMs} ms and was ended; try again.`, {}, { cause });
  return fail('Unsupported', `Here sidewarden has to ask ${path}, and ${reasonOf(code)}.`, about, { cause });
}

function reasonOf(code: unknown): string {
  switch (code) {
    case 'ENOENT':
      return 'that is missing';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not run it';
    case 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER':
    case 'ENOBUFS':
      return 'it prints more than is read';
    default:
      return typeof code === 'string' ? `it could not be run (${code})` : 'it was killed before it had answered';
  }
}
