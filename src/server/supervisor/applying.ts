import type { Log } from '../../log.ts';
import type { Result } from '../../protocol/methods/index.ts';
import type { ServiceSpec } from '../../protocol/types/service.ts';
import { type Adopt, mayBeLeft } from './adopting.ts';
import type { Registry } from './registry.ts';
import type { Service } from './service.ts';
import { type CompleteSpec, completeSpecs, sameSpec } from './spec.ts';
import type { Starting } from './starting.ts';
import { isUp } from './state.ts';
import type { Stopping } from './stopping.ts';

export interface ApplyOrder {
  services: ServiceSpec[];
  /** Ends and forgets those of the connection’s own tag that are not among them. */
  prune: boolean;
}

export type ServiceChange = Result<'service/apply'>['changes'][number];

/** Makes the services be as these specs say. Resolves when all that follows from that has begun; changes nothing when it throws. */
export type Apply = (order: ApplyOrder) => Promise<ServiceChange[]>;

export interface ApplyParts {
  registry: Registry;
  starting: Pick<Starting, 'check' | 'begin'>;
  stopping: Pick<Stopping, 'bounce' | 'discard' | 'dependants'>;
  adopt: Adopt;
  ownerTag?: string | undefined;
  log: Log;
}

export function createApply({ registry, starting, stopping, adopt, ownerTag, log }: ApplyParts): Apply {
  const { services } = registry;

  return async function apply({ services: specs, prune }) {
    const number = registry.takeNumber();
    const paths = specs.map((_, index) => `services.${index}`);
    const wanted = completeSpecs(specs, paths, ownerTag);
    if (mayBeLeft(wanted)) await adopt();
    const toPrune = () => (prune ? findOthers(wanted) : []);
    await starting.check(wanted, paths, () => toPrune().map(nameOf));
    // Nothing waits from here to the last change, so that all of them are made by the same look at how things stand.
    const pruned = toPrune();
    const changes = wanted.map((spec) => ({ name: spec.name, change: changeTo(spec, number) }));
    const named = (change: ServiceChange['change']) =>
      changes.flatMap((one) => (one.change === change ? (services.get(one.name) ?? []) : []));
    registry.want(wanted.filter((_, index) => isWanted(changes[index])));
    const restarted = named('restarted');
    const dependants = stopping.dependants(restarted).filter((service) => !pruned.includes(service));
    const discarded = stopping.discard(pruned, {});
    const bounced = stopping.bounce([...new Set([...restarted, ...dependants])], {});
    for (const under of [discarded, bounced])
      under.catch((error: unknown) => log.error({ err: error }, 'services could not be changed in order'));
    if (takesOver(named('started'), pruned)) await discarded;
    starting.begin(named('started').filter(({ intent }) => intent.isUp));
    const touched = new Set(changes.flatMap(({ name, change }) => (change === 'unchanged' ? [] : [name])));
    const alsoRestarted = dependants.map(nameOf).filter((name) => !touched.has(name));
    return [
      ...changes.map(({ name, change }) => ({ name, change: alsoRestarted.includes(name) ? ('restarted' as const) : change })),
      ...alsoRestarted.filter((name) => !wanted.some((spec) => spec.name === name)).map((name) => ({ name, change: 'restarted' as const })),
      ...pruned.map((service) => ({ name: nameOf(service), change: 'stopped' as const })),
    ];
  };

  function findOthers(wanted: readonly CompleteSpec[]): Service[] {
    const names = new Set(wanted.map(({ name }) => name));
    return [...services.values()].filter(({ intent: { spec } }) => !names.has(spec.name) && spec.ownerTag === ownerTag);
  }

  function changeTo(spec: CompleteSpec, number: number): ServiceChange['change'] {
    const service = services.get(spec.name);
    if (service === undefined) return 'started';
    // It was told so while we looked, and so after us.
    if (service.intent.toldToEnd > number) return 'stopped';
    const { intent, state } = service;
    const isWantedUp = intent.isUp && isUp(state);
    if (!sameSpec(intent.spec, spec)) return isWantedUp ? 'restarted' : 'started';
    const isDone = state.name === 'exited' && state.exit?.exitCode === 0;
    return isWantedUp || isDone ? 'unchanged' : 'started';
  }
}

const isWanted = (one: ServiceChange | undefined): boolean => one?.change === 'started' || one?.change === 'restarted';

const nameOf = ({ intent }: Service): string => intent.spec.name;

/** A port by number is free for the one only when it is forgotten with the other. */
function takesOver(started: readonly Service[], pruned: readonly Service[]): boolean {
  const given = new Set(pruned.flatMap(portsOf));
  return started.flatMap(portsOf).some((port) => given.has(port));
}

const portsOf = ({ intent }: Service): number[] => intent.spec.ports.flatMap(({ port }) => port ?? []);
