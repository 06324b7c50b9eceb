/** What this process knows of itself and of the machine, read once by whoever starts it. */
export interface AppSystem {
  pid: number;
  parentPid: number;
  node: string;
  platform: NodeJS.Platform;
  arch: string;
  /** Epoch ms. */
  startedAt: number;
  /** The most threads that look at the system at once. */
  threads: number;
}
