import type { Clock } from '../../clock.ts';
import type { ServiceStatus } from '../../protocol/types/service.ts';
import { dependantsOf, inReverseOrder } from './dependencies.ts';
import type { Registry, Target } from './registry.ts';
import type { Service, StopOrder } from './service.ts';
import type { Starting } from './starting.ts';
import { isAboutToRun, isLive } from './state.ts';
import { statusOf } from './status.ts';

export interface CommandOrder extends Pick<StopOrder, 'signal' | 'onRung'> {
  graceMs?: number | undefined;
}

export interface AlongOrder<Value> {
  graceMs: number;
  /** Whoever is left when `killing` is over is ended by force. */
  isForced: boolean;
  killing(): Promise<Value>;
}

/** Dependants end first. Each answers with those that were meant, and then with the dependants that it touched. */
export interface Stopping {
  stop(target: Target, order: CommandOrder): Promise<ServiceStatus[]>;
  /** Throws SpawnFailed before anything is ended when one of them could not be started again. */
  restart(target: Target, order: CommandOrder): Promise<ServiceStatus[]>;
  remove(target: Target, order: CommandOrder): Promise<ServiceStatus[]>;
  /** Ends those that run and starts them all, by the specs that are wanted by then. Resolves when the starts have begun. */
  bounce(services: readonly Service[], order: CommandOrder): Promise<void>;
  /** Ends these and forgets them. */
  discard(services: readonly Service[], order: CommandOrder): Promise<void>;
  /** Stops these while something else ends their processes; gives what that gives. */
  stopAlong<Value>(names: readonly string[], order: AlongOrder<Value>): Promise<Value>;
  /** What has to end before these may. */
  dependants(services: readonly Service[]): Service[];
}

export interface StoppingParts {
  registry: Registry;
  starting: Pick<Starting, 'begin' | 'look'>;
  clock: Pick<Clock, 'sleep'>;
}

/** A restart is answered when what it starts again runs, or has failed to, or after this. */
const longestRestartMs = 30_000;
/** As long as a grace can be: until somebody stops it with a shorter one. */
const unforcedMs = 3_600_000;

export function createStopping({ registry, starting, clock }: StoppingParts): Stopping {
  const { services } = registry;

  return {
    async stop(target, order) {
      const touched = withDependants(registry.find(target, 'service/stop'));
      await endAll(touched, order, 'It was stopped on request.');
      return touched.map(statusOf);
    },

    async restart(target, order) {
      const number = registry.takeNumber();
      const find = () => withDependants(registry.find(target, 'service/restart'));
      await starting.look(find().map(({ intent }) => intent.spec));
      const touched = find();
      // Who was told to end while we looked was told so after us.
      await bounce(
        touched.filter(({ intent }) => intent.toldToEnd < number),
        order,
      );
      await begun(touched, order.signal);
      return touched.map(statusOf);
    },

    async remove(target, order) {
      const meant = registry.find(target, 'service/remove');
      const touched = withDependants(meant);
      await endAll(touched, order, 'It was removed.');
      const statuses = touched.map(statusOf);
      forget(meant);
      return statuses;
    },

    bounce,

    async discard(meant, order) {
      await endAll(meant, order, 'It was removed.');
      forget(meant);
    },

    async stopAlong(names, { graceMs, isForced, killing }) {
      const meant = names.flatMap((name) => services.get(name) ?? []);
      await endAll(dependants(meant), { graceMs }, 'It was stopped because what it needs is to be ended.');
      const toldToEnd = registry.takeNumber();
      const ended = Promise.withResolvers<void>();
      const stops = meant.map((service) => {
        Object.assign(service.intent, { isUp: false, toldToEnd });
        return service.stop({
          graceMs: isForced ? graceMs : unforcedMs,
          cause: 'It was ended by a kill that was asked for.',
          behind: ended.promise,
        });
      });
      try {
        return await killing();
      } finally {
        ended.resolve();
        if (isForced) await Promise.all(stops);
      }
    },

    dependants,
  };

  async function endAll(touched: readonly Service[], order: CommandOrder, cause: string): Promise<void> {
    const toldToEnd = registry.takeNumber();
    for (const { intent } of touched) Object.assign(intent, { isUp: false, toldToEnd });
    await inReverseOrder(namesOf(touched), registry.graph(), async (name) => {
      const service = services.get(name);
      // Somebody has asked for it again since.
      if (service === undefined || service.intent.isUp) return;
      await stopOne(service, order, cause);
    });
  }

  async function bounce(touched: readonly Service[], order: CommandOrder): Promise<void> {
    for (const { intent } of touched) intent.isUp = true;
    await inReverseOrder(namesOf(touched), registry.graph(), async (name) => {
      const service = services.get(name);
      if (service !== undefined) await stopOne(service, order, 'It is being restarted.');
    });
    if (registry.isClosed) return;
    // Who was told to stop meanwhile stays so.
    starting.begin(touched.filter((service) => service.intent.isUp && services.get(service.spec.name) === service));
  }

  /** Resolves when none of them is on its way any more, or nobody waits for that. */
  async function begun(touched: readonly Service[], signal: AbortSignal | undefined): Promise<void> {
    const overdue = new AbortController();
    const until = signal === undefined ? overdue.signal : AbortSignal.any([signal, overdue.signal]);
    const settled = Promise.all(touched.map((service) => service.until(() => !isAboutToRun(service.state), until)));
    await Promise.race([settled, clock.sleep(longestRestartMs, until).catch(() => {})]);
    overdue.abort();
  }

  /** Those that were started again meanwhile, or could not be ended, stay. */
  function forget(meant: readonly Service[]): void {
    for (const service of meant) {
      const { name } = service.spec;
      if (!isLive(service.state) && !service.intent.isUp && services.get(name) === service) registry.forget(name);
    }
  }

  function stopOne(service: Service, { graceMs, signal, onRung }: CommandOrder, cause: string): Promise<void> {
    return service.stop({ graceMs: graceMs ?? service.spec.stop.graceMs, cause, signal, onRung });
  }

  function withDependants(meant: readonly Service[]): Service[] {
    return [...meant, ...dependants(meant)];
  }

  function dependants(meant: readonly Service[]): Service[] {
    const found = dependantsOf(namesOf(meant), registry.graph(), (name, tie) => {
      const { state } = services.get(name) ?? {};
      if (state === undefined || !isLive(state)) return false;
      // What it needed completed is of no concern once it runs.
      return tie.condition !== 'completed' || state.name === 'waiting';
    });
    return found.flatMap((name) => services.get(name) ?? []);
  }
}

const namesOf = (services: readonly Service[]): string[] => services.map(({ intent }) => intent.spec.name);
