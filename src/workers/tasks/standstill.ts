import type { AtRest } from '../platform/atRest.ts';
import type { Signals } from '../platform/types.ts';

/** What is in the kernel’s hands (a vfork, a dead disk) does not stop; it cannot fork there either. */
const longestStopMs = 50;
const pauseMs = 0.1;

/** Waits until these have stopped, which takes them no longer than until they next run; gives the processor away meanwhile. Who has not by then is missing. */
export function awaitStandstill(pids: number[], signals: Signals): Map<number, AtRest> {
  const resting = new Map<number, AtRest>();
  const giveUpMs = performance.now() + longestStopMs;
  for (let moving = pids; ; Atomics.wait(nothing, 0, 0, pauseMs)) {
    moving = moving.filter((pid) => !isResting(pid));
    if (moving.length === 0 || performance.now() >= giveUpMs) return resting;
  }

  function isResting(pid: number): boolean {
    const rest = signals.atRest(pid);
    if (rest !== null) resting.set(pid, rest);
    return rest !== null;
  }
}

const nothing = new Int32Array(new SharedArrayBuffer(4));
