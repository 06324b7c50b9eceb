import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { loadCloseOnExec } from '../../native/linux/closeOnExec.ts';

/**
 * Sees to it that no child gets a descriptor that our host has leaked to us. Node marks inherited ones to be closed by exec only as
 * far as there is no gap between them (uv_disable_stdio_inheritance). For the start: it reads a few files, and blocks meanwhile.
 */
export function keepInheritedDescriptors({ native, platform }: { native: boolean; platform: NodeJS.Platform }): void {
  if (platform !== 'linux') return;
  if (native && loadCloseOnExec()?.(firstBeyondStdio)) return;
  for (const fd of listDescriptors()) if (fd >= firstBeyondStdio && isInheritable(fd)) close(fd);
}

const firstBeyondStdio = 3;

function listDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

/** Node opens its own with O_CLOEXEC, so what is not marked was inherited, and is of no use to us. */
function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    // The one by which the directory was read.
    return false;
  }
}
/** include/uapi/asm-generic/fcntl.h; the same on every architecture that Node runs on. */
const O_CLOEXEC = 0o2000000;

function close(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It is closed.
  }
}
