import type { Surroundings } from '../context.ts';

/**
 * Looks every `intervalMs` until the signal is aborted. One look at a time, so that a slow system gets fewer looks
 * and not a heap of them; a look that fails is logged and the next one tried.
 */
export async function sample(
  intervalMs: number,
  signal: AbortSignal,
  look: () => Promise<void>,
  { clock, log }: Surroundings,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(intervalMs, signal);
      await look();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'a watched thing could not be looked at');
    }
  }
}
