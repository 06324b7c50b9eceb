import { loadLibraries } from './libraries.ts';
import { access } from './processHandle.ts';

/**
 * Job objects, each for one start of a service, inside the one that we live in (nested since Windows 8): whatever a member starts is
 * born a member, whatever it does to leave, and the kernel knows them all.
 */
export interface ServiceJobs {
  /** Without a limit: nobody ends because it is closed. No child inherits it. */
  create(): { handle: number } | { error: number };
  /** Takes a process in, and all that it starts from now on. The error, or 0. */
  take(job: number, pid: number): number;
  /** TerminateJobObject: all members, in one go. The error, or 0. */
  terminate(job: number): number;
  /** Their pids; null where they cannot be listed. */
  members(job: number): number[] | null;
  /** User and kernel time of all that were ever in it, in units of 100 ns; null where it cannot be told. */
  cpu(job: number): bigint | null;
  close(job: number): void;
}

/** Null without native calls. */
export function loadServiceJobs(): ServiceJobs | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: ServiceJobs | null | undefined;

function bind(): ServiceJobs | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { kernel32, lastError } = libraries;
  const createJob = kernel32.func('intptr_t __stdcall CreateJobObjectW(void *security, void *name)');
  const openProcess = kernel32.func('intptr_t __stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)');
  const assign = kernel32.func('bool __stdcall AssignProcessToJobObject(intptr_t job, intptr_t process)');
  const terminateJob = kernel32.func('bool __stdcall TerminateJobObject(intptr_t job, uint32 exitCode)');
  const query = kernel32.func(
    'bool __stdcall QueryInformationJobObject(intptr_t job, int kind, void *bytes, uint32 size, _Out_ uint32 *needed)',
  );
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');

  return {
    create() {
      const handle = Number(createJob(null, null));
      return handle === 0 ? { error: lastError() } : { handle };
    },
    take(job, pid) {
      const process = Number(openProcess(access.setQuota | access.terminate, false, pid));
      if (process === 0) return lastError();
      const error = assign(job, process) ? 0 : lastError();
      closeHandle(process);
      return error;
    },
    terminate: (job) => (terminateJob(job, EXIT_CODE) ? 0 : lastError()),
    members(job) {
      for (let most = 64; most <= mostMembers; most *= 4) {
        const bytes = new Uint8Array(LIST_OFFSET + most * 8);
        if (query(job, BASIC_PROCESS_ID_LIST, bytes, bytes.length, [0])) return readPids(new DataView(bytes.buffer));
        if (lastError() !== ERROR_MORE_DATA) return null;
      }
      return null;
    },
    cpu(job) {
      const bytes = new Uint8Array(ACCOUNTING_BYTES);
      if (!query(job, BASIC_ACCOUNTING_INFORMATION, bytes, bytes.length, [0])) return null;
      const view = new DataView(bytes.buffer);
      return view.getBigInt64(0, true) + view.getBigInt64(8, true);
    },
    close: (job) => void closeHandle(job),
  };
}

/** JOBOBJECT_BASIC_PROCESS_ID_LIST (winnt.h), 64 bit: how many there are, how many of them follow, and these. */
function readPids(list: DataView): number[] {
  const count = list.getUint32(4, true);
  return Array.from({ length: count }, (_, place) => Number(list.getBigUint64(LIST_OFFSET + place * 8, true)));
}

/** JOBOBJECT_BASIC_ACCOUNTING_INFORMATION (winnt.h): total user time, total kernel time, … */
const BASIC_ACCOUNTING_INFORMATION = 1;
const ACCOUNTING_BYTES = 48;
const LIST_OFFSET = 8;
const BASIC_PROCESS_ID_LIST = 3;
const mostMembers = 1 << 20;
const ERROR_MORE_DATA = 234;
/** What Node gives a child that it kills. */
const EXIT_CODE = 1;
