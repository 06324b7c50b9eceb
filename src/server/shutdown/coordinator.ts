import type { Clock } from '../../clock.ts';
import type { ShutdownReport, ShutdownStep } from '../../protocol/types/shutdown.ts';

/** One thing to end, and how. A rejection is recorded and the rest goes on. */
export interface ShutdownTask {
  kind: ShutdownStep['kind'];
  name: string;
  end(signal: AbortSignal): Promise<void>;
}

export interface Shutdown {
  /** Ends everything, in order; a second call joins the first. */
  run(reason: string, deadlineMs: number): Promise<ShutdownReport>;
}

/** Ends what the sidecar holds, one task after the other, and reports how each went. */
export function createShutdown(tasks: readonly ShutdownTask[], clock: Clock): Shutdown {
  let underway: Promise<ShutdownReport> | null = null;

  return {
    run(reason, deadlineMs) {
      underway ??= endAll(reason, deadlineMs);
      return underway;
    },
  };

  async function endAll(reason: string, deadlineMs: number): Promise<ShutdownReport> {
    const startedMs = clock.monotonicMs();
    const steps: ShutdownStep[] = [];
    for (const task of tasks) steps.push(await endOne(task, deadlineMs - (clock.monotonicMs() - startedMs)));
    const ok = steps.every(({ status }) => status === 'done' || status === 'skipped');
    return { ok, reason, elapsedMs: Math.round(clock.monotonicMs() - startedMs), steps };
  }

  async function endOne({ kind, name, end }: ShutdownTask, remainingMs: number): Promise<ShutdownStep> {
    const startedMs = clock.monotonicMs();
    const step = (status: ShutdownStep['status'], error?: string): ShutdownStep => ({
      kind,
      name,
      status,
      elapsedMs: Math.round(clock.monotonicMs() - startedMs),
      ...(error !== undefined && { error }),
    });
    const timeUp = new AbortController();
    try {
      return await Promise.race([
        end(timeUp.signal).then(() => step('done')),
        clock.sleep(Math.max(0, remainingMs), timeUp.signal).then(() => step('timeout', 'It did not end before the deadline.')),
      ]);
    } catch (error) {
      return step('failed', error instanceof Error ? error.message : String(error));
    } finally {
      timeUp.abort();
    }
  }
}
