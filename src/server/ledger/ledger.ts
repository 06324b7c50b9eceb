import { randomUUID } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { FileLock, TryLock } from '../os/fileLock.ts';
import {
  applyRecord,
  type Continuation,
  formatHeader,
  formatRecord,
  formatStart,
  type GuardRole,
  type LedgerContent,
  type LedgerHeader,
  type LedgerRecord,
  type ProcessMark,
  type Start,
} from './records.ts';

/**
 * What this sidecar has started, on disk for its successor: one file under its own kernel lock, as long as it lives. Nothing
 * here rejects: where it cannot be written the state says so, and the work goes on.
 */
export interface Ledger {
  /** `degraded`: what runs is not all on disk, so a crash now may leave something that no successor knows. */
  readonly state: 'ok' | 'degraded';
  /** Before the spawn: resolves when it is written, or cannot be. */
  recordIntent(intent: Omit<Start, 'process'>): Promise<void>;
  /** What was recorded ahead, as nobody’s, is this start. */
  recordTaken(taken: Pick<Start, 'startId' | 'name' | 'command' | 'ownerTag'>): Promise<void>;
  /** After it; with the ports of one that a successor is to go on with. */
  recordStarted(started: { startId: string; ports?: Continuation['ports'] } & ProcessMark): Promise<void>;
  /** Another sidecar had started it, and it is ours from now on. */
  recordAdopted(start: Start): Promise<void>;
  /** Another process that belongs to a start. */
  recordOrphan(found: { startId: string; orphan: ProcessMark }): Promise<void>;
  recordEnded(ended: { startId: string }): Promise<void>;
  /** So that others spare it. */
  recordGuard(role: GuardRole, guard: ProcessMark): Promise<void>;
  /** What was started and has not ended, recorded or not. */
  starts(): Start[];
  /** Ends the ledger: with nothing left running there is no file any more, otherwise the successor finds it unlocked. */
  close(): Promise<void>;
}

export interface LedgerOptions {
  /** Where the files are, made and checked. Asked for each new file. */
  directory(): Promise<string>;
  tryLock: TryLock;
  /** Who we are; asked until it is known. */
  header(): Promise<LedgerHeader>;
  clock: Clock;
  log: Log;
  /** Records in one file before it is written anew. */
  mostRecords?: number;
}

const defaultMostRecords = 2_000;
const retryAfterMs = 30_000;

