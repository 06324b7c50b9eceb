import type { Clock } from '../../clock.ts';
import { fail } from '../../protocol/errors.ts';
import type { Lease } from '../../protocol/types/registration.ts';
import type { PortRules } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import type { HoldPort } from '../os/heldSocket.ts';
import { allowedRanges, listCandidates, type PortRange, type Wishes } from './candidates.ts';
import { localAddresses } from './hosts.ts';
import type { GrantedPort, Leases, Room } from './leases.ts';
import type { Registrations } from './registrations.ts';

export interface AllocationOrder {
  count: number;
  preferred: number[];
  range?: PortRange | undefined;
  /** The local address they must be free on; every one when absent. */
  host?: string | undefined;
  key?: string | undefined;
  hold: boolean;
  ttlMs?: number | undefined;
}

export interface AllocationContext {
  connectionId: string;
  signal?: AbortSignal | undefined;
}

/**
 * Hands out ports that can be bound, each to one caller only. Rejects with Conflict when there are not enough, with
 * LimitExceeded, with Unsupported when they cannot be held; nothing is kept then, nor when `signal` is aborted.
 */
export type Allocate = (order: AllocationOrder, context: AllocationContext) => Promise<Lease[]>;

export interface AllocationParts {
  pool: Pick<Pool, 'run'>;
  leases: Leases;
  holdPort: HoldPort;
  registrationsOf(connectionId: string): Pick<Registrations, 'portsOfKey' | 'rememberKey' | 'promisedPorts'>;
  clock: Clock;
  random?: () => number;
}

/** So many more than are missing are looked at once the first look has shown that not all are free. */
const firstSpare = 8;
const mostSpare = 256;
/** The rules seldom change, and a burst of allocations need not read them each. */
const rulesLastMs = 1_000;
/** Time for somebody’s bind attempt, which lasts microseconds, to be over. */
const secondHoldMs = 2;

export function createAllocate({ pool, leases, holdPort, registrationsOf, clock, random = Math.random }: AllocationParts): Allocate {
  let rulesRead: { atMs: number; rules: Promise<PortRules> } | null = null;

  return async function allocate(order, { connectionId, signal }) {
    const { count, key, range } = order;
    const hosts = localAddresses(order.host);
    if (range !== undefined && range.from > range.to) throw invertedRange();
    const room = leases.reserve(count);
    const registrations = registrationsOf(connectionId);
    const granted: GrantedPort[] = [];
    try {
      const [rules, remembered] = await Promise.all([readRules(), key === undefined ? [] : registrations.portsOfKey(key)]);
      // Those in excess stay promised, to further allocations under the same key.
      const keyPorts = remembered.filter((port) => contains(range, port) && leases.isFree(port, key)).slice(0, count);
      const wishes: Wishes = { keyPorts, preferred: order.preferred, range };
      const candidates = listCandidates(wishes, rules, registrations.promisedPorts(), random());
      const { slots, replaced } = await fill(order, { room, hosts, candidates, granted, unheld: new Set(), rules, signal });
      signal?.throwIfAborted();
      const made = room.grant(slots, { connectionId, key, ttlMs: order.ttlMs });
      granted.length = 0;
      room.leave();
      if (key !== undefined) {
        const ports = slots.map(({ port }) => port);
        await registrations.rememberKey(key, (before) => [...before.map((port) => replaced.get(port) ?? port), ...ports]);
      }
      return made;
    } finally {
      for (const { socket } of granted) socket?.close();
      room.leave();
    }
  };

  /** Candidate by candidate until every slot has a port. A port of the key that is not free is replaced where it stood. */
  async function fill(order: AllocationOrder, search: Search): Promise<{ slots: GrantedPort[]; replaced: Map<number, number> }> {
    const slots = Array.from({ length: order.count }, (): GrantedPort | null => null);
    const firstChoice: number[] = [];
    let spare = 0;
    for (;;) {
      const open = slots.flatMap((slot, index) => (slot === null ? [index] : []));
      if (open.length === 0) break;
      const ports = claimNext(search, order.key, open.length + spare);
      if (ports.length === 0) throw noneLeft(order, search.rules);
      if (spare === 0) firstChoice.push(...ports);
      await look(ports, open, slots, order, search);
      spare = spare === 0 ? firstSpare : Math.min(spare * 2, mostSpare);
    }
    const full = slots as GrantedPort[];
    const lasting = (port: number, index: number) => (search.unheld.has(port) ? port : (full[index]?.port ?? port));
    const replaced = new Map(firstChoice.map((port, index) => [port, lasting(port, index)]));
    return { slots: full, replaced };
  }

  /** No await between the question and the claim: whoever asks next is told that it is taken. */
  function claimNext({ candidates, room }: Search, key: string | undefined, wanted: number): number[] {
    const ports: number[] = [];
    while (ports.length < wanted) {
      const { value: port, done } = candidates.next();
      if (done) break;
      if (!leases.isFree(port, key)) continue;
      room.claim(port);
      ports.push(port);
    }
    return ports;
  }

  async function look(
    ports: number[],
    open: number[],
    slots: (GrantedPort | null)[],
    order: AllocationOrder,
    search: Search,
  ): Promise<void> {
    const { hosts, room, granted, unheld, signal } = search;
    const questions = ports.map((port) => ({ port, protocol: 'tcp' as const, hosts, bind: 'try' as const }));
    const verdicts = await pool.run('checkPorts', { questions }, { signal });
    if (verdicts.some(({ reason }) => reason === 'addressUnavailable')) throw notOurAddress(order.host);
    for (const [index, port] of ports.entries()) {
      const slot = open[index] ?? slots.indexOf(null);
      const canBind = slot !== -1 && verdicts[index]?.canBind === true;
      const socket = canBind ? await take(port, order, hosts) : 'taken';
      if (socket === 'taken') {
        if (canBind) unheld.add(port);
        room.forgo(port);
        continue;
      }
      const taken = { port, socket };
      slots[slot] = taken;
      granted.push(taken);
    }
  }

  async function take(port: number, { hold }: AllocationOrder, hosts: string[] | null): Promise<GrantedPort['socket'] | 'taken'> {
    if (!hold) return null;
    const socket = holdPort(port, hosts);
    if (socket !== null) return socket;
    await clock.sleep(secondHoldMs);
    return holdPort(port, hosts) ?? 'taken';
  }

  function readRules(): Promise<PortRules> {
    const now = clock.monotonicMs();
    if (rulesRead !== null && now - rulesRead.atMs < rulesLastMs) return rulesRead.rules;
    const rules = pool.run('readPortRules', {});
    const read = { atMs: now, rules };
    rulesRead = read;
    rules.catch(() => {
      if (rulesRead === read) rulesRead = null;
    });
    return rules;
  }
}

