import { decodeText } from './text.ts';

/** A process as sysctl(3) tells it with KERN_PROC, to every user. */
export interface KinfoProc {
  pid: number;
  ppid: number;
  pgid: number;
  /** The effective user. */
  uid: number;
  /** SIDL, SRUN, SSLEEP, SSTOP, SZOMB: 1 to 5. */
  stat: number;
  /** Epoch microseconds. */
  startMicros: number;
  /** At most 16 bytes of its name. */
  comm: string;
}

/** sizeof(struct kinfo_proc) on every 64-bit Mac. */
export const kinfoProcBytes = 648;

/** p_stat in bsd/sys/proc.h. */
export const procStat = { idle: 1, running: 2, sleeping: 3, stopped: 4, zombie: 5 } as const;

/**
 * Reads an array of struct kinfo_proc (bsd/sys/sysctl.h: struct extern_proc of 296 bytes, then struct eproc). Bytes that are no whole
 * number of them throw: then the system has another layout than the one that is known here.
 */
export function parseKinfoProcs(bytes: Uint8Array): KinfoProc[] {
  if (bytes.length % kinfoProcBytes !== 0) throw new Error(`struct kinfo_proc has another size than ${kinfoProcBytes} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / kinfoProcBytes }, (_, index) => readOne(view, bytes, index * kinfoProcBytes));
}

function readOne(view: DataView, bytes: Uint8Array, at: number): KinfoProc {
  return {
    pid: view.getInt32(at + 40, true),
    ppid: view.getInt32(at + EPROC + 264, true),
    pgid: view.getInt32(at + EPROC + 268, true),
    uid: view.getUint32(at + EPROC + 124, true),
    stat: view.getUint8(at + 36),
    startMicros: Number(view.getBigInt64(at, true)) * 1_000_000 + view.getInt32(at + 8, true),
    comm: readString(bytes.subarray(at + 243, at + 243 + 17)),
  };
}

const EPROC = 296;

/** The text before the first NUL. */
export function readString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end === -1 ? bytes : bytes.subarray(0, end));
}
