import { enterOwnJob } from '../../native/win32/ownJob.ts';

/** A sentence that says why this process could not enter a job object that ends with it; null when it has. Only for Windows. */
export function enterJob(): string | null {
  const error = enterOwnJob();
  if (error === 0) return null;
  return error === null ? 'there are no native calls' : `Windows refused the job object (error ${error})`;
}
