import type { Clock } from '../../clock.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { Pool } from '../../workers/pool.ts';
import { localAddresses } from './hosts.ts';

export interface PortWait {
  port: number;
  protocol: Protocol;
  host: string | undefined;
  state: 'listening' | 'free';
  timeoutMs: number;
}

export type WaitForPort = (wait: PortWait, signal: AbortSignal) => Promise<{ reached: boolean; elapsedMs: number }>;

/** The kernel tells nobody that a port was bound, so somebody has to look again; quickly at first, then calmly. */
const eagerIntervalMs = 25;
const calmIntervalMs = 100;
const eagerForMs = 2_000;

interface Waiting extends PortWait {
  hosts: string[] | null;
  sinceMs: number;
  settle(outcome: { reached: boolean } | { error: unknown }): void;
}

/** Waits for ports. However many wait, there is one look an interval, and none while nobody waits. */
export function createPortWaiting(pool: Pool, clock: Clock): WaitForPort {
  const waiting = new Set<Waiting>();
  let looking = false;

  return async function waitForPort(wait, signal) {
    signal.throwIfAborted();
    const sinceMs = clock.monotonicMs();
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const entry: Waiting = {
      ...wait,
      hosts: localAddresses(wait.host),
      sinceMs,
      settle(outcome) {
        if (!waiting.delete(entry)) return;
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.reached);
      },
    };
    const onAbort = () => entry.settle({ error: signal.reason });
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.add(entry);
    if (!looking) void lookUntilNobodyWaits();
    const reached = await promise.finally(() => signal.removeEventListener('abort', onAbort));
    return { reached, elapsedMs: Math.round(clock.monotonicMs() - sinceMs) };
  };

  async function lookUntilNobodyWaits(): Promise<void> {
    looking = true;
    while (waiting.size > 0) {
      const present = [...waiting];
      try {
        await look(present);
      } catch (error) {
        for (const entry of present) entry.settle({ error });
      }
      if (waiting.size > 0) await clock.sleep(intervalFor(waiting));
    }
    looking = false;
  }

  /** By the rules alone: a bind every few milliseconds could itself stand in a server’s way. */
  async function look(present: Waiting[]): Promise<void> {
    const questions = present.map(({ port, protocol, hosts }) => ({ port, protocol, hosts, bind: 'never' as const }));
    const verdicts = await pool.run('checkPorts', { questions });
    present.forEach((entry, index) => {
      const verdict = verdicts[index];
      if (verdict && (entry.state === 'listening' ? verdict.inUse : verdict.canBind)) entry.settle({ reached: true });
      else if (clock.monotonicMs() - entry.sinceMs >= entry.timeoutMs) entry.settle({ reached: false });
    });
  }

  function intervalFor(entries: Iterable<Waiting>): number {
    const now = clock.monotonicMs();
    let interval = calmIntervalMs;
    for (const { sinceMs, timeoutMs } of entries) {
      if (now - sinceMs < eagerForMs) interval = Math.min(interval, eagerIntervalMs);
      interval = Math.min(interval, Math.max(1, timeoutMs - (now - sinceMs)));
    }
    return interval;
  }
}
