import { getSystemErrorName } from 'node:util';
import { type Libc, loadLibc } from './libc.ts';

/** Events of files and directories (inotify(7)), of which only that there are some is asked: the descriptor is readable then. */
export interface Inotify {
  /** Null where the user has no instance left (fs.inotify.max_user_instances), or the kernel none at all. */
  open(): number | null;
  /** Adds to what is watched of this path; the name of the errno, or null. */
  add(descriptor: number, path: string, events: number): string | null;
  /** Throws away what has happened so far. */
  drain(descriptor: number): void;
}

/** Null without koffi. */
export function loadInotify(): Inotify | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    open() {
      const descriptor = calls.init(IN_NONBLOCK | IN_CLOEXEC);
      return descriptor < 0 ? null : descriptor;
    },
    add(descriptor, path, events) {
      return calls.addWatch(descriptor, path, events | IN_MASK_ADD) < 0 ? getSystemErrorName(-libc.errno()) : null;
    },
    drain(descriptor) {
      const events = new Uint8Array(65_536);
      while (calls.read(descriptor, events, events.length) > 0);
    },
  };
}

/** include/uapi/linux/inotify.h */
export const inotifyEvents = {
  modify: 0x2,
  attributes: 0x4,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  deleteSelf: 0x400,
  moveSelf: 0x800,
} as const;

const IN_MASK_ADD = 0x2000_0000;
const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;

interface Bindings {
  init(flags: number): number;
  addWatch(descriptor: number, path: string, mask: number): number;
  read(descriptor: number, bytes: Uint8Array, length: number): number;
}
let bindings: Bindings | undefined;

function bindFunctions({ lib }: Libc): Bindings {
  return {
    init: lib.func('int inotify_init1(int flags)'),
    addWatch: lib.func('int inotify_add_watch(int fd, const char *path, uint32_t mask)'),
    read: lib.func('int read(int fd, void *bytes, size_t length)'),
  };
}