interface Search {
  room: Room;
  hosts: string[] | null;
  candidates: Iterator<number>;
  /** Filled as it goes, so that whoever fails can close what was opened. */
  granted: GrantedPort[];
  /** A server could bind them, but we cannot without SO_REUSEADDR: old connections are closing (TIME_WAIT), for a minute at most. */
  unheld: Set<number>;
  rules: PortRules;
  signal: AbortSignal | undefined;
}

const contains = (range: PortRange | undefined, port: number): boolean => range === undefined || (range.from <= port && port <= range.to);

function invertedRange() {
  return fail('InvalidParams', 'The range ends before it begins; from must not be above to.', {
    issues: [{ path: 'range', message: 'from is above to' }],
  });
}

function notOurAddress(host: string | undefined) {
  return fail(
    'Conflict',
    `No port can be bound on ${host ?? 'this machine'}: it has no such address. Give one of its own, or leave host out.`,
    {},
  );
}

function noneLeft({ count, range, hold }: AllocationOrder, rules: PortRules) {
  const few = count === 1 ? 'No port is' : `No ${count} ports are`;
  const rest = 'leased, resting for 10 s after a release, or in use';
  if (range === undefined)
    return fail('Conflict', `${few} left outside the ephemeral and reserved ranges: all are ${rest}. Release some, or give a range.`, {});
  const where = `from ${range.from} to ${range.to}`;
  if (allowedRanges(range, rules).flat().length === 0) {
    const ephemeral = rules.ephemeral === null ? '' : `, ${rules.ephemeral.from} to ${rules.ephemeral.to} here`;
    const why = `every port of it is ephemeral${ephemeral}, reserved, or privileged`;
    return fail('Conflict', `Nothing is handed out ${where}: ${why}. Give another range, or name the ports in preferred.`, {});
  }
  const how = hold ? ' (a port with closing connections cannot be held)' : '';
  return fail(
    'Conflict',
    `${few} left ${where}: all that are neither ephemeral nor reserved are ${rest}${how}. Give a wider range, or release some.`,
    {},
  );
}
