import type { Log } from '../../../log.ts';
import type { ProcessMark } from '../../ledger/records.ts';
import { makeServiceJob, type ServiceJob } from '../../os/serviceJob.ts';
import { type Containment, uncontained } from './containment.ts';

export interface JobContainmentParts {
  /** The sidecar itself is in one, with all that it starts. */
  hasJob: boolean;
  /** Those of these processes that count as such, with their identities; gone ones are left out. */
  identify(pids: readonly number[]): Promise<ProcessMark[]>;
  log: Log;
}

/**
 * Windows: the sidecar lives in a job object that ends with it, and so does all that it starts, whatever that does to leave. Each
 * start has one more within, which says what belongs to it and ends just that. A process is taken in right after it was started: what
 * it has started before that, if anything, is found as anywhere else, by descent and by the mark in its environment.
 */
export function createJobContainment({ hasJob, identify, log }: JobContainmentParts): Containment {
  const kind = hasJob ? 'job' : 'none';
  /** By the process that was started; the last one of a pid is the one that lives. */
  const jobs = new Map<number, ServiceJob>();
  return {
    kind,
    cgroupOf: () => null,
    usageOf(pid) {
      const job = jobs.get(pid);
      return job === undefined ? null : { pids: job.members(), cpuMs: job.cpuMs(), rssBytes: null };
    },
    // Nothing survives the job, so nothing was left to us.
    resume: () => Promise.reject(new Error('nothing outlives a sidecar on Windows')),

    async prepare({ startId }) {
      let job = hasJob ? makeServiceJob() : null;
      let leader: number | null = null;
      return {
        // Never known to be empty: what was started before its process was taken in is in no list.
        ...uncontained,
        async started(pid) {
          const problem = job?.take(pid) ?? null;
          if (problem !== null) {
            log.warn({ problem, startId }, 'what a service starts is found by descent and by its mark alone');
            job = closed(job);
          }
          if (job !== null) jobs.set(pid, job);
          leader = pid;
          return kind;
        },
        orphans: async () => (job === null ? [] : identify(job.members())),
        async force() {
          job?.end();
        },
        async release() {
          if (leader !== null && jobs.get(leader) === job) jobs.delete(leader);
          job = closed(job);
        },
      };
    },
  };
}

function closed(job: ServiceJob | null): null {
  job?.close();
  return null;
}
