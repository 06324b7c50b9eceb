/** A process as NtQuerySystemInformation lists it. */
export interface SystemProcess {
  pid: number;
  /** Who started it; that pid may be another’s by now, for Windows never corrects it. */
  ppid: number;
  /** The image name; empty for the idle process. */
  name: string;
  /** In units of 100 ns since 1601. */
  created: bigint;
  /** User and kernel time used, in units of 100 ns. */
  cpu: bigint;
  workingSetBytes: number;
  threads: number;
  /** Every thread waits for somebody to resume it. */
  isSuspended: boolean;
}

/**
 * Reads the chain of SYSTEM_PROCESS_INFORMATION (winternl.h, 64 bit), each with its SYSTEM_THREAD_INFORMATIONs behind it. The pointers
 * of names lead into the same bytes, which were at `address` when the kernel wrote them.
 */
export function parseSystemProcesses(bytes: Uint8Array, address: bigint): SystemProcess[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const processes: SystemProcess[] = [];
  for (let at = 0; at + FIXED_BYTES <= bytes.length; ) {
    const threads = view.getUint32(at + 4, true);
    processes.push({
      pid: Number(view.getBigUint64(at + 80, true)),
      ppid: Number(view.getBigUint64(at + 88, true)),
      name: readName(bytes, view, at, address),
      created: view.getBigUint64(at + 32, true),
      cpu: view.getBigUint64(at + 40, true) + view.getBigUint64(at + 48, true),
      workingSetBytes: Number(view.getBigUint64(at + 144, true)),
      threads,
      isSuspended: threads > 0 && areSuspended(view, at + FIXED_BYTES, threads),
    });
    const next = view.getUint32(at, true);
    if (next === 0) break;
    at += next;
  }
  return processes;
}

function readName(bytes: Uint8Array, view: DataView, at: number, address: bigint): string {
  const length = view.getUint16(at + 56, true);
  const start = Number(view.getBigUint64(at + 64, true) - address);
  return length === 0 || start < 0 || start + length > bytes.length ? '' : decoder.decode(bytes.subarray(start, start + length));
}

function areSuspended(view: DataView, first: number, threads: number): boolean {
  for (let thread = 0; thread < threads; thread++) {
    const at = first + thread * THREAD_BYTES;
    if (at + THREAD_BYTES > view.byteLength) return false;
    if (view.getUint32(at + 68, true) !== WAITING || view.getUint32(at + 72, true) !== SUSPENDED) return false;
  }
  return true;
}

const decoder = new TextDecoder('utf-16le', { ignoreBOM: true });
const FIXED_BYTES = 256;
const THREAD_BYTES = 80;
/** KTHREAD_STATE and KWAIT_REASON (wdm.h). */
const WAITING = 5;
const SUSPENDED = 5;
