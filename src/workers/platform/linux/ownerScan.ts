import { readdirSync, readlinkSync } from 'node:fs';
import { type DescriptorAnswer, openDescriptorScanner } from '../../../native/linux/directoryScan.ts';
import { fail } from '../../../protocol/errors.ts';
import type { OwnerScan } from '../types.ts';
import { isDenied, isGone } from './procFiles.ts';

/** Who holds which sockets: by the descriptors of processes, for no table of Linux tells. */
export interface OwnerSearch {
  listCandidates(): number[];
  scanOwners(keys: ReadonlySet<number>, take: () => number | null, options?: { exceptUnix?: boolean | undefined }): OwnerScan;
}

export function openOwnerSearch({ native }: { native: boolean }): OwnerSearch {
  return { listCandidates, scanOwners: (keys, take, options) => scanOwners(keys, take, { ...options, native }) };
}

/** All pids of this pid namespace that this user sees, kernel threads included. Unsupported where /proc shows no process. */
function listCandidates(): number[] {
  const pids = readProc()
    .map(Number)
    .filter((pid) => pid > 0);
  if (pids.length > 0) return pids;
  throw fail('Unsupported', 'The owners of a socket cannot be found: /proc shows no process. Mount it.', {
    capability: 'portOwners',
    platform: 'linux',
  });
}

/** Looks for sockets, by inode, among the descriptors of the processes that `take` hands out. Throws when it cannot look (no descriptors left). */
function scanOwners(
  keys: ReadonlySet<number>,
  take: () => number | null,
  { native, exceptUnix = false }: { native: boolean; exceptUnix?: boolean | undefined },
): OwnerScan {
  const scanner = (native ? openDescriptorScanner() : null) ?? nodeScanner;
  const result: OwnerScan = { owners: [], unreadable: 0 };
  for (let pid = take(); pid !== null; pid = take()) {
    const held = new Set<number>();
    const note = (key: number): void => {
      if (keys.has(key)) held.add(key);
    };
    const answer = scanner.scan(pid, note, exceptUnix);
    if (answer === 'denied') result.unreadable++;
    for (const key of held) result.owners.push({ key, pid });
  }
  return result;
}

function readProc(): string[] {
  try {
    return readdirSync('/proc');
  } catch (cause) {
    if (isGone(cause)) return [];
    throw cause;
  }
}

const nodeScanner = {
  scan: (pid: number, found: (inode: number) => void): DescriptorAnswer => {
    try {
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        const link = readLink(`/proc/${pid}/fd/${descriptor}`);
        if (link?.startsWith('socket:[')) found(Number(link.slice(8, -1)));
      }
      return 'seen';
    } catch (error) {
      if (isDenied(error)) return 'denied';
      if (isGone(error)) return 'gone';
      throw error;
    }
  },
};

/** Null when the descriptor was closed meanwhile. */
function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
