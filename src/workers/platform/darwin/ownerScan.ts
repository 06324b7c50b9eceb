import { access, constants } from 'node:fs/promises';
import { type Libproc, loadLibproc } from '../../../native/darwin/libproc.ts';
import { fail } from '../../../protocol/errors.ts';
import type { OwnerScan } from '../types.ts';
import { askHeldSockets, readHeldSockets } from './heldSockets.ts';
import { agreesWithLsof } from './ownerCheck.ts';
import { openProcessList } from './processList.ts';
import { aboutTool, type DarwinOptions } from './tools.ts';

/** Who holds which sockets: by libproc, once it has shown that it tells the same as lsof(8); by lsof where not, and without native calls. */
export interface OwnerSearch {
  /** Throws Unsupported where processes or their sockets cannot be looked at. */
  listCandidates(): Promise<number[]>;
  scanOwners(keys: ReadonlySet<number>, take: () => number | null): Promise<OwnerScan>;
}

export function openOwnerSearch(options: DarwinOptions): OwnerSearch {
  const list = openProcessList(options);
  let chosen: Promise<Libproc | null> | undefined;
  const libproc = () => (chosen ??= chooseLibproc(options));

  return {
    async listCandidates() {
      if ((await libproc()) === null) await assertLsof(options);
      return (await list.list()).map(({ pid }) => pid);
    },

    async scanOwners(keys, take) {
      // All that there are: one look of lsof answers for all, and libproc takes some ms for as many as a Mac has.
      const pids = new Set<number>();
      for (let pid = take(); pid !== null; pid = take()) pids.add(pid);
      if (pids.size === 0) return { owners: [], unreadable: 0 };
      const calls = await libproc();
      return calls === null ? scanByLsof(keys, pids) : scanByLibproc(calls, keys, pids);
    },
  };

  async function scanByLsof(keys: ReadonlySet<number>, pids: ReadonlySet<number>): Promise<OwnerScan> {
    const [sockets, rows] = await Promise.all([askHeldSockets(options.tools), list.list()]);
    const owners = new Map<string, { key: number; pid: number }>();
    for (const { pid, key } of sockets) if (pids.has(pid) && keys.has(key)) owners.set(`${pid} ${key}`, { key, pid });
    // lsof leaves out in silence what it may not see: all that belongs to others, unless root asks.
    const unreadable = isRoot() ? 0 : rows.filter(({ pid, uid }) => pids.has(pid) && uid !== process.geteuid?.()).length;
    return { owners: [...owners.values()], unreadable };
  }
}

export const isRoot = (): boolean => process.geteuid?.() === 0;

async function chooseLibproc({ native, tools }: DarwinOptions): Promise<Libproc | null> {
  const libproc = native ? loadLibproc() : null;
  return libproc !== null && (await agreesWithLsof(libproc, tools)) ? libproc : null;
}

async function assertLsof({ tools }: DarwinOptions): Promise<void> {
  await access(tools.lsof, constants.X_OK).catch((cause: unknown) => {
    const sentence = `Who holds a port cannot be found out: ${tools.lsof} is not there to be run. Install it, or koffi.`;
    throw fail('Unsupported', sentence, aboutTool('lsof'), { cause });
  });
}

function scanByLibproc(libproc: Libproc, keys: ReadonlySet<number>, pids: ReadonlySet<number>): OwnerScan {
  const result: OwnerScan = { owners: [], unreadable: 0 };
  for (const pid of pids) {
    const held = readHeldSockets(libproc, pid);
    if (held === 'denied') result.unreadable++;
    else for (const key of held) if (keys.has(key)) result.owners.push({ key, pid });
  }
  return result;
}
