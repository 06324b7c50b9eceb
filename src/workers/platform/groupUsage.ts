/** What the kernel counts for a cgroup and those below it, or for a job object. */
export interface GroupUsage {
  /** Who is in it now. */
  pids: number[];
  /** CPU time of all that ever ran in it; null where it is not counted. */
  cpuMs: number | null;
  /** What its processes have in memory, each page once; null without the memory controller, and for a job object. */
  rssBytes: number | null;
}
