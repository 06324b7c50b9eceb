/** How one call differs from the others. */
export interface CallOptions {
  /** Aborting it asks the sidecar to cancel; its answer still decides, so an act that has begun is answered with its outcomes. */
  signal?: AbortSignal | undefined;
}
