export interface Mount {
  /** Which directory of the file system is mounted there; `/` for all of it. */
  root: string;
  mountPoint: string;
  fileSystem: string;
}

/** The mounts of /proc/PID/mountinfo (proc_pid_mountinfo(5)), in order: a later one on the same point covers an earlier. */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    // A varying number of optional fields stands before the lone hyphen.
    const [before, after] = line.split(' - ');
    const [, , , root, mountPoint] = before?.split(' ') ?? [];
    const fileSystem = after?.split(' ')[0];
    if (root === undefined || mountPoint === undefined || fileSystem === undefined) continue;
    mounts.push({ root: unescapeOctal(root), mountPoint: unescapeOctal(mountPoint), fileSystem });
  }
  return mounts;
}

/** Space, tab, newline and backslash are written as octal numbers. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
