import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { type LockNote, payloadBytes } from '../../protocol/courier.ts';
import { fail } from '../../protocol/errors.ts';
import type { Params, Result } from '../../protocol/methods/index.ts';
import type { ClientInfo } from '../../protocol/types/client.ts';
import type { HolderProcess, InstanceHolder, SecondInstancePayload } from '../../protocol/types/instance.ts';
import type { InstanceStatus } from '../../protocol/types/sidecar.ts';
import type { CallHost } from '../context.ts';
import type { Payload, WatchTopic } from '../events/subscriptions.ts';
import type { TryLock } from '../os/fileLock.ts';
import { createIsLocked } from '../os/heldLocks.ts';
import { createPeerUser } from '../os/peerUser.ts';
import { type Acquired, type Attempt, acquireLock } from './acquiring.ts';
import { createDeliver, cut } from './delivering.ts';
import { createDoors, doorDirectories } from './doors.ts';
import { withFaults } from './faults.ts';
import { findHolder, type HolderParts, meet, readHolder } from './holder.ts';
import { type HeldLock, takeLock } from './lock.ts';
import { createPipeDoors } from './pipeDoors.ts';
import { findLockBase, findLockPlace, type LockPlace, ownUid, placeSystemOf, preparePlace, type WhichLock } from './places.ts';
import { createTurnsByPath } from './turnsByPath.ts';

/** The single-instance locks of this sidecar, each of one connection. */
export interface Instances {
  acquire(connectionId: string, params: Params<'instance/acquire'>, signal: AbortSignal): Promise<Result<'instance/acquire'>>;
  /** False for a lock that this connection does not hold. */
  release(connectionId: string, lockId: string): Promise<boolean>;
  query(connectionId: string, which: WhichLock, signal: AbortSignal): Promise<InstanceHolder | null>;
  /** The first that this connection has taken, of those that it holds. */
  statusOf(connectionId: string): InstanceStatus | null;
  watch: WatchTopic<'event/instance'>;
  /** From now on nothing is acquired, and whoever knocks hears that all this ends soon. */
  beginClosing(): void;
  /** What is held now, each with how to let it go. */
  list(): { name: string; release(): Promise<void> }[];
}

/** Who asks for locks, as `initialize` told it. */
export interface InstanceOwner {
  appId: string;
  hostPid: number | null;
  clientInfo: ClientInfo;
}

export interface InstancesParts {
  platform: string;
  native: boolean;
  tryLock: TryLock;
  ownerOf(connectionId: string): InstanceOwner;
  callHost: CallHost;
  sidecarPid: number;
  /** Null for a process that is gone. */
  describe(pid: number): Promise<HolderProcess | null>;
  identify: HolderParts['identify'];
  sameIdentity: HolderParts['sameIdentity'];
  clock: Clock;
  log: Log;
}

/** A lock is a file and a socket that stay open. */
const mostLocks = 64;

interface Held {
  lockId: string;
  connectionId: string;
  lock: HeldLock;
}

