import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program that says on stderr how it is when it is asked to (measureItself.mjs). */
export interface SelfMeasuring {
  child: ChildProcess;
  measure(): Promise<Measurement>;
}

export interface Measurement {
  /** Right after a garbage collection. */
  rssBytes: number;
  /** What its main thread’s JavaScript holds. */
  heapBytes: number;
  /** How late timers came, since the first measurement. */
  lag: { p50Ms: number; p90Ms: number; p99Ms: number; maxMs: number };
}

const addition = fileURLToPath(new URL('../../fixtures/programs/measureItself.mjs', import.meta.url));

export function spawnSelfMeasuring(command: string[]): SelfMeasuring {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: `--expose-gc --import=${addition}` },
  });
  const waiting: ((measurement: Measurement) => void)[] = [];
  createInterface(child.stderr).on('line', (line) => {
    const { measurement } = JSON.parse(line) as { measurement?: Measurement };
    if (measurement !== undefined) waiting.shift()?.(measurement);
  });
  return {
    child,
    measure() {
      const { promise, resolve } = Promise.withResolvers<Measurement>();
      waiting.push(resolve);
      child.kill('SIGUSR2');
      return promise;
    },
  };
}
