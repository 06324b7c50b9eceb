/** Sync or async. */
export type ShutdownHandler = () => unknown;

/** Runs every handler, one after the other; one that fails is told, and the next one runs. */
export async function runHandlers(handlers: readonly ShutdownHandler[], onFailure: (error: unknown) => Promise<void>): Promise<void> {
  for (const handler of handlers) {
    try {
      await handler();
    } catch (error) {
      await onFailure(error);
    }
  }
}
