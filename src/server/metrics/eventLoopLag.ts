import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer } from '../../clock.ts';
import type { Family } from './family.ts';

type LagHistogram = ReturnType<typeof monitorEventLoopDelay>;

/**
 * How long the event loop keeps its timers waiting. Watching costs a wake-up every 20 ms, so it begins with the first question
 * and ends when nobody has asked for a while: a sidecar at rest sleeps.
 */
export function createEventLoopLag(clock: Pick<Clock, 'setTimer'>): () => Family {
  let histogram: LagHistogram | null = null;
  let forgetting: Timer | null = null;

  return function lag() {
    forgetting?.cancel();
    forgetting = clock.setTimer(forgottenAfterMs, () => {
      histogram?.disable();
      histogram = null;
    });
    const samples = histogram === null || histogram.count === 0 ? [] : take(histogram);
    if (histogram === null) {
      histogram = monitorEventLoopDelay({ resolution: resolutionMs });
      histogram.enable();
    }
    return {
      name: 'sidewarden_event_loop_lag_seconds',
      type: 'gauge',
      help: 'How late timers were since the last question, by quantile; nothing is known on the first one.',
      samples,
    };
  };
}

const resolutionMs = 20;
const forgottenAfterMs = 300_000;
const quantiles = [0.5, 0.99, 1];

function take(histogram: LagHistogram) {
  const samples = quantiles.map((quantile) => sampleOf(histogram, quantile));
  histogram.reset();
  return samples;
}

/** Node counts the whole delay between two looks, of which the resolution was meant. */
function sampleOf(histogram: LagHistogram, quantile: number) {
  const nanoseconds = quantile === 1 ? histogram.max : histogram.percentile(quantile * 100);
  return { labels: { quantile: String(quantile) }, value: Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3) };
}