/** Resolves when the header is on disk, or cannot be. */
export async function openLedger({
  directory,
  tryLock,
  header,
  clock,
  log,
  mostRecords = defaultMostRecords,
}: LedgerOptions): Promise<Ledger> {
  const content: Pick<LedgerContent, 'guards' | 'starts'> = { guards: new Map(), starts: new Map() };
  const { starts } = content;
  let file: LedgerFile | null = null;
  /** The file lacks a record, or ends in a torn one: only a new file can be complete again. */
  let isBehind = true;
  let recordsInFile = 0;
  let state: Ledger['state'] = 'ok';
  let retry: Timer | null = null;
  let isClosed = false;
  let last: Promise<void> = Promise.resolve();
  let unwritten: LedgerRecord[] = [];
  let written: Promise<void> = last;

  await inOrder(renew);

  return {
    get state() {
      return state;
    },
    recordIntent: (intent) => put({ record: 'intent', start: { ...intent, process: null } }),
    async recordTaken(taken) {
      const start = starts.get(taken.startId);
      if (start === undefined) return;
      await put({ record: start.process === null ? 'intent' : 'started', start: { ...start, ...taken } });
    },
    async recordStarted({ startId, pid, identity, ports = [] }) {
      const start = starts.get(startId);
      if (start === undefined) return;
      const persistent = start.persistent && { persistent: { ...start.persistent, ports } };
      await put({ record: 'started', start: { ...start, ...persistent, process: { pid, identity } } });
    },
    recordAdopted: (start) => put({ record: 'started', start }),
    async recordOrphan({ startId, orphan }) {
      const start = starts.get(startId);
      if (start === undefined) return;
      const record = start.process === null ? 'intent' : 'started';
      await put({ record, start: { ...start, orphans: [...(start.orphans ?? []), orphan] } });
    },
    async recordEnded({ startId }) {
      if (starts.has(startId)) await put({ record: 'ended', startId });
    },
    recordGuard: (role, guard) => put({ record: role, guard }),
    starts: () => [...starts.values()],
    close: () =>
      inOrder(async () => {
        isClosed = true;
        retry?.cancel();
        if (file !== null) await (starts.size === 0 ? drop(file) : file.lock.release());
        file = null;
      }),
  };

  /** One after the other, so that records stand in the order in which they were made. */
  function inOrder(step: () => Promise<void>): Promise<void> {
    last = last.then(step).catch((error: unknown) => log.error({ err: error }, 'the ledger failed'));
    return last;
  }

  /** What is put while a write is under way shares the next one. */
  function put(record: LedgerRecord): Promise<void> {
    applyRecord(content, record);
    unwritten.push(record);
    if (unwritten.length === 1) written = inOrder(write);
    return written;
  }

  async function write(): Promise<void> {
    const records = unwritten;
    unwritten = [];
    if (isClosed) return;
    if (file !== null && !isBehind) {
      try {
        await file.append(records.map(formatRecord).join(''));
        recordsInFile += records.length;
      } catch (error) {
        isBehind = true;
        log.debug({ err: error }, 'records could not be added to the ledger');
      }
    }
    if (isBehind || recordsInFile - starts.size > mostRecords) await renew();
  }

  /**
   * The whole state into a new file under a new lock, and only then is the old one dropped: at no moment is there none.
   * This begins a ledger, makes a long one short, and makes it whole again after a full disk.
   */
  async function renew(): Promise<void> {
    retry?.cancel();
    retry = null;
    if (isClosed) return;
    try {
      const fresh = await startFile(await directory(), tryLock);
      try {
        await fresh.append([formatHeader(await header()), ...formatContent()].join(''));
      } catch (error) {
        await drop(fresh);
        throw error;
      }
      const old = file;
      file = fresh;
      isBehind = false;
      recordsInFile = starts.size;
      if (old !== null) await drop(old);
      if (state === 'degraded') log.info({}, 'the ledger is written again, and whole');
      state = 'ok';
    } catch (error) {
      // A long file is as good as a short one.
      recordsInFile = starts.size;
      if (!isBehind) return;
      if (state === 'ok') {
        log.warn(
          { err: error },
          'the ledger cannot be written: what is started now may outlive a crash unnoticed; free the disk or name another stateDir',
        );
      }
      state = 'degraded';
      retry = clock.setTimer(retryAfterMs, () => void inOrder(renew));
    }
  }

  function formatContent(): string[] {
    const guards = [...content.guards].map(([record, guard]) => formatRecord({ record, guard }));
    return [...guards, ...[...starts.values()].map(formatStart)];
  }

  /** Deleted before it is unlocked: what a successor can lock is then either a ledger or nothing. */
  async function drop({ path, lock }: LedgerFile): Promise<void> {
    await unlink(path).catch((error: unknown) => log.debug({ err: error }, 'an old ledger could not be deleted'));
    await lock.release();
  }
}

interface LedgerFile {
  path: string;
  lock: FileLock;
  append(lines: string): Promise<void>;
}

async function startFile(directory: string, tryLock: TryLock): Promise<LedgerFile> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const path = join(directory, `${randomUUID()}.jsonl`);
    const lock = await tryLock(path);
    if (lock !== null) return { path, lock, append: (lines) => writeOnce(lock, lines) };
    // Somebody who looks for dead ledgers has it for a moment: it is empty, and theirs to delete.
  }
  throw new Error(`no new file in ${directory} could be locked`);
}

/**
 * One write(2) at the end of the file (O_APPEND). It is not synced: what write(2) has taken survives every death of this
 * process, and with the machine all that is recorded here dies as well.
 */
async function writeOnce({ handle }: FileLock, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  // Side by side: whoever deletes it does so between two records, or behind this one, and the next one tells.
  const [{ bytesWritten }, { nlink }] = await Promise.all([handle.write(bytes, 0, bytes.length, null), handle.stat()]);
  if (bytesWritten < bytes.length) throw new Error(`the disk took ${bytesWritten} of ${bytes.length} bytes`);
  if (nlink === 0) throw new Error('the file was deleted by somebody');
}
