/**
 * The handles on processes that a call waits for. One that is forgotten meanwhile is closed only after that call, because its number
 * could be given to another one.
 */
export interface WatchedHandles {
  readonly size: number;
  list(): number[];
  /** Takes the handle over. The answer forgets it. */
  add(handle: number, onExit: () => void): () => void;
  /** Its process has ended. */
  settle(handle: number): void;
  forgetAll(): void;
  /** For when no call is under way. */
  closeForgotten(): void;
}

/** `wake` ends the call that is under way. */
export function createWatchedHandles({ close, wake }: { close(handle: number): void; wake(): void }): WatchedHandles {
  const watched = new Map<number, () => void>();
  const forgotten = new Set<number>();

  return {
    get size() {
      return watched.size;
    },
    list: () => [...watched.keys()],

    add(handle, onExit) {
      watched.set(handle, onExit);
      return () => forget(handle, onExit);
    },

    settle(handle) {
      const onExit = watched.get(handle);
      if (onExit === undefined) return;
      watched.delete(handle);
      close(handle);
      onExit();
    },

    forgetAll() {
      for (const [handle, onExit] of watched) forget(handle, onExit);
    },

    closeForgotten() {
      for (const handle of forgotten) close(handle);
      forgotten.clear();
    },
  };

  function forget(handle: number, onExit: () => void): void {
    // After an exit the handle is closed, and its number may be that of another wait.
    if (watched.get(handle) !== onExit) return;
    watched.delete(handle);
    forgotten.add(handle);
    wake();
  }
}
