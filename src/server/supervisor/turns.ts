/**
 * Lets one through in each turn of the event loop. fork(2) and execve(2) take a millisecond or more in which nothing else is
 * done; a thousand of them in a row would make every answer wait for the last.
 */
export function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = [];

  return function takeTurn() {
    return new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
  };

  function next(): void {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(next);
  }
}
