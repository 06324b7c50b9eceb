import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { LockNote } from '../../protocol/courier.ts';
import type { InstanceHolder } from '../../protocol/types/instance.ts';
import { validateResult } from '../../protocol/validate.ts';
import { lookAt } from '../os/fileKey.ts';
import type { IsLocked } from '../os/heldLocks.ts';
import { isPosix } from '../os/posix.ts';
import type { Doors } from './doors.ts';
import { type LockPlace, ownUid } from './places.ts';
import { openVisit, type Visit } from './visit.ts';

/** Who opened when one knocked, and what became of the question who that is. */
export type Meeting =
  /** Known, and still there to talk to. */
  | { kind: 'holder'; holder: InstanceHolder; visit: Visit }
  /** Somebody has the door, and says nothing in time. */
  | { kind: 'silent'; visit: Visit }
  /** Somebody speaks, but not as this version does. */
  | { kind: 'stranger'; visit: Visit }
  /** Nobody can be asked. */
  | { kind: 'nobody'; reason: string };

export interface HolderParts {
  doors: Doors;
  isLocked: IsLocked;
  /** Null for a process that is gone. */
  identify(pid: number): Promise<string | null>;
  sameIdentity(left: string, right: string): boolean;
  clock: Clock;
}

/** How long one who only asks waits for somebody who is there to say who that is. */
const introductionMs = 2_000;

/** Knocks at the door beside the lock and asks who is there. What it gives has to be disposed of, unless nobody was there. */
export async function meet(place: LockPlace, withinMs: number, { doors, clock }: HolderParts, signal?: AbortSignal): Promise<Meeting> {
  const file = await lookAt(place.path);
  if (file === null) return { kind: 'nobody', reason: 'The file of the lock was taken away in the meantime.' };
  const knock = await doors.knock(file);
  if (knock.kind === 'closed') return { kind: 'nobody', reason: knock.reason };
  const visit = openVisit(knock.socket, clock);
  try {
    const answer = await visit.ask({ kind: 'who' }, withinMs, signal);
    if (answer.kind === 'holder') return { kind: 'holder', holder: answer.holder, visit };
    if (answer.kind === 'silent') return { kind: 'silent', visit };
    if (answer.kind !== 'gone') return { kind: 'stranger', visit };
  } catch (error) {
    visit[Symbol.dispose]();
    throw error;
  }
  visit[Symbol.dispose]();
  return { kind: 'nobody', reason: 'The holder of the lock has closed its door: it is dying, or lets go just now.' };
}

/** Who holds the lock; null when nobody does. It takes no lock itself, not even for a moment, so it disturbs nobody. */
export async function findHolder(place: LockPlace, parts: HolderParts, signal: AbortSignal): Promise<InstanceHolder | null> {
  const meeting = await meet(place, introductionMs, parts, signal);
  if (meeting.kind === 'nobody') return (await isHeld(place, parts)) ? readHolder(place, parts) : null;
  meeting.visit[Symbol.dispose]();
  return meeting.kind === 'holder' ? meeting.holder : readHolder(place, parts);
}

/** By what its file says, if that is of a process that lives; somebody unknown otherwise. For a lock that is held. */
export async function readHolder(place: LockPlace, parts: HolderParts): Promise<InstanceHolder> {
  const note = await readNote(place.path);
  return note !== null && (await isOfLiving(note, parts)) ? { ...note, closing: false } : { host: null, sidecar: null, closing: false };
}

/** By the kernel’s word; where it gives none, the note has to do. */
async function isHeld(place: LockPlace, parts: HolderParts): Promise<boolean> {
  const isLocked = await parts.isLocked(place.path);
  if (isLocked !== 'unknown') return isLocked;
  const note = await readNote(place.path);
  return note !== null && isOfLiving(note, parts);
}

async function isOfLiving({ sidecar }: LockNote, { identify, sameIdentity }: HolderParts): Promise<boolean> {
  if (sidecar.identity === undefined) return false;
  // Whom we may not look at we do not name.
  const now = await identify(sidecar.pid).catch(() => null);
  return now !== null && sameIdentity(now, sidecar.identity);
}

/** Null for one that others may have written: it would name whom they like. */
async function readNote(path: string): Promise<LockNote | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { uid, mode } = await file.stat();
    if (isPosix && (uid !== ownUid() || (mode & 0o022) !== 0)) return null;
    const parsed = validateResult(LockNote, JSON.parse(await file.readFile('utf8')));
    return parsed.ok ? (parsed.value as LockNote) : null;
  } catch {
    return null;
  }
}
