import { constants } from 'node:os';
import { type LibSystem, loadLibSystem } from './libSystem.ts';

/** sysctl(3) on processes, undecoded. */
export interface ProcessTable {
  /** An array of struct kinfo_proc: of all processes, or of one; empty where there is none of that pid. */
  read(pid: number | null): Uint8Array;
  /** KERN_PROCARGS2: what it was started with. Null for one that is gone, is the kernel’s own, or belongs to another user. */
  readArguments(pid: number): Uint8Array | null;
}

/** Null without native calls: `processList.ts` runs ps(1) then, which tells no arguments one by one. */
export function loadProcessTable(): ProcessTable | null {
  const system = loadLibSystem();
  if (system === null) return null;
  loaded ??= bind(system);
  return loaded;
}
let loaded: ProcessTable | undefined;

function bind({ lib, errno }: LibSystem): ProcessTable {
  const sysctl = lib.func('int sysctl(void *name, uint32_t count, void *old, void *oldSize, void *next, size_t nextSize)');
  let buffer = new Uint8Array(256 * 1024);

  return {
    read(pid) {
      const name = Int32Array.from([CTL_KERN, KERN_PROC, ...(pid === null ? [KERN_PROC_ALL, 0] : [KERN_PROC_PID, pid])]);
      for (;;) {
        const size = BigUint64Array.of(BigInt(buffer.length));
        if (sysctl(name, name.length, buffer, size, null, 0) === 0) return buffer.slice(0, Number(size[0]));
        // Others may start between two calls, so the kernel is not asked how much it would be.
        if (errno() !== constants.errno.ENOMEM) throw new Error(`the list of processes could not be read: errno ${errno()}`);
        buffer = new Uint8Array(buffer.length * 2);
      }
    },

    readArguments(pid) {
      const name = Int32Array.of(CTL_KERN, KERN_PROCARGS2, pid);
      argumentBytes ??= new Uint8Array(ARG_MAX);
      const size = BigUint64Array.of(BigInt(argumentBytes.length));
      return sysctl(name, name.length, argumentBytes, size, null, 0) === 0 ? argumentBytes.slice(0, Number(size[0])) : null;
    },
  };
}

/** Only for whoever asks: it is as large as arguments and environment may be. */
let argumentBytes: Uint8Array | undefined;

/** bsd/sys/sysctl.h, bsd/sys/syslimits.h */
const CTL_KERN = 1;
const KERN_PROC = 14;
const KERN_PROC_ALL = 0;
const KERN_PROC_PID = 1;
const KERN_PROCARGS2 = 49;
const ARG_MAX = 1024 * 1024;
