/** Something that is not to begin yet. */
export interface Hold {
  /** Not before this has come to an end, or `letGo` is called. */
  until(other: Promise<void>): void;
  letGo(): void;
  /** Resolves when it may begin. */
  passed(): Promise<void>;
}

export function createHold(): Hold {
  let held = Promise.withResolvers<void>();
  held.resolve();
  return {
    until(other) {
      const next = Promise.withResolvers<void>();
      held = next;
      void other.finally(next.resolve);
    },
    letGo: () => held.resolve(),
    passed: () => held.promise,
  };
}
