import fs from 'node:fs';
import { loadProcReads, type ProcReads } from '../../../native/linux/procReads.ts';
import { commandLineCapBytes } from '../parse/commandLine.ts';
import { decodeText } from '../parse/text.ts';

/*
 * Reading /proc: one buffer a thread instead of an allocation a file, and errno turned into the three words that
 * matter. The files that are read here are made up in memory while they are read; none waits for a device.
 */

/** For what is read in great number. The same answers and the same errors either way. */
export function procReads({ native }: { native: boolean }): ProcReads {
  if (!native) return nodeReads;
  nativeReads ??= loadProcReads(buffer.length) ?? nodeReads;
  return nativeReads;
}
let nativeReads: ProcReads | undefined;

const nodeReads: ProcReads = { file: readProcFile, link: (path) => fs.readlinkSync(path, 'buffer') };

/** What a file of a process says, valid until the next read: copy what is to be kept. */
export function readProcFile(path: string): Uint8Array {
  const fd = fs.openSync(path, fs.constants.O_RDONLY);
  try {
    return buffer.subarray(0, fs.readSync(fd, buffer, 0, buffer.length, null));
  } finally {
    fs.closeSync(fd);
  }
}
/** Large enough for one read: these files answer with all they have, up to what is asked for. */
const buffer = new Uint8Array(commandLineCapBytes + 4096);

/**
 * The path that a link under /proc names. The kernel marks a file that was removed or replaced since; the mark is cut off
 * without a look at the path itself, because that file system may be one that does not answer.
 */
export function readProcLink(path: string, { link }: Pick<ProcReads, 'link'> = nodeReads): string {
  const target = decodeText(link(path));
  return target.endsWith(DELETED) ? target.slice(0, -DELETED.length) : target;
}
const DELETED = ' (deleted)';

/** The process has ended: its directory is away (ENOENT), or it ended while we held something of it (ESRCH). */
export const isGone = (error: unknown): boolean => hasCode(error, 'ENOENT', 'ESRCH');

export const isDenied = (error: unknown): boolean => hasCode(error, 'EACCES', 'EPERM');

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(error.code as string);
}
