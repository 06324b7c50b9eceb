import { loadLibraries } from './libraries.ts';

/**
 * Puts this process into a job object of its own, without breakaway, that kills whoever is in it when its only handle closes, which
 * ours is: all that we start is born inside, and nothing of it outlives us, however we end. The error, or 0; null without native calls.
 */
export function enterOwnJob(): number | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { kernel32, lastError } = libraries;
  const createJob = kernel32.func('intptr_t __stdcall CreateJobObjectW(void *security, void *name)');
  const setInformation = kernel32.func('bool __stdcall SetInformationJobObject(intptr_t job, int kind, void *bytes, uint32 size)');
  const assign = kernel32.func('bool __stdcall AssignProcessToJobObject(intptr_t job, intptr_t process)');
  // Without security attributes no child inherits the handle.
  const job = createJob(null, null);
  if (Number(job) === 0) return lastError();
  const limits = new DataView(new ArrayBuffer(LIMITS_BYTES));
  limits.setUint32(LIMIT_FLAGS, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, true);
  if (!setInformation(job, EXTENDED_LIMIT_INFORMATION, new Uint8Array(limits.buffer), LIMITS_BYTES)) return lastError();
  return assign(job, CURRENT_PROCESS) ? 0 : lastError();
}

/** What GetCurrentProcess() answers. */
const CURRENT_PROCESS = -1;
/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h), 64 bit. */
const EXTENDED_LIMIT_INFORMATION = 9;
const LIMITS_BYTES = 144;
const LIMIT_FLAGS = 16;
const JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;
