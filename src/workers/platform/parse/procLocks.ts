/** A lock that is held, as /proc/locks has it (proc_locks(5)). */
export interface LockRow {
  kind: 'FLOCK' | 'POSIX' | 'OFDLCK' | 'LEASE' | 'DELEG' | string;
  access: 'READ' | 'WRITE' | string;
  /** `8:1`, in decimal. */
  device: string;
  inode: bigint;
}

/** The locks that are held; those that are waited for (`->`) are left out. */
export function parseProcLocks(text: string): LockRow[] {
  return text.split('\n').flatMap((line) => {
    const [, kind, access, major, minor, inode] = rowForm.exec(line) ?? [];
    if (kind === undefined || access === undefined || inode === undefined) return [];
    return [{ kind, access, device: `${Number.parseInt(major ?? '', 16)}:${Number.parseInt(minor ?? '', 16)}`, inode: BigInt(inode) }];
  });
}

// 1: FLOCK  ADVISORY  WRITE 2261 08:01:131081 0 EOF
const rowForm = /^\d+: (\w+) +\w+ +(\w+) +-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /;