export async function createInstances(parts: InstancesParts): Promise<Instances> {
  const { platform, native, tryLock, ownerOf, sidecarPid, describe, identify, sameIdentity, clock, log } = parts;
  const base = await findLockBase(platform);
  const system = placeSystemOf(platform);
  const doors =
    system.socketPathBytes === null ? createPipeDoors(join(base, 'doors'), log) : createDoors(doorDirectories(system, base, ownUid()), log);
  const lockParts = { tryLock, doors, peerUser: createPeerUser({ native, platform }), clock, log };
  const holderParts = { doors, isLocked: createIsLocked({ native, platform }), identify, sameIdentity, clock };
  const deliverTo = createDeliver(parts.callHost);
  const held = new Map<string, Held>();
  const lost: { connectionId: string; payload: Payload<'event/instance'> }[] = [];
  const listeners = new Set<(connectionId: string, payload: Payload<'event/instance'>) => void>();
  const closing = new AbortController();
  const inTurn = createTurnsByPath();
  let lastId = 0;

  return {
    async acquire(connectionId, { waitMs = 0, payload, ...which }, cancelled) {
      const { appId, hostPid, clientInfo } = ownerOf(connectionId);
      if (payload !== undefined) refuseLarge(payload);
      const place = await findLockPlace(base, appId, which);
      const signal = AbortSignal.any([cancelled, closing.signal]);
      const letter = payload === undefined ? null : { payload, from: { pid: hostPid ?? sidecarPid, clientInfo: cutInfo(clientInfo) } };
      const note = await introduce(hostPid);
      const way = {
        attempt: () => inTurn(place.path, () => attempt(connectionId, place, note, signal)),
        meet: (withinMs: number) => meet(place, withinMs, holderParts, signal),
        readHolder: () => readHolder(place, holderParts),
        clock,
      };
      const acquired = await withFaults(place, async () => {
        await preparePlace(place);
        return acquireLock(way, { waitMs, letter }, signal);
      });
      return asResult(acquired);
    },

    async release(connectionId, lockId) {
      const found = held.get(lockId);
      if (found?.connectionId !== connectionId) return false;
      await letGo(found);
      return true;
    },

    async query(connectionId, which, signal) {
      const place = await findLockPlace(base, ownerOf(connectionId).appId, which);
      return withFaults(place, () => findHolder(place, holderParts, signal));
    },

    statusOf(connectionId) {
      const first = [...held.values()].find((one) => one.connectionId === connectionId);
      return first === undefined ? null : { lockId: first.lockId, name: first.lock.place.name, scope: first.lock.place.scope };
    },

    async watch({ connectionId }, emit, signal) {
      const listener = (owner: string, payload: Payload<'event/instance'>) => {
        if (owner === connectionId) emit(payload);
      };
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener), { once: true });
      return lost.filter((one) => one.connectionId === connectionId).map(({ payload }) => payload);
    },

    beginClosing() {
      closing.abort(fail('ShuttingDown', 'The sidecar shuts down, so no lock is taken any more.', {}));
      for (const { lock } of held.values()) lock.tellClosing();
    },

    list: () => [...held.values()].map((one) => ({ name: one.lock.place.name, release: () => letGo(one) })),
  };

  /** One at a time for each file: what this connection has just taken is then `ours`, not another’s. */
  async function attempt(connectionId: string, place: LockPlace, note: LockNote, signal: AbortSignal): Promise<Attempt<Held>> {
    signal.throwIfAborted();
    const mine = [...held.values()].filter((one) => one.connectionId === connectionId);
    const ours = mine.find(({ lock }) => lock.place.path === place.path);
    if (ours !== undefined && (await ours.lock.isIntact())) return { kind: 'ours', lock: ours };
    if (mine.length >= mostLocks) throw fail('Conflict', `This host holds ${mostLocks} locks already; release one first.`, {});
    lastId += 1;
    const lockId = `l${lastId}`;
    const lock = await takeLock(
      place,
      {
        note,
        deliver: deliverTo(connectionId, lockId),
        onLost: () => loseLock(connectionId, lockId),
      },
      lockParts,
    );
    if (lock === null) return { kind: 'held' };
    if (signal.aborted) {
      // Whoever hears that nothing was done must not have the lock.
      await lock.release();
      throw signal.reason;
    }
    const taken = { lockId, connectionId, lock };
    held.set(lockId, taken);
    return { kind: 'taken', lock: taken };
  }

  async function letGo({ lockId, lock }: Held): Promise<void> {
    // Whatever becomes of its door, the file is unlocked.
    await lock.release().finally(() => held.delete(lockId));
  }

  function loseLock(connectionId: string, lockId: string): void {
    if (!held.delete(lockId)) return;
    const payload = { lockId, change: 'lost' as const };
    lost.push({ connectionId, payload });
    if (lost.length > mostLocks) lost.shift();
    for (const listener of [...listeners]) listener(connectionId, payload);
  }

  async function introduce(hostPid: number | null): Promise<LockNote> {
    const [sidecar, host] = await Promise.all([describe(sidecarPid), hostPid === null ? null : describe(hostPid).catch(() => null)]);
    if (sidecar === null) throw new Error('this sidecar cannot see itself');
    return { sidecar, host };
  }
}

function asResult(acquired: Acquired<Held>): Result<'instance/acquire'> {
  switch (acquired.kind) {
    case 'taken':
      return { acquired: true, lockId: acquired.lock.lockId };
    case 'ours':
      return { acquired: false, lockId: acquired.lock.lockId, reason: 'alreadyHeld' };
    case 'refused':
      return { acquired: false, holder: acquired.holder, ...acquired.told };
  }
}

/** A name is short, whatever a host calls itself beside it. */
function cutInfo({ name, version, language }: ClientInfo): ClientInfo {
  return { name, ...(version !== undefined && { version: cut(version) }), ...(language !== undefined && { language: cut(language) }) };
}

function refuseLarge(payload: SecondInstancePayload): void {
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes <= payloadBytes) return;
  const message = `is ${bytes} bytes of JSON, and may be ${payloadBytes}`;
  throw fail('InvalidParams', `The payload ${message}; name a file that has the rest.`, { issues: [{ path: 'payload', message }] });
}
