import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../log.ts';
import { fail } from '../../protocol/errors.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import { createRecord } from '../../workers/signalRecord.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { DeadLedger, LedgerReader } from '../ledger/reader.ts';
import type { Start } from '../ledger/records.ts';
import type { TryLock } from '../os/fileLock.ts';
import { type Followed, type FollowedParts, followProcess } from '../os/followedProcess.ts';
import { makePrivateDirectory } from '../os/paths.ts';
import type { Child } from '../os/spawn.ts';
import { type CompleteSpec, readSpec } from './spec.ts';

/** Services that outlive their sidecar, and which sidecar has them. */
export interface Persistence {
  /**
   * From now on this sidecar alone may run a persistent service of this name, of those of its app. The kernel ends that with us. Throws
   * Conflict while another has it, Unsupported where nothing can be locked.
   */
  claim(name: string): Promise<Claim>;
  /** What dead sidecars of this app have left running under names that are not taken here. It is in our ledger by then. */
  takeOver(isTaken: (name: string) => boolean): Promise<LeftRunning[]>;
  /** One that was taken over. */
  follow(process: Followed, cgroup: string | null): Child;
}

export interface Claim {
  release(): Promise<void>;
}

/** A service that runs, and that another sidecar has started. */
export interface LeftRunning {
  start: Start;
  spec: CompleteSpec;
  process: ProcessInfo;
  claim: Claim;
}

export interface PersistenceParts extends Omit<FollowedParts, 'signal' | 'isAlive'> {
  ledger: Pick<Ledger, 'recordAdopted' | 'starts'>;
  reader: Pick<LedgerReader, 'adoptPersistent'>;
  /** Of the app, made and checked. */
  directory(): Promise<string>;
  tryLock: TryLock;
  pool: Pool;
  log: Log;
}

export function createPersistence(parts: PersistenceParts): Persistence {
  const { ledger, reader, pool, log } = parts;

  return {
    async claim(name) {
      const claim = await tryToClaim(name);
      if (claim !== null) return claim;
      throw fail(
        'Conflict',
        `The persistent service ${name} runs already, under another sidecar of this app or as one that could not be adopted; stop it there, or take another name.`,
        {},
      );
    },

    async takeOver(isTaken) {
      const ledgers = await reader.adoptPersistent();
      const taken: LeftRunning[] = [];
      try {
        for (const dead of ledgers) {
          for (const start of dead.starts) {
            if (start.persistent === undefined || isTaken(start.name) || taken.some(({ spec }) => spec.name === start.name)) continue;
            const left = await takeOne(start, dead).catch((error: unknown) => {
              log.warn({ err: error, service: start.name }, 'a persistent service of an earlier sidecar could not be taken over');
              return null;
            });
            if (left !== null) taken.push(left);
          }
        }
        return taken;
      } finally {
        await Promise.all(ledgers.map((dead) => dead.release()));
      }
    },

    follow: (process, cgroup) => followProcess(process, cgroup, { ...parts, isAlive, signal: (one, name) => void signal(one, name) }),
  };

  async function tryToClaim(name: string): Promise<Claim | null> {
    const directory = join(await parts.directory(), 'persistent');
    await makePrivateDirectory(directory);
    return parts.tryLock(join(directory, `${createHash('sha256').update(name).digest('hex')}.lock`));
  }

  /** Null for one that has ended, that another sidecar has, or that this one does not understand. */
  async function takeOne(start: Start, dead: DeadLedger): Promise<LeftRunning | null> {
    const process = start.process === null ? null : await describe(start.process);
    // Whatever else is left of it is a leftover like any other.
    if (process === null) return null;
    const spec = await readSpec(start.persistent?.spec);
    if (spec === null || spec.name !== start.name) {
      log.warn(
        { service: start.name, pid: process.pid },
        'a persistent service was left running by a spec that this sidecar does not know',
      );
      return null;
    }
    const claim = await tryToClaim(start.name);
    if (claim === null) return null;
    const ours: Start = { ...start, process: { pid: process.pid, identity: process.identity } };
    // In both for a moment rather than in none.
    if (!ledger.starts().some(({ startId }) => startId === start.startId)) await ledger.recordAdopted(ours);
    await dead
      .pass(start.startId)
      .catch((error: unknown) => log.debug({ err: error, service: start.name }, 'an old ledger goes on naming a service that is ours now'));
    return { start: ours, spec, process, claim };
  }

  async function describe({ pid, identity }: Followed): Promise<ProcessInfo | null> {
    const { processes } = await pool.run('describeProcesses', { targets: [{ pid, identity }] });
    const [info = null] = processes;
    return info?.status === 'zombie' ? null : info;
  }

  async function isAlive(process: Followed): Promise<boolean> {
    return (await describe(process)) !== null;
  }

  async function signal({ pid, identity }: Followed, name: string): Promise<void> {
    try {
      const target = { pid, identity, handle: null };
      const order = { targets: [target], signal: name, record: createRecord(1), notePorts: false, isAlone: true };
      const handles = (await pool.run('signalProcesses', order)).flatMap(({ handle }) => handle ?? []);
      await pool.run('releaseHandles', { handles });
    } catch (error) {
      log.warn({ err: error, pid, signal: name }, 'a process of an earlier sidecar could not be signalled');
    }
  }
}
