import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import { fail } from '../../protocol/errors.ts';
import type { Lease } from '../../protocol/types/registration.ts';
import type { HeldSocket } from '../os/heldSocket.ts';

/** Which ports are whose. One port has one claim or one lease at a time, and rests for a while after either. */
export interface Leases {
  /** Makes room for so many leases before anything is awaited. Throws LimitExceeded, or ShuttingDown after `close`. */
  reserve(count: number): Room;
  /** Neither claimed nor leased nor resting; what rests may go back to the key that had it. */
  isFree(port: number, key?: string): boolean;
  isLeased(port: number): boolean;
  /** What that connection has no such lease of is left out. */
  release(connectionId: string, leaseIds: string[]): string[];
  /** Lets everything go; nothing is handed out afterwards. */
  close(): void;
  readonly size: number;
}

/** An allocation under way: the ports that it looks at are nobody else’s meanwhile. */
export interface Room {
  claim(port: number): void;
  forgo(port: number): void;
  /** Makes leases of claimed ports. Throws ShuttingDown, with every socket closed, when `close` came first. */
  grant(ports: GrantedPort[], terms: LeaseTerms): Lease[];
  /** Gives back what was not granted; may be called again. */
  leave(): void;
}

export interface GrantedPort {
  port: number;
  /** Its socket, of a lease that is held. */
  socket: HeldSocket | null;
}

export interface LeaseTerms {
  connectionId: string;
  key?: string | undefined;
  /** Released by itself after this. */
  ttlMs?: number | undefined;
}

interface Entry extends GrantedPort, LeaseTerms {
  leaseId: string;
  expiry: Timer | null;
}

/** After a release, so that whoever was given the port has the time to bind it. */
const restMs = 10_000;

export function createLeases(clock: Clock, limit: number): Leases {
  const byId = new Map<string, Entry>();
  const leased = new Set<number>();
  const claimed = new Set<number>();
  /** In the order of their release, which is the order in which they end. */
  const resting = new Map<number, { untilMs: number; key: string | undefined }>();
  let reserved = 0;
  let closed = false;

  return {
    reserve,
    isFree,
    isLeased: (port) => leased.has(port),
    release: (connectionId, leaseIds) => leaseIds.filter((leaseId) => byId.get(leaseId)?.connectionId === connectionId && end(leaseId)),
    close() {
      closed = true;
      for (const leaseId of [...byId.keys()]) end(leaseId);
    },
    get size() {
      return byId.size;
    },
  };

  function reserve(count: number): Room {
    if (closed) throw shuttingDown();
    if (byId.size + reserved + count > limit) {
      throw fail('LimitExceeded', `${byId.size} ports are leased, and ${limit} may be; release some first.`, {
        limit: 'leases',
        max: limit,
      });
    }
    reserved += count;
    let held = count;
    const mine = new Set<number>();
    const forgo = (port: number): void => {
      if (mine.delete(port)) claimed.delete(port);
    };
    return {
      claim(port) {
        if (claimed.has(port) || leased.has(port)) throw new Error(`port ${port} is taken already`);
        claimed.add(port);
        mine.add(port);
      },
      forgo,
      grant(ports, terms) {
        if (closed) {
          for (const { socket } of ports) socket?.close();
          throw shuttingDown();
        }
        return ports.map((granted) => {
          forgo(granted.port);
          return begin(granted, terms);
        });
      },
      leave() {
        reserved -= held;
        held = 0;
        for (const port of [...mine]) forgo(port);
      },
    };
  }

  function isFree(port: number, key?: string): boolean {
    if (leased.has(port) || claimed.has(port)) return false;
    wake();
    const rest = resting.get(port);
    return rest === undefined || (key !== undefined && rest.key === key);
  }

  function wake(): void {
    const now = clock.monotonicMs();
    for (const [port, { untilMs }] of resting) {
      if (untilMs > now) return;
      resting.delete(port);
    }
  }

  function begin({ port, socket }: GrantedPort, terms: LeaseTerms): Lease {
    const leaseId = randomUUID();
    const { ttlMs } = terms;
    const entry: Entry = { ...terms, leaseId, port, socket, expiry: null };
    byId.set(leaseId, entry);
    leased.add(port);
    resting.delete(port);
    if (ttlMs !== undefined) expireAt(entry, clock.monotonicMs() + ttlMs);
    return {
      leaseId,
      port,
      held: socket !== null,
      ...(ttlMs !== undefined && { expiresAt: Math.min(clock.now() + ttlMs, Number.MAX_SAFE_INTEGER) }),
    };
  }

  function expireAt(entry: Entry, deadlineMs: number): void {
    entry.expiry = clock.setTimer(deadlineMs - clock.monotonicMs(), () => {
      // A timer reaches some 24 days, and may fire a millisecond early.
      if (clock.monotonicMs() < deadlineMs - 1) expireAt(entry, deadlineMs);
      else end(entry.leaseId);
    });
  }

  function end(leaseId: string): boolean {
    const entry = byId.get(leaseId);
    if (entry === undefined) return false;
    byId.delete(leaseId);
    leased.delete(entry.port);
    entry.expiry?.cancel();
    entry.socket?.close();
    wake();
    resting.delete(entry.port);
    resting.set(entry.port, { untilMs: clock.monotonicMs() + restMs, key: entry.key });
    return true;
  }
}

function shuttingDown() {
  return fail('ShuttingDown', 'The sidecar is shutting down and hands out no more ports.', {});
}
