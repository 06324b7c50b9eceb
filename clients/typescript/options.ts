import type { WorkDone } from './generated/types.ts';

/** How one call differs from the others. */
export interface CallOptions {
  /** Aborting it asks the sidecar to cancel; its answer still decides, so an act that has begun is answered with its outcomes. */
  signal?: AbortSignal | undefined;
  /**
   * After this long the sidecar is asked to cancel, and the call rejects with `TimedOut` without waiting for its answer: what
   * it had begun may still be done. Time spent in the client's own queue counts. No limit by default.
   */
  timeoutMs?: number | undefined;
  /** How far it has come, of methods that take a workDoneToken. */
  onProgress?: ((progress: WorkDone) => void) | undefined;
}
