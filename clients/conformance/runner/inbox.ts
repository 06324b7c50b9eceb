/** What arrives, in order, for somebody who waits for the next one with a deadline. */
export interface Inbox<Item> {
  put(item: Item): void;
  /** Nothing more arrives: whoever waits is told so. */
  close(why: string): void;
  next(what: string, withinMs?: number): Promise<Item>;
}

const patienceMs = 20_000;

export function createInbox<Item>(): Inbox<Item> {
  const items: Item[] = [];
  const waiting: { resolve(item: Item): void; reject(error: Error): void }[] = [];
  let closed: string | null = null;

  return {
    put(item) {
      const waiter = waiting.shift();
      if (waiter === undefined) items.push(item);
      else waiter.resolve(item);
    },
    close(why) {
      closed ??= why;
      for (const { reject } of waiting.splice(0)) reject(new Error(closed));
    },
    next(what, withinMs = patienceMs) {
      if (items.length > 0) return Promise.resolve(items.shift() as Item);
      if (closed !== null) return Promise.reject(new Error(`${closed}, before ${what}`));
      return new Promise((resolve, reject) => {
        const waiter = { resolve: over(resolve), reject: over(reject) };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(new Error(`not within ${withinMs} ms: ${what}`));
        }, withinMs);
        waiting.push(waiter);

        function over<Value>(settle: (value: Value) => void): (value: Value) => void {
          return (value) => {
            clearTimeout(timer);
            settle(value);
          };
        }
      });
    },
  };
}
