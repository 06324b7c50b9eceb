import type { Containment } from './containment.ts';

/**
 * Windows: the sidecar lives in a job object that ends with it, and so does all that it starts, whatever that does to leave. One
 * job holds everything, so what a single start has left is found as anywhere: by descent, and by the mark in its environment.
 */
export function createJobContainment({ hasJob }: { hasJob: boolean }): Containment {
  const kind = hasJob ? 'job' : 'none';
  return {
    kind,
    cgroupOf: () => null,
    // Nothing survives the job, so nothing was left to us.
    resume: () => Promise.reject(new Error('nothing outlives a sidecar on Windows')),
    prepare: async () => ({
      cgroup: null,
      sinceTicks: null,
      isEmpty: async () => false,
      started: async () => kind,
      letGo() {},
      ending() {},
      orphans: async () => [],
      async force() {},
      async release() {},
    }),
  };
}
