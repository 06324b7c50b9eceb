import type { FileHandle } from 'node:fs/promises';
import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { LockNote } from '../../protocol/courier.ts';
import type { FileLock, TryLock } from '../os/fileLock.ts';
import type { PeerUser } from '../os/peerUser.ts';
import { type Courier, type CourierOptions, openCourier } from './courier.ts';
import type { Doors } from './doors.ts';
import type { LockPlace } from './places.ts';

/** A lock that this sidecar has, with the door beside it. */
export interface HeldLock {
  readonly place: LockPlace;
  /** Looks at once whether it still excludes anybody; when not, it is let go, and `onLost` was called. */
  isIntact(): Promise<boolean>;
  /** Whoever knocks is told that it will be let go soon, and its host is not asked any more. */
  tellClosing(): void;
  /** Lets go; a second time, it waits for the first. Whoever waits inside the door is sent to try for it. */
  release(): Promise<void>;
}

export interface LockParts {
  tryLock: TryLock;
  doors: Doors;
  peerUser: PeerUser;
  clock: Clock;
  log: Log;
}

export interface LockOwner {
  note: LockNote;
  deliver: CourierOptions['deliver'];
  /** The file at the path is another now, so that the lock excludes nobody any more; it was let go. */
  onLost(): void;
}

/** How often the locked file is compared with what is at its path. */
export const compareEveryMs = 30_000;

/** Locks, writes the note and opens the door: when this resolves second instances are heard. Null: another holds it. */
export async function takeLock(place: LockPlace, owner: LockOwner, parts: LockParts): Promise<HeldLock | null> {
  const lock = await parts.tryLock(place.path, place.fileMode);
  if (lock === null) return null;
  try {
    // Whoever waits for this waits for the disk: both at once.
    const noted = writeNote(lock.handle, JSON.stringify(owner.note)).catch((error: unknown) =>
      parts.log.debug({ err: error }, 'a lock has no note'),
    );
    const { doors, peerUser, clock, log } = parts;
    const courier = await openCourier({
      open: (onVisitor) => doors.open(lock.file, onVisitor),
      describe: async () => owner.note,
      deliver: owner.deliver,
      peerUser,
      clock,
      log,
    }).finally(() => noted);
    return holdLock(place, lock, courier, owner.onLost, parts);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function holdLock(place: LockPlace, lock: FileLock, courier: Courier, onLost: () => void, { clock, log }: LockParts): HeldLock {
  let released: Promise<void> | null = null;
  let comparing: Timer = clock.setTimer(compareEveryMs, compare);
  return { place, isIntact, tellClosing: courier.tellClosing, release };

  function release(): Promise<void> {
    released ??= letGo();
    return released;
  }

  /** In this order: who sees the door gone, or is sent away, finds the lock free, or free in a moment. */
  async function letGo(): Promise<void> {
    comparing.cancel();
    try {
      await courier.close();
      // A note of one that lives and does not hold it would be taken for the holder’s.
      await writeNote(lock.handle, '').catch(() => {});
    } finally {
      await lock.release();
      courier.dismiss();
    }
  }

  async function compare(): Promise<void> {
    await isIntact();
    if (released === null) comparing = clock.setTimer(compareEveryMs, compare);
  }

  async function isIntact(): Promise<boolean> {
    const isStill = await lock.isIntact().catch((error: unknown) => {
      log.debug({ err: error, path: place.path }, 'a lock could not be compared with its path; it will be, the next time');
      return true;
    });
    if (released !== null || isStill) return released === null;
    log.warn({ path: place.path }, 'the file of a lock was replaced; it excludes nobody any more and is given up');
    await release().catch((error: unknown) => log.warn({ err: error }, 'a lost lock could not be let go in order'));
    onLost();
    return false;
  }
}

/** Opened for appending, so what is written to an emptied file begins at its beginning. */
async function writeNote(handle: FileHandle, text: string): Promise<void> {
  await handle.truncate(0);
  if (text !== '') await handle.write(text);
}
