import type { Clock } from '../../clock.ts';

/** One more program may be started. */
export interface Turns {
  /**
   * Lets one through in each turn of the event loop. fork(2) and execve(2) take a millisecond or more in which nothing else is
   * done; a thousand of them in a row would make every answer wait for the last.
   */
  take(): Promise<void>;
  /**
   * The same for what it spawns, and no more of them at a time than `most`: each fork waits until its child has a processor, and
   * children that are all on their way to their program leave none.
   */
  spawn<Child>(start: () => Promise<Child>): Promise<Child>;
  /** A start begins; the answer is to be called when its program is there, or will not be. */
  begin(): () => void;
  /** Resolves when no start is under way, but after `mostMs` at the latest: what has time until then holds up none of them. */
  quiet(): Promise<void>;
}

const mostMs = 500;

export function createTurns(most: number, clock: Clock): Turns {
  const waiting: (() => void)[] = [];
  const queued: (() => void)[] = [];
  let running = 0;
  let underWay = 0;
  let isQuiet = Promise.withResolvers<void>();

  return {
    take,
    begin() {
      underWay += 1;
      return () => {
        underWay -= 1;
        if (underWay > 0) return;
        isQuiet.resolve();
        isQuiet = Promise.withResolvers();
      };
    },
    async quiet() {
      if (underWay > 0) await Promise.race([isQuiet.promise, clock.sleep(mostMs)]);
    },
    async spawn(start) {
      if (running >= most) await new Promise<void>((resolve) => queued.push(resolve));
      else running += 1;
      try {
        await take();
        return await start();
      } finally {
        // Whoever is next takes over the place.
        const next = queued.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };

  function take(): Promise<void> {
    return new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
  }

  function next(): void {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(next);
  }
}
