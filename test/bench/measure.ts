/** What one contender needed, one number a round: milliseconds, bytes or whatever the figure counts. */
export type Measure = () => Promise<number>;

/** The contenders’ medians over all rounds, and the ratio of ours to each other. */
export interface Comparison {
  medians: number[];
  /** Median over the rounds of first / nth in the same round: what disturbs a round disturbs both its sides. */
  ratios: number[];
}

/** Measures the contenders in turn, so many times, each round beginning with another one. The first contender is ours. */
export async function compare(rounds: number, contenders: Measure[]): Promise<Comparison> {
  const series: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const index = (round + turn) % contenders.length;
      (series[index] as number[]).push(await (contenders[index] as Measure)());
    }
  }
  const ours = series[0] as number[];
  return {
    medians: series.map(median),
    ratios: series.map((theirs) => median(ours.map((value, round) => value / (theirs[round] as number)))),
  };
}

/** The milliseconds that `action` takes. */
export async function timed(action: () => unknown): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** The milliseconds of each of `count` runs, one after the other, sorted. */
export async function timedEach(count: number, action: () => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < count; run += 1) times.push(await timed(action));
  return times.sort(ascending);
}

export function median(values: readonly number[]): number {
  return percentile([...values].sort(ascending), 50);
}

/** Of sorted values. */
export function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

function ascending(left: number, right: number): number {
  return left - right;
}
