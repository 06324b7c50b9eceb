import type { Family, Sample } from './family.ts';

/** How many requests were answered, how, and how long it took. */
export interface RequestMetrics {
  observe(request: AnsweredRequest): void;
  families(): Family[];
}

export interface AnsweredRequest {
  method: string;
  /** `ok`, or the kind of its error. */
  outcome: string;
  durationMs: number;
}

/** Upper bounds in seconds: from what never leaves the event loop to what waits for a grace period. */
const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

interface Histogram {
  /** One for each bound, and one for whatever is longer. */
  buckets: number[];
  sum: number;
}

/** Counted from the first request on by a few additions each: what renders it is loaded when somebody asks. */
export function createRequestMetrics(): RequestMetrics {
  const counts = new Map<string, Map<string, number>>();
  const durations = new Map<string, Histogram>();

  return {
    observe({ method, outcome, durationMs }) {
      const outcomes = counts.get(method) ?? new Map<string, number>();
      counts.set(method, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
      const seconds = durationMs / 1_000;
      const histogram = durations.get(method) ?? { buckets: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
      durations.set(method, histogram);
      const index = bounds.findIndex((bound) => seconds <= bound);
      const bucket = index === -1 ? bounds.length : index;
      histogram.buckets[bucket] = (histogram.buckets[bucket] as number) + 1;
      histogram.sum += seconds;
    },

    families: () => [
      {
        name: 'sidewarden_requests',
        type: 'counter',
        help: 'Answered requests, by method and by outcome: ok, or the kind of the error.',
        samples: [...counts].flatMap(([method, outcomes]) =>
          [...outcomes].map(([outcome, value]) => ({ labels: { method, outcome }, value })),
        ),
      },
      {
        name: 'sidewarden_request_duration_seconds',
        type: 'histogram',
        help: 'From the arrival of a request to its answer.',
        samples: [...durations].flatMap(([method, histogram]) => bucketSamples(method, histogram)),
      },
    ],
  };
}

/** OpenMetrics, section 5.3 on histograms: buckets are cumulative, the last one is +Inf and equals the count. */
function bucketSamples(method: string, { buckets, sum }: Histogram): Sample[] {
  let count = 0;
  const samples: Sample[] = buckets.map((inBucket, index) => {
    count += inBucket;
    const bound = bounds[index];
    return { suffix: '_bucket', labels: { method, le: bound === undefined ? '+Inf' : openMetricsFloat(bound) }, value: count };
  });
  samples.push({ suffix: '_sum', labels: { method }, value: sum }, { suffix: '_count', labels: { method }, value: count });
  return samples;
}

/** Canonical numbers (OpenMetrics, section 4.4.4.1) have a point: `1.0`, so that `le` means the same to everybody. */
const openMetricsFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));
