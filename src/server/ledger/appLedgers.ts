import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Pool } from '../../workers/pool.ts';
import type { FileLocks } from '../os/fileLock.ts';
import { makeAppDirectory, makePrivateDirectory, stateDirectory } from '../os/paths.ts';
import { ledgersDirectory } from './files.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { createLeftoverSearch, type LeftoverSearch } from './leftovers.ts';
import { createStatePlaces } from './places.ts';
import { createLedgerReader, type LedgerReader } from './reader.ts';
import { ledgerVersion, type ProcessMark } from './records.ts';

/** The ledger of a connection, and what those of others tell it. */
export interface AppLedgers {
  ledger: Ledger;
  reader: LedgerReader;
  leftovers: LeftoverSearch;
  /** What this app keeps on disk, made and checked. */
  directory(): Promise<string>;
  self(): Promise<ProcessMark>;
}

export interface AppLedgersParts {
  appId: string;
  /** From the host; the usual one when absent. */
  stateDir: string | undefined;
  sidecarPid: number;
  hostPid: number | null;
  startedAt: number;
  /** Null for a process that is gone. */
  identify(pid: number): Promise<string | null>;
  locks: FileLocks;
  pool: Pool;
  clock: Clock;
  log: Log;
}

/** Begins to keep a ledger. Throws InvalidParams for a relative state directory; whatever else goes wrong makes it `degraded`. */
export async function openAppLedgers(parts: AppLedgersParts): Promise<AppLedgers> {
  const { appId, sidecarPid, hostPid, startedAt, identify, locks, pool, clock, log } = parts;
  const stateDir = await stateDirectory(parts.stateDir);
  const places = createStatePlaces(await stateDirectory());
  const directory = () => makeAppDirectory(stateDir, appId);
  const reader = createLedgerReader({ locks, pool, clock, log, places, stateDir, appId, sidecarPid });

  const ledger = await openLedger({
    async directory() {
      const own = ledgersDirectory(await directory());
      await makePrivateDirectory(own);
      return own;
    },
    header: async () => ({
      version: ledgerVersion,
      sidecar: await self(),
      host: hostPid === null ? null : await mark(hostPid),
      appId,
      startedAt,
    }),
    tryLock: locks.tryLock,
    clock,
    log,
  });
  await places
    .note(stateDir)
    .catch((error: unknown) =>
      log.warn({ err: error, stateDir }, 'other sidecars cannot be told of this state directory, and will not protect what runs here'),
    );
  // Nobody waits for what serves a later run.
  reader.sweep().catch((error: unknown) => log.debug({ err: error }, 'old ledgers could not be swept away'));
  return { ledger, reader, leftovers: createLeftoverSearch(pool, reader), directory, self };

  async function self(): Promise<ProcessMark> {
    const own = await mark(sidecarPid);
    if (own === null) throw new Error('this sidecar cannot see itself');
    return own;
  }

  async function mark(pid: number): Promise<ProcessMark | null> {
    const identity = await identify(pid);
    return identity === null ? null : { pid, identity };
  }
}
