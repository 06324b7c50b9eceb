import type { ShutdownOrder } from './coordinator.ts';
import { type Ending, reasonOf } from './exitCode.ts';

/** What ends the sidecar: the first decides how, a later one may leave less time. */
export interface Endings {
  /** Takes note of one. */
  end(ending: Ending): void;
  readonly first: Promise<Ending>;
  /** Resolves when a later one leaves less time. */
  readonly hurried: Promise<void>;
  /** There was one of that kind, be it the first or a later one. */
  has(kind: Ending['kind']): boolean;
}

/** Nobody waits for us any more; what is left soon after is killed. */
const hostDeathDeadlineMs = 3_000;
/** Windows ends whoever has the console 5 s after it was closed; by 3.5 s the log is flushed and all is let go. */
const consoleCloseDeadlineMs = 2_500;
/** The second SIGTERM skips the grace; killing and seeing it takes a moment. */
const impatientDeadlineMs = 500;

/** `onHurry` is told how much time is left from now, and why. */
export function createEndings(onHurry: (order: ShutdownOrder) => void): Endings {
  const first = Promise.withResolvers<Ending>();
  const hurried = Promise.withResolvers<void>();
  const seen = new Set<Ending['kind']>();
  let signals = 0;

  return {
    first: first.promise,
    hurried: hurried.promise,
    has: (kind) => seen.has(kind),
    end(ending) {
      const isFirst = seen.size === 0;
      seen.add(ending.kind);
      if (ending.kind === 'signal') signals += 1;
      if (isFirst) first.resolve(ending);
      if (isConsoleClose(ending)) hurried.resolve();
      if (isFirst) return;
      if (ending.kind === 'hostDeath' || isConsoleClose(ending)) hurry(orderOf(ending));
      else if (ending.kind === 'signal' && signals > 1) hurry({ ...orderOf(ending), deadlineMs: impatientDeadlineMs });
    },
  };

  function hurry(order: ShutdownOrder): void {
    onHurry(order);
    hurried.resolve();
  }
}

/** The shutdown that an ending asks for. */
export function orderOf(ending: Ending): ShutdownOrder {
  const reason = reasonOf(ending);
  if (isConsoleClose(ending)) return { reason, deadlineMs: consoleCloseDeadlineMs };
  return ending.kind === 'hostDeath' ? { reason, deadlineMs: hostDeathDeadlineMs, hostIsDead: true } : { reason };
}

/** SIGHUP ends nothing where a terminal sends it; it only gets here on Windows. */
const isConsoleClose = (ending: Ending): boolean => ending.kind === 'signal' && ending.signal === 'SIGHUP';
