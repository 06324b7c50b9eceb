import { constants } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { type Libc, loadLibc, systemError } from './libc.ts';

/** `denied`: this user may not see its descriptors, or not all of them. `gone`: there is no such process any more. */
export type DescriptorAnswer = 'seen' | 'denied' | 'gone';

/** Reads the socket descriptors of processes without making a string of any of them. */
export interface DescriptorScanner {
  /**
   * Calls `found` with the inode of every socket that the process has a descriptor of; twice for a duplicated one. With `exceptUnix` not
   * of those that the kernel says to be of AF_UNIX (most pipes of Node’s children are), at one call more for each.
   */
  scan(pid: number, found: (inode: number) => void, exceptUnix?: boolean): DescriptorAnswer;
}

/** Null without koffi: `ownerScan.ts` then uses node:fs. */
export function openDescriptorScanner(): DescriptorScanner | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  const unixInodes = new Set<number>();
  return {
    scan: (pid, found, exceptUnix = false) => {
      const directory = openDirectory(calls, `/proc/${pid}/fd`);
      if (directory < 0) return judge(libc, 'open', pid);
      try {
        return readDescriptors({ libc, calls, directory, pid, found, exceptUnix, unixInodes });
      } finally {
        calls.close(directory);
      }
    },
  };
}

interface DescriptorDirectory {
  libc: Libc;
  calls: Bindings;
  directory: number;
  pid: number;
  found: (inode: number) => void;
  exceptUnix: boolean;
  /** Those that were seen since the scanner was opened. */
  unixInodes: Set<number>;
}

/** The hot loop: two system calls and a few bytes looked at for every descriptor of the machine. */
function readDescriptors(scan: DescriptorDirectory): DescriptorAnswer {
  const { libc, calls, directory, pid, found, exceptUnix } = scan;
  const { bytes, direntsAt, linkAt } = memory(libc);
  for (;;) {
    const filled = calls.getdents(directory, direntsAt, direntsBytes);
    if (filled === 0) return 'seen';
    if (filled < 0) return judge(libc, 'getdents64', pid);
    // struct linux_dirent64, getdents(2): d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name.
    for (
      let entry = 0;
      entry < filled;
      entry += (bytes[entry + reclenOffset] as number) | ((bytes[entry + reclenOffset + 1] as number) << 8)
    ) {
      if (bytes[entry + 19] === DOT) continue;
      const length = calls.readlinkat(directory, direntsAt + entry + 19, linkAt, linkBytes);
      if (length < 0) {
        const answer = judge(libc, 'readlinkat', pid);
        if (answer === 'denied') return 'denied';
        continue;
      }
      // `socket:[123]`: fs/proc/fd.c prints the name that net/socket.c gives it, sockfs_dname.
      if (bytes[linkStart] !== LOWER_S || bytes[linkStart + 7] !== OPEN_BRACKET || length <= 9) continue;
      const inode = readDecimal(bytes, linkStart + 8, linkStart + length - 1);
      if (exceptUnix && isUnix(inode, `/proc/${pid}/fd/${readName(bytes, entry + 19)}`, scan)) continue;
      found(inode);
    }
  }
}

/** The kernel names the protocol of a socket in an attribute of its file (net/socket.c, sockfs_xattr_get): `UNIX`, `UNIX-STREAM`. */
function isUnix(inode: number, path: string, { libc, calls, unixInodes }: DescriptorDirectory): boolean {
  if (unixInodes.has(inode)) return true;
  const { bytes, linkAt } = memory(libc);
  const length = calls.getxattr(path, 'system.sockprotoname', linkAt, linkBytes);
  const isOne = length > 4 && unix.every((byte, index) => bytes[linkStart + index] === byte);
  // A tree shares what its root was given.
  if (isOne) unixInodes.add(inode);
  return isOne;
}
const unix = [...'UNIX'].map((letter) => letter.charCodeAt(0));

/** What the errno of the last call says of this process; anything but a refusal or its end is a fault of ours or the machine’s. */
function judge(libc: Libc, call: string, pid: number): DescriptorAnswer {
  const errno = getSystemErrorName(-libc.errno());
  if (errno === 'EACCES' || errno === 'EPERM') return 'denied';
  if (errno === 'ENOENT' || errno === 'ESRCH') return 'gone';
  throw systemError(libc, call, `/proc/${pid}/fd`);
}

function readDecimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index++) value = value * 10 + (bytes[index] as number) - 48;
  return value;
}

function readName(bytes: Uint8Array, start: number): string {
  let name = '';
  for (let index = start; bytes[index] !== 0; index++) name += String.fromCharCode(bytes[index] as number);
  return name;
}

function openDirectory(calls: Bindings, path: string): number {
  return calls.open(path, constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC);
}

const O_CLOEXEC = 0o2000000;
const DOT = 46;
const LOWER_S = 115;
const OPEN_BRACKET = 91;
const reclenOffset = 16;
const direntsBytes = 32_768;
const linkStart = direntsBytes;
/** `socket:[4294967295]` has 19. */
const linkBytes = 32;

interface Memory {
  bytes: Uint8Array;
  direntsAt: number;
  linkAt: number;
}

/** Addresses are passed as numbers, which spares koffi a look into a typed array at each call; an ArrayBuffer of this size never moves. */
function memory({ koffi }: Libc): Memory {
  if (reused === undefined) {
    const bytes = new Uint8Array(new ArrayBuffer(direntsBytes + linkBytes));
    const direntsAt = Number(koffi.address(bytes));
    reused = { bytes, direntsAt, linkAt: direntsAt + linkStart };
  }
  return reused;
}
let reused: Memory | undefined;

interface Bindings {
  open(path: string, flags: number): number;
  getdents(directory: number, entries: number, length: number): number;
  readlinkat(directory: number, path: number, link: number, length: number): number;
  getxattr(path: string, name: string, value: number, length: number): number;
  close(fd: number): number;
}
let bindings: Bindings | undefined;

function bindFunctions({ lib }: Libc): Bindings {
  return {
    open: lib.func('int open(const char *path, int flags)'),
    getdents: bindGetdents(lib),
    readlinkat: lib.func('int readlinkat(int directory, uintptr_t path, uintptr_t link, size_t length)'),
    getxattr: lib.func('int getxattr(const char *path, const char *name, uintptr_t value, size_t length)'),
    close: lib.func('int close(int fd)'),
  };
}

/** musl has it as `getdents` only, with the 64-bit structure: musl/src/linux/getdents.c. */
function bindGetdents(lib: Libc['lib']): Bindings['getdents'] {
  try {
    return lib.func('int getdents64(int directory, uintptr_t entries, size_t length)');
  } catch {
    return lib.func('int getdents(int directory, uintptr_t entries, size_t length)');
  }
}
