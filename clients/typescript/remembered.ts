import { SidecarError } from './errors.ts';

/*
 * What a host has set up, noted as its requests are answered: what a restarted sidecar has to be told again (replay.ts).
 * The ids that the host was told stay valid for it; the sidecar of today may know the same thing by another one.
 */

export interface Remembered {
  made: Record<Maker, Made[]>;
  /** port/register, by port and protocol. */
  registrations: Map<string, Told>;
  /** The port of each lease. */
  leases: Map<string, number>;
  /** Services that service/start started, and that end with their sidecar. */
  started: Set<string>;
  cleanup: Told | null;
  apply: Told | null;
}

export type Told = Record<string, unknown>;

/** The methods that make something with an id, the kind of thing, and the method that ends it. */
export const makers = {
  'instance/acquire': { what: 'lock', id: 'lockId', endedBy: 'instance/release' },
  'shutdown/addHandler': { what: 'handler', id: 'handlerId', endedBy: 'shutdown/removeHandler' },
  'events/subscribe': { what: 'subscription', id: 'subscriptionId', endedBy: 'events/unsubscribe' },
} as const;
export type Maker = keyof typeof makers;

export interface Made {
  /** As the host was told. */
  id: string;
  /** As the sidecar of today knows it; null when it is lost. */
  current: string | null;
  params: Told;
  /** Told the answer each time it was made again. */
  onRemade?(told: Told): void;
}

export function createRemembered(): Remembered {
  return {
    made: { 'instance/acquire': [], 'shutdown/addHandler': [], 'events/subscribe': [] },
    registrations: new Map(),
    leases: new Map(),
    started: new Set(),
    cleanup: null,
    apply: null,
  };
}

/** A request was answered with this result. */
export function note(remembered: Remembered, method: string, params: Told, result: unknown): void {
  const told = (result ?? {}) as Told;
  if (Object.hasOwn(makers, method)) noteMade(remembered, method as Maker, params, told);
  const ended = makerEndedBy(method);
  if (ended !== undefined) forget(remembered, ended, params);
  noters[method]?.(remembered, params, told);
}

/** The params with the ids that the sidecar of today knows. Throws InstanceLost for a lock that is lost, NotFound for what else is. */
export function translate(remembered: Remembered, method: string, params: Told): Told {
  const maker = makerEndedBy(method);
  if (maker === undefined) return params;
  const { id, what } = makers[maker];
  const made = remembered.made[maker].find((one) => one.id === params[id]);
  if (made === undefined) return params;
  if (made.current === null) throw lostError(what, made.id);
  return { ...params, [id]: made.current };
}

/** The request that ends what this answer says was made; null when nothing was. */
export function undo(method: string, result: unknown): { method: string; params: Told } | null {
  const told = (result ?? {}) as Told;
  if (!Object.hasOwn(makers, method) || !isMade(method as Maker, told)) return null;
  const { id, endedBy } = makers[method as Maker];
  return { method: endedBy, params: { [id]: told[id] } };
}

/** The id that the host was told, for one that the sidecar of today says. */
export function originalId(remembered: Remembered, maker: Maker, current: string): string {
  return remembered.made[maker].find((one) => one.current === current)?.id ?? current;
}

export function onRemade({ made }: Remembered, maker: Maker, id: string, listener: (told: Told) => void): void {
  const one = made[maker].find((each) => each.id === id);
  if (one !== undefined) one.onRemade = listener;
}

/** Whether an answer of this method means that the thing is there: a lock may be refused by an answer, too. */
export const isMade = (maker: Maker, told: Told): boolean => maker !== 'instance/acquire' || told.acquired === true;

export function lostError(what: string, name: string): SidecarError {
  if (what === 'lock')
    return new SidecarError('InstanceLost', `The lock ${name} was lost when the sidecar was restarted, and could not be had again.`);
  return new SidecarError('NotFound', `The ${what} ${name} was lost when the sidecar was restarted.`, {
    data: { kind: 'NotFound', what: `${what} ${name}` },
  });
}

function noteMade({ made }: Remembered, maker: Maker, params: Told, told: Told): void {
  const id = told[makers[maker].id];
  if (typeof id !== 'string' || !isMade(maker, told)) return;
  // Who has got a lock anew had lost it before: two of the same would be asked for twice after a restart.
  if (maker === 'instance/acquire') made[maker] = made[maker].filter((one) => lockKey(one.params) !== lockKey(params));
  made[maker].push({ id, current: id, params });
}

const lockKey = ({ name, scope = 'user', path }: Told) => JSON.stringify([name, scope, path]);

function forget({ made }: Remembered, maker: Maker, params: Told): void {
  const current = params[makers[maker].id];
  made[maker] = made[maker].filter((one) => one.current !== current);
}

const makerEndedBy = (method: string) => (Object.keys(makers) as Maker[]).find((maker) => makers[maker].endedBy === method);

const noters: Record<string, (remembered: Remembered, params: Told, told: Told) => void> = {
  'cleanup/run'(remembered, params) {
    // A plan is of one connection; a dry run does nothing.
    if (params.planId === undefined && params.dryRun !== true) remembered.cleanup = params;
  },
  'port/register': ({ registrations }, params) => void registrations.set(portKey(params), params),
  'port/unregister': ({ registrations }, params) => void registrations.delete(portKey(params)),
  'port/allocate'({ leases }, _, { leases: given = [] }) {
    for (const { leaseId, port } of given as { leaseId: string; port: number }[]) leases.set(leaseId, port);
  },
  'port/release'({ leases }, { leaseIds = [] }) {
    for (const leaseId of leaseIds as string[]) leases.delete(leaseId);
  },
  'service/apply': (remembered, params) => {
    remembered.apply = params;
  },
  'service/start'({ started }, { spec }, { service }) {
    const name = (service as { name?: string } | undefined)?.name;
    if (name !== undefined && (spec as { persistent?: boolean } | undefined)?.persistent !== true) started.add(name);
  },
  // It has ended them all, and was to keep running itself.
  'shutdown/run'(remembered) {
    remembered.apply = null;
    remembered.started.clear();
  },
  'service/stop': forgetServices,
  'service/remove': forgetServices,
};

function forgetServices({ started }: Remembered, _: Told, { services = [] }: Told): void {
  for (const { name } of services as { name: string }[]) started.delete(name);
}

const portKey = ({ port, protocol = 'tcp' }: Told) => `${port}/${protocol}`;
