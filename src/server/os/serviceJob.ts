import { loadServiceJobs } from '../../native/win32/serviceJobs.ts';
import { filetimeToMs } from '../../workers/platform/parse/filetime.ts';

/** A job object of Windows for one start of a service. */
export interface ServiceJob {
  /** Takes its process in, and all that this starts from now on. Why not, as a sentence; null when it is in. */
  take(pid: number): string | null;
  /** Those that live; none where the system does not tell. */
  members(): number[];
  /** CPU time of all that were ever in it, in ms; null where the system does not tell. */
  cpuMs(): number | null;
  /** Ends every member at once, and nobody else. */
  end(): void;
  /** Gives it up; whoever is in it runs on. */
  close(): void;
}

/** Null without native calls, and where Windows makes none. */
export function makeServiceJob(): ServiceJob | null {
  const jobs = loadServiceJobs();
  const made = jobs?.create() ?? null;
  if (jobs === null || made === null || 'error' in made) return null;
  let job: number | null = made.handle;
  return {
    take(pid) {
      const error = job === null ? null : jobs.take(job, pid);
      return error === 0 ? null : `Windows did not let process ${pid} into its job object (error ${error})`;
    },
    members: () => (job === null ? [] : (jobs.members(job) ?? [])),
    cpuMs() {
      const units = job === null ? null : jobs.cpu(job);
      return units === null ? null : filetimeToMs(units);
    },
    end() {
      if (job !== null) jobs.terminate(job);
    },
    close() {
      if (job !== null) jobs.close(job);
      job = null;
    },
  };
}
