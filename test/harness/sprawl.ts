import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServiceSpec } from '../../src/protocol/types/service.ts';
import { pythonProgram } from './processes.ts';
import { until } from './until.ts';

/** A service that is a tree of 50 processes, which try to get lost. */
export interface Sprawl {
  spec: ServiceSpec;
  /** Those that live. */
  pids(): number[];
  /** Resolves when all 50 are there. */
  grown(): Promise<void>;
  /** Resolves with how many are left when no more end. */
  left(deadlineMs?: number): Promise<number>;
  /** Kills what is left, at the end of the block. */
  [Symbol.dispose](): void;
}

export function createSprawl({ forget = false, ...spec }: Partial<ServiceSpec> & { forget?: boolean } = {}): Sprawl {
  const mark = `sprawl-${randomUUID()}`;
  const [command, ...args] = pythonProgram('sprawl', mark, forget ? 'forget' : 'stay') as [string, ...string[]];
  const pids = () => listMarked(mark);
  return {
    spec: { name: mark, command, args, stop: { graceMs: 200 }, ...spec },
    pids,
    grown: async () => void (await until(() => pids().length === 50, 'a tree of 50', 30_000)),
    async left(deadlineMs = 15_000) {
      let living = pids();
      // A look at those that were there is cheaper than one at all.
      const haveEnded = () => {
        living = living.filter((pid) => isMarked(pid, mark));
        if (living.length === 0) living = pids();
        return living.length === 0;
      };
      await until(haveEnded, 'the end of all', deadlineMs).catch(() => {});
      return pids().length;
    },
    [Symbol.dispose]() {
      for (const pid of pids()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      }
    },
  };
}

/** Those with the mark among their arguments; zombies have none. */
function listMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isMarked(pid, mark));
}

function isMarked(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(mark);
  } catch {
    return false;
  }
}
