import fs from 'node:fs';
import { endianness } from 'node:os';
import { type Libc, loadLibc } from './libc.ts';

/** Waits for descriptors in a libuv thread (poll(2), eventfd(2)), so that the event loop goes on meanwhile. */
export interface ReadablePoll {
  /**
   * The descriptors that can be read, or have failed, after at most `timeoutMs`; none when the time is over, null when
   * the call itself failed. They must stay open until it answers.
   */
  poll(fds: readonly number[], timeoutMs: number): Promise<number[] | null>;
  /** The same in this thread, which waits: for pool threads, and for a moment only. */
  pollHere(fds: readonly number[], timeoutMs: number): number[] | null;
  /** A descriptor that becomes readable on demand, to end a poll early; null when the system gives none. */
  openWakeUp(): WakeUp | null;
}

export interface WakeUp {
  readonly fd: number;
  wake(): void;
  /** Makes it unreadable again; only after a poll has said that it is readable. */
  clear(): void;
  close(): void;
}

/** Null without koffi: the waiter then looks at /proc from time to time. */
export function loadReadablePoll(): ReadablePoll | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    poll: (fds, timeoutMs) =>
      new Promise((resolve, reject) => {
        const records = encode(fds);
        calls.poll.async(records, fds.length, timeoutMs, (error: unknown, count: number) => {
          if (error) reject(error);
          else resolve(count < 0 ? null : decode(records));
        });
      }),
    pollHere(fds, timeoutMs) {
      const records = encode(fds);
      return calls.poll(records, fds.length, timeoutMs) < 0 ? null : decode(records);
    },
    openWakeUp() {
      const fd: number = calls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
      return fd < 0 ? null : wakeUp(fd);
    },
  };
}

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  return {
    poll: lib.func('int poll(void *fds, ulong count, int timeoutMs)'),
    eventfd: lib.func('int eventfd(uint initial, int flags)'),
  };
}

function wakeUp(fd: number): WakeUp {
  return {
    fd,
    wake: () => void fs.writeSync(fd, new BigUint64Array([1n])),
    clear: () => void fs.readSync(fd, new BigUint64Array(1)),
    close: () => fs.closeSync(fd),
  };
}

/** struct pollfd: int fd; short events; short revents. In the byte order of the machine. */
function encode(fds: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(fds.length * POLLFD_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, fd] of fds.entries()) {
    view.setInt32(index * POLLFD_BYTES, fd, isLittleEndian);
    view.setInt16(index * POLLFD_BYTES + 4, POLLIN, isLittleEndian);
  }
  return bytes;
}

function decode(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer);
  const ready: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += POLLFD_BYTES) {
    if (view.getInt16(offset + 6, isLittleEndian) !== 0) ready.push(view.getInt32(offset, isLittleEndian));
  }
  return ready;
}

const POLLFD_BYTES = 8;
const POLLIN = 0x001;
const isLittleEndian = endianness() === 'LE';
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
