/** A process as a shell can tell it from another: by when it started, in clock ticks since boot (Linux) or seconds (macOS). */
export interface TickMark {
  pid: number;
  startTicks: number;
}

/** Null for a process that is gone, or that cannot be read. */
export type ReadTicks = (pid: number) => Promise<TickMark | null>;
