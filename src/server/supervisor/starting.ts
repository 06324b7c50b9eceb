import { fail, SidewardenError } from '../../protocol/errors.ts';
import type { ServiceSpec, ServiceStatus } from '../../protocol/types/service.ts';
import { findProgram } from '../os/program.ts';
import { type Adopt, mayBeLeft } from './adopting.ts';
import { dependenciesOf, findProblems, standingOf } from './dependencies.ts';
import { oneOf, type Registry } from './registry.ts';
import type { RunParts } from './runTypes.ts';
import type { Service } from './service.ts';
import { type CompleteSpec, completeSpecs, sameSpec } from './spec.ts';
import { isAboutToRun, isLive, isUp } from './state.ts';
import { statusOf } from './status.ts';
import { surroundings } from './surroundings.ts';

export interface StartOrder {
  spec?: ServiceSpec | undefined;
  name?: string | undefined;
  waitFor: 'none' | 'running' | 'ready';
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Told with each step of the service and of what is started for it. */
  onStep?: ((sentence: string) => void) | undefined;
}

export interface Starting {
  /** Throws SpawnFailed, NotFound, Conflict, LimitExceeded, ShuttingDown, InvalidParams, Unsupported, TimedOut. */
  start(order: StartOrder): Promise<ServiceStatus>;
  /**
   * Throws when one of these could not be started, before anything is. `paths` say where they stand in the params; `without` gives
   * the names of those that will not be there any more.
   */
  check(specs: readonly CompleteSpec[], paths: readonly string[], without?: () => string[]): Promise<void>;
  /** Throws SpawnFailed when a program of theirs is not to be found, and ShuttingDown. */
  look(specs: readonly CompleteSpec[]): Promise<void>;
  /** Begins the start of these and of what they depend on, dependencies first. What runs as it should is left alone. */
  begin(services: readonly Service[]): void;
}

export interface StartingParts extends Pick<RunParts, 'environment' | 'directory' | 'clock' | 'equipments'> {
  adopt: Adopt;
  /** For services that name none. */
  ownerTag?: string | undefined;
}

