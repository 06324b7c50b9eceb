import fs from 'node:fs';

/** What makes a process itself on Linux. */
export interface LinuxIdentity {
  pid: number;
  startTicks: number;
  /** Of its pidfd, where those have one of their own; null otherwise. */
  inode: bigint | null;
}

/**
 * `<boot>-<pid>-<start ticks>[-<pidfd inode>]`, opaque to clients. A tick is 10 ms and a pid can be forced back within
 * one, so only the inode is proof; boot id because all three begin anew at boot.
 */
export function formatIdentity({ pid, startTicks, inode }: LinuxIdentity): string {
  const known = `${bootId()}-${pid}-${startTicks}`;
  return inode === null ? known : `${known}-${inode}`;
}

/** Equal, where the inode counts only if both have it. What is no identity of ours equals nothing. */
export function sameIdentity(left: string, right: string): boolean {
  const a = FORM.exec(left);
  const b = FORM.exec(right);
  if (a === null || b === null || a[1] !== b[1]) return false;
  return a[2] === undefined || b[2] === undefined || a[2] === b[2];
}
/** The inode in an identity of this pid and boot; null when it has none, or is another’s. */
export function inodeOf(identity: string, pid: number): bigint | null {
  const [, known, inode] = FORM.exec(identity) ?? [];
  return inode !== undefined && known?.startsWith(`${bootId()}-${pid}-`) ? BigInt(inode) : null;
}

const FORM = /^([0-9a-f]+-\d+-\d+)(?:-(\d+))?$/;

/** The beginning of the boot id: enough to tell the boots of one machine apart. Zeros where the kernel gives none (gVisor). */
function bootId(): string {
  boot ??= readBootId();
  return boot;
}
let boot: string | undefined;

function readBootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  } catch {
    return '00000000';
  }
}
