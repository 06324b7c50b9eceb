import type { Connection } from './connection.ts';
import { cancelledUnsent, disconnected, SidecarError, timedOut } from './errors.ts';
import { createRemembered, note, type Remembered, translate, undo } from './remembered.ts';
import { type Lost, replay } from './replay.ts';
import { type AfterDeath, afterDeath, type Death, type Restarts } from './restart.ts';
import type { OnAnswer, RequestOptions } from './wire.ts';

/** A sidecar that is started anew when it dies. */
export interface Keeper {
  /** The connection of today, or the last one there was. */
  readonly connection: Connection;
  readonly remembered: Remembered;
  /** Waits while the sidecar is being restarted. What was sent to one that died rejects as Disconnected, and is not sent again. */
  request(method: string, params: object, options?: RequestOptions): Promise<unknown>;
  /** Ends it in order, for good. */
  end(params: object): Promise<unknown>;
}

export interface KeeperOptions {
  appId: string;
  restarts: Restarts;
  open(): Promise<Connection>;
  /** It runs again; `error` is why it had to. */
  onRestarted(restarted: { lost: Lost[]; error: SidecarError }): void;
  /** It has ended, nobody asked it to, and it is not restarted. */
  onOver(error: SidecarError): void;
}

type State = { name: 'up' } | { name: 'restarting'; up: Promise<void> } | { name: 'over'; error: SidecarError };

/** Rejects when it cannot be started the first time. */
export async function keepSidecar({ appId, restarts, open, onRestarted, onOver }: KeeperOptions): Promise<Keeper> {
  const remembered = createRemembered();
  const restartedAt: number[] = [];
  let isWanted = true;
  let connection = await open();
  let state: State = { name: 'up' };
  let ending: Promise<unknown> | undefined;
  watch();

  return {
    get connection() {
      return connection;
    },
    remembered,
    request,
    end(params) {
      isWanted = false;
      ending ??= endWhenUp(params);
      return ending;
    },
  };

  async function request(method: string, params: object, options: RequestOptions = {}): Promise<unknown> {
    // How it ends decides whether there will be another one: whoever asks again at once waits, too.
    if (state.name === 'up' && connection.isLost) await connection.ended;
    if (state.name === 'over') throw state.error;
    // No await where there is nothing to wait for: requests go out in the order of asking.
    const left = state.name === 'up' ? options : await waitFor(state.up, method, options);
    const told = translate(remembered, method, params as Record<string, unknown>);
    const endsIt = method === 'shutdown' || (method === 'shutdown/run' && told.keepRunning !== true);
    if (endsIt) isWanted = false;
    const { request: ask } = connection;
    const onAnswer: OnAnswer = (result, isStillWanted) => {
      const undoing = isStillWanted ? null : undo(method, result);
      // Nobody has its id, so nobody would ever end it.
      if (undoing !== null) return void ask(undoing.method, undoing.params).catch(() => {});
      note(remembered, method, told, result);
      options.onAnswer?.(result, isStillWanted);
    };
    try {
      return await ask(method, told, { ...left, onAnswer });
    } catch (error) {
      const isRefused = error instanceof SidecarError && error.code !== null;
      if (endsIt && isRefused) isWanted = ending === undefined;
      throw error;
    }
  }

  function watch(): void {
    void connection.ended.then(({ ending, error }) => {
      const next = decide({ sentence: error.message, code: 'code' in ending ? ending.code : null });
      if (next.kind === 'over') return void finish(next.sentence, error);
      const up = restart(next.afterMs, error);
      // Whoever waits for it is told, and if nobody does, onOver is.
      up.catch(() => {});
      state = { name: 'restarting', up };
    });
  }

  async function restart(firstAfterMs: number, error: SidecarError): Promise<void> {
    let next: AfterDeath = { kind: 'restart', afterMs: firstAfterMs };
    let cause: unknown = error;
    while (next.kind === 'restart') {
      await sleep(next.afterMs);
      restartedAt.push(performance.now());
      try {
        if (!isWanted) throw error;
        const lost = await reopen();
        state = { name: 'up' };
        watch();
        return onRestarted({ lost, error });
      } catch (failure) {
        cause = failure;
        next = decide({ sentence: failure instanceof Error ? failure.message : String(failure), code: null });
      }
    }
    throw finish(next.sentence, cause);
  }

  async function reopen(): Promise<Lost[]> {
    const next = await open();
    try {
      const lost = await replay(remembered, appId, (method, params, onAnswer) => next.request(method, params, { onAnswer }));
      connection = next;
      return lost;
    } catch (failure) {
      await next.end();
      throw failure;
    }
  }

  function decide(death: Death): AfterDeath {
    return afterDeath(death, { isWanted, restarts, restartedAt, now: performance.now() });
  }

  function finish(sentence: string, cause: unknown): SidecarError {
    const error = disconnected(sentence, cause);
    state = { name: 'over', error };
    if (isWanted) onOver(error);
    return error;
  }

  async function endWhenUp(params: object): Promise<unknown> {
    if (state.name === 'restarting') await state.up.catch(() => {});
    return connection.end(params);
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a restart, and gives the options with the time that is left of them. */
function waitFor(up: Promise<void>, method: string, options: RequestOptions): Promise<RequestOptions> {
  const { signal, timeoutMs } = options;
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => over(() => reject(timedOut(method, timeoutMs))), timeoutMs);
    const cancel = () => over(() => reject(cancelledUnsent(method)));
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    const left = () => ({ ...options, timeoutMs: timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - startedAt) });
    up.then(
      () => over(() => resolve(left())),
      (error: unknown) => over(() => reject(error)),
    );

    function over(settle: () => void): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      settle();
    }
  });
}
