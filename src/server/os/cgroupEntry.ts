import { open, readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { isInCgroup } from './cgroup.ts';

/**
 * How a program begins its life inside a cgroup: a shell moves itself there and becomes the program by exec, with the same pid.
 * Node cannot clone into a cgroup, and a move from outside would come after the first instruction.
 */
export interface CgroupEntry {
  file: string;
  args: string[];
  argv0: string;
}

export interface EntryOrder {
  directory: string;
  command: string;
  /** The file that `command` means. */
  program: string;
  args: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Where it has the end of a pipe, to say there that it is inside; exec closes it. Null where that is not asked for. */
  noticeFd: typeof shellNoticeFd | null;
}

/** Null for what would not arrive as it was ordered: some variables do not pass a shell, nor do files that only the kernel may judge. */
export async function cgroupEntry(order: EntryOrder): Promise<CgroupEntry | null> {
  return (await runsThroughShell(order.program)) ? entryThroughShell(order) : null;
}

/** The same for a program that is known to pass. */
export function entryThroughShell({ directory, command, program, args, environment, noticeFd }: EntryOrder): CgroupEntry | null {
  if (!Object.keys(environment).every(passesShell)) return null;
  // Shells set PWD, and the program is to have the one of its order, or none.
  const pwd = environment['PWD'];
  // exec takes a plain name from the same PATH, so that argv[0] is the command as it was given.
  const wanted = command.startsWith('-') ? program : command;
  return {
    file: '/bin/sh',
    argv0: entryName,
    args: ['-c', noticeFd === null ? script : noticingScript, entryName, directory, pwd === undefined ? '' : `=${pwd}`, wanted, ...args],
  };
}

const entryName = 'sidewarden-entry';
/** One that waits until it is told what to become (parkedEntry.ts). */
export const parkedName = 'sidewarden-parked';
export const isCgroupEntry = (commandLine: readonly string[] | null): boolean =>
  commandLine?.[0] === entryName || commandLine?.[0] === parkedName;
/** A shell redirects no number of two digits, so this is the last one for it; some program may need even that. */
export const shellNoticeFd = 9;
export const noticeFdBeside = (descriptors: number): typeof shellNoticeFd | null =>
  firstDescriptor + descriptors <= shellNoticeFd ? shellNoticeFd : null;
const firstDescriptor = 3;

/** Where the group is gone it runs outside, which is looked at afterwards. */
const script = `{ echo 0 > "$1/cgroup.procs"; } 2>/dev/null
if [ -n "$2" ]; then PWD=\${2#=}; else unset PWD; fi
shift 2
exec "$@"`;
const noticingScript = script.replace('; }', ` && echo >&${shellNoticeFd}; }`).replace('exec "$@"', `exec "$@" ${shellNoticeFd}>&-`);

/**
 * Waits until the shell has become the program, and gives whether it was inside before; one that has ended by then was, for all we
 * know. By a notice it may come a moment early: some shells close it right before exec, instead of having exec do so.
 */
export async function hasEntered({ pid, notice, cgroup, hasExited }: Entering, clock: Clock): Promise<boolean> {
  if (notice !== null) {
    const said = await within(readAll(notice), clock);
    return said === null ? isInCgroup(pid, cgroup) : said.length > 0;
  }
  for (let pauseMs = 1; pauseMs < longestEntryMs && !hasExited() && (await isEntry(pid)); pauseMs *= 1.5) await clock.sleep(pauseMs);
  return (await isInCgroup(pid, cgroup)) || hasExited() || (await readCommandLine(pid)) === '';
}
const longestEntryMs = 1_000;

/** Null when that takes longer than any entry does: the shell was stopped, or the kernel is slow; nobody waits for that. */
export async function within<Value>(value: Promise<Value>, clock: Clock): Promise<Value | null> {
  const over = new AbortController();
  const late = clock.sleep(longestEntryMs, over.signal).then(() => null);
  late.catch(() => {});
  return Promise.race([value, late]).finally(() => over.abort());
}

export interface Entering {
  pid: number;
  /** The other end of that pipe; null where it has none. */
  notice: Readable | null;
  cgroup: string;
  hasExited(): boolean;
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => {});
  await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  return Buffer.concat(chunks);
}

/** Shells keep names only (POSIX, 3.216), and have meanings of their own for a few. */
export const passesShell = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name) && !shellVariables.has(name);
const shellVariables = new Set([
  'IFS',
  'OPTIND',
  'PPID',
  'ENV',
  'BASH_ENV',
  'BASHOPTS',
  'SHELLOPTS',
  'UID',
  'EUID',
  'RANDOM',
  'LINENO',
  'SECONDS',
]);

/**
 * What execve(2) refuses, a shell takes for a script of its own, or says 127: so only what surely runs goes through one. ELF, or a
 * script whose interpreter is there.
 */
export async function runsThroughShell(program: string): Promise<boolean> {
  const head = await readHead(program);
  if (head.startsWith('\x7fELF')) return true;
  const interpreter = /^#![ \t]*(\/[^ \t\n]+)/.exec(head)?.[1];
  return interpreter !== undefined && (await readHead(interpreter)).startsWith('\x7fELF');
}

async function readHead(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0);
      return Buffer.from(buffer.buffer, 0, bytesRead).toString('latin1');
    } finally {
      // Nobody waits for that.
      file.close().catch(() => {});
    }
  } catch {
    // It may be run and not read.
    return '';
  }
}
/** BINPRM_BUF_SIZE: the kernel looks at no more. */
const headBytes = 256;

async function isEntry(pid: number): Promise<boolean> {
  return (await readCommandLine(pid)).startsWith(`${entryName}\0`);
}

/** Empty for one that has ended. */
function readCommandLine(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
}
