import { type Libc, loadLibc } from './libc.ts';

/** Marks these descriptors, and all above, to be closed by exec. False where the system call is not to be had. */
export type CloseOnExec = (first: number) => boolean;

/** Null without koffi: `server/os/inheritedDescriptors.ts` then closes what a host has leaked. */
export function loadCloseOnExec(): CloseOnExec | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const { syscall } = bindings;
  return (first) => Number(syscall(SYS_close_range, first, lastDescriptor, CLOSE_RANGE_CLOEXEC)) === 0;
}

/** By syscall(2): glibc has a wrapper since 2.34 only. close_range(2) is of Linux 5.9, its flag of 5.11. */
const SYS_close_range = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const lastDescriptor = 0xffff_ffff;

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  return { syscall: lib.func('long syscall(long number, ulong a, ulong b, ulong c)') };
}
