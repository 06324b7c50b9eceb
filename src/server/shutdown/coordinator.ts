import type { Clock } from '../../clock.ts';
import type { ShutdownReport, ShutdownStep } from '../../protocol/types/shutdown.ts';

/** One thing to end, and how. A rejection is recorded and the rest goes on. */
export interface ShutdownTask {
  kind: ShutdownStep['kind'];
  name: string;
  end(deadline: Deadline): Promise<void>;
}

/** When everything has to be over. It may come closer: a host that dies meanwhile leaves less time. */
export interface Deadline {
  remainingMs(): number;
  /** Calls back when it has come closer. */
  onCloser(listener: () => void): void;
}

/** What is ended together; asked for when its turn has come. */
export type ShutdownPhase = () => ShutdownTask[];

export interface Shutdown {
  /** Ends everything, in order; a second call joins the first, and can only bring its deadline closer. */
  run(reason: string, deadlineMs: number): Promise<ShutdownReport>;
}

/** Ends what the sidecar holds, one phase after the other, and reports how each task went. */
export function createShutdown(phases: readonly ShutdownPhase[], clock: Clock): Shutdown {
  const listeners = new Set<() => void>();
  let deadlineAtMs = Number.POSITIVE_INFINITY;
  let underway: Promise<ShutdownReport> | null = null;

  const deadline: Deadline = {
    remainingMs: () => Math.max(0, deadlineAtMs - clock.monotonicMs()),
    onCloser: (listener) => void listeners.add(listener),
  };

  return {
    run(reason, deadlineMs) {
      const atMs = clock.monotonicMs() + deadlineMs;
      if (atMs < deadlineAtMs) {
        deadlineAtMs = atMs;
        for (const listener of listeners) listener();
      }
      underway ??= endAll(reason);
      return underway;
    },
  };

  async function endAll(reason: string): Promise<ShutdownReport> {
    const startedMs = clock.monotonicMs();
    const steps: ShutdownStep[] = [];
    for (const phase of phases) steps.push(...(await Promise.all(phase().map(endOne))));
    const ok = steps.every(({ status }) => status === 'done' || status === 'skipped');
    return { ok, reason, elapsedMs: Math.round(clock.monotonicMs() - startedMs), steps };
  }

  async function endOne({ kind, name, end }: ShutdownTask): Promise<ShutdownStep> {
    const startedMs = clock.monotonicMs();
    const step = (status: ShutdownStep['status'], error?: string): ShutdownStep => ({
      kind,
      name,
      status,
      elapsedMs: Math.round(clock.monotonicMs() - startedMs),
      ...(error !== undefined && { error }),
    });
    const isOver = new AbortController();
    try {
      const ended = end(deadline).then(() => step('done'));
      const late = untilDeadline(isOver.signal).then(() => step('timeout', 'It did not end before the deadline.'));
      return await Promise.race([ended, late]);
    } catch (error) {
      return step('failed', error instanceof Error ? error.message : String(error));
    } finally {
      isOver.abort();
    }
  }

  function untilDeadline(isOver: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let timer = clock.setTimer(deadline.remainingMs(), resolve);
      const onCloser = () => {
        timer.cancel();
        timer = clock.setTimer(deadline.remainingMs(), resolve);
      };
      listeners.add(onCloser);
      isOver.addEventListener('abort', () => {
        timer.cancel();
        listeners.delete(onCloser);
      });
    });
  }
}