export function createStarting(registry: Registry, parts: StartingParts): Starting {
  const { services } = registry;

  return { start, check, look, begin };

  async function start({ spec, name, waitFor, timeoutMs, signal, onStep }: StartOrder): Promise<ServiceStatus> {
    const wanted = readWanted(spec, name);
    if (mayBeLeft([wanted])) await parts.adopt();
    refuseProblems([wanted], ['spec']);
    refuseConflict(wanted);
    const service = await want(wanted);
    // Somebody who came after us has told it to stop.
    if (!service.intent.isUp) return statusOf(service);
    const told = new Set([wanted.name, ...dependenciesOf([wanted.name], registry.graph())]);
    const stopTelling = registry.onChange((changed) => {
      if (told.has(changed.spec.name)) onStep?.(`${changed.spec.name} is ${changed.state.name}`);
    });
    try {
      begin([service]);
      if (waitFor !== 'none') await reach(service, waitFor, timeoutMs, signal);
    } finally {
      stopTelling();
    }
    return statusOf(service);
  }

  /** It is there before anything is looked at, so that a stop that comes meanwhile finds it; and as it was before when it is refused. */
  async function want(spec: CompleteSpec): Promise<Service> {
    const before = services.get(spec.name)?.intent;
    const undo = before === undefined ? null : { ...before };
    const [service] = registry.want([spec]) as [Service];
    try {
      await check([spec], ['spec']);
      return service;
    } catch (error) {
      if (undo === null && service.run === null) registry.forget(spec.name);
      else if (undo !== null && service.intent.spec === spec) Object.assign(service.intent, undo);
      throw error;
    }
  }

  function readWanted(spec: ServiceSpec | undefined, name: string | undefined): CompleteSpec {
    if ((spec === undefined) === (name === undefined)) throw oneOf('spec', 'name', 'service/start');
    if (spec !== undefined) return completeSpecs([spec], ['spec'], parts.ownerTag)[0] as CompleteSpec;
    const known = services.get(name as string);
    if (known !== undefined) return known.intent.spec;
    throw fail('NotFound', `No service was started under the name ${name}; start it by its spec.`, { what: `service ${name}` });
  }

  async function check(specs: readonly CompleteSpec[], paths: readonly string[], without: () => string[] = () => []): Promise<void> {
    refuseProblems(specs, paths, without());
    parts.equipments.checkRoom(specs);
    await look([...specs.filter((spec) => !runsAs(spec)), ...neededBy(specs)]);
    // Who they depend on may have been removed while we looked.
    refuseProblems(specs, paths, without());
  }

  async function look(specs: readonly CompleteSpec[]): Promise<void> {
    const different = new Map(specs.map((spec) => [programKey(spec), spec]));
    await Promise.all([...different.values()].map((spec) => findProgram({ command: spec.command, ...surroundings(spec, parts, '') })));
    // Behind the look, so that nothing can come between the decision and the start.
    if (!registry.isClosed) return;
    throw fail('ShuttingDown', `The sidecar is shutting down, so ${specs.map(({ name }) => name).join(', ')} is not started.`, {});
  }

  function refuseProblems(specs: readonly CompleteSpec[], paths: readonly string[], without: readonly string[] = []): void {
    const graph = registry.graph(specs, without);
    const pathOf = new Map(specs.map(({ name }, index) => [name, `${paths[index]}.dependsOn`]));
    const others = without.length === 0 ? [] : [...services.values()].filter(({ state }) => isLive(state)).map(({ spec }) => spec.name);
    const names = [...pathOf.keys(), ...others.filter((name) => !without.includes(name))];
    const issues = findProblems(names, graph).map(({ name, message }) => ({ path: pathOf.get(name) ?? 'prune', message }));
    if (issues.length === 0) return;
    throw fail('InvalidParams', `Nothing was started: ${issues.map(({ message }) => message).join('; ')}.`, { issues });
  }

  function runsAs(wanted: CompleteSpec): boolean {
    const service = services.get(wanted.name);
    return service !== undefined && service.state.name === 'running' && sameSpec(service.spec, wanted);
  }

  function refuseConflict(wanted: CompleteSpec): void {
    const service = services.get(wanted.name);
    if (service === undefined || sameSpec(service.intent.spec, wanted)) return;
    const { name } = service.state;
    // What waits has not begun yet, and what is in backoff is to be mended by the new spec, most likely.
    if (name !== 'running' && (name === 'waiting' || !isAboutToRun(service.state))) return;
    const now = name === 'running' ? 'is running' : 'is about to run';
    throw fail(
      'Conflict',
      `The service ${wanted.name} ${now} by another spec; stop it first, give the same spec, or use service/apply.`,
      {},
    );
  }

  function begin(wanted: readonly Service[]): void {
    const begun = new Set<Service>();
    for (const service of wanted) beginOne(service);

    function beginOne(service: Service): void {
      if (begun.has(service)) return;
      begun.add(service);
      service.intent.isUp = true;
      for (const dependency of missing(service.intent.spec)) beginOne(dependency);
      service.start();
    }
  }

  /** What it depends on and what neither runs nor is about to, nor has done what it was for. */
  function missing(spec: CompleteSpec): Service[] {
    return spec.dependsOn.flatMap((tie) => {
      const service = services.get(tie.name);
      if (service === undefined || isUp(service.state)) return [];
      const isDone = tie.condition === 'completed' && standingOf(tie, service.state).kind === 'met';
      return isDone ? [] : [service];
    });
  }

  /** The specs of what would be started with these. */
  function neededBy(specs: readonly CompleteSpec[]): CompleteSpec[] {
    const known = new Set(specs.map(({ name }) => name));
    const found = new Map<string, CompleteSpec>();
    const open = [...specs];
    for (const one of open) {
      for (const { intent } of missing(one)) {
        if (known.has(intent.spec.name) || found.has(intent.spec.name)) continue;
        found.set(intent.spec.name, intent.spec);
        open.push(intent.spec);
      }
    }
    return [...found.values()];
  }

  /** Waits until it runs or is ready, has failed to, or the time is up. */
  async function reach(service: Service, waitFor: 'running' | 'ready', timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const timeUp = new AbortController();
    const timer = parts.clock.setTimer(timeoutMs, () => timeUp.abort());
    const isReached = () => {
      const { state } = service;
      if (state.name === 'running') return waitFor === 'running' || state.isReady;
      // In backoff it is still on its way.
      return !isAboutToRun(state) && state.name !== 'backoff' && !(state.name === 'stopping' && state.after.kind === 'judge');
    };
    try {
      await service.until(isReached, signal === undefined ? timeUp.signal : AbortSignal.any([signal, timeUp.signal]));
    } finally {
      timer.cancel();
    }
    if (service.state.name === 'fatal' && service.state.failure !== null) throw new SidewardenError(service.state.failure);
    if (!isReached() && timeUp.signal.aborted) throw timedOut(service, waitFor, timeoutMs);
  }
}

/** Whoever has the same is started from the same file: a hundred services of one kind are one look. */
function programKey({ command, cwd, inheritEnv, env }: CompleteSpec): string {
  return JSON.stringify([command, cwd, inheritEnv, Object.entries(env).filter(([name]) => name.toUpperCase() === 'PATH')]);
}

function timedOut(service: Service, waitFor: string, timeoutMs: number) {
  const status = statusOf(service);
  const why = status.cause === undefined ? '' : ` ${status.cause}`;
  return fail('TimedOut', `${status.name} was not ${waitFor} within ${timeoutMs} ms; it is ${status.state}, and stays so.${why}`, {
    service: status,
  });
}
