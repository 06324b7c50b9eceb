import { type Libc, loadLibc } from './libc.ts';

/** Who has a terminal, and how it is set: tcgetpgrp(3), tcsetpgrp(3), tcgetattr(3), tcsetattr(3). */
export interface TerminalCalls {
  /** Our own process group. */
  ownGroup(): number;
  /** The process group in its foreground; null where there is none, or it has hung up. */
  foreground(fd: number): number | null;
  /** False where it was refused. Also from the background, once `ignoreOutputStop` was called. */
  setForeground(fd: number, group: number): boolean;
  /** SIGTTOU does nothing to this process any more: it would stop whoever takes the terminal back. */
  ignoreOutputStop(): void;
  /** How it is set (struct termios, as it is); null where it has hung up. */
  modes(fd: number): Uint8Array | null;
  setModes(fd: number, modes: Uint8Array): void;
}

/** Null without koffi: the command then stays in our own process group. */
export function loadTerminalCalls(): TerminalCalls | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    ownGroup: () => calls.getpgrp(),
    foreground(fd) {
      const group: number = calls.tcgetpgrp(fd);
      return group > 0 ? group : null;
    },
    setForeground: (fd, group) => calls.tcsetpgrp(fd, group) === 0,
    ignoreOutputStop: () => void calls.signal(SIGTTOU, SIG_IGN),
    modes(fd) {
      const modes = new Uint8Array(longestTermios);
      return calls.tcgetattr(fd, modes) === 0 ? modes : null;
    },
    setModes: (fd, modes) => void calls.tcsetattr(fd, TCSADRAIN, modes),
  };
}

const SIGTTOU = 22;
const SIG_IGN = 1;
const TCSADRAIN = 1;
/** struct termios has 60 bytes in glibc and in musl. */
const longestTermios = 256;

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  return {
    getpgrp: lib.func('int getpgrp()'),
    tcgetpgrp: lib.func('int tcgetpgrp(int fd)'),
    tcsetpgrp: lib.func('int tcsetpgrp(int fd, int group)'),
    signal: lib.func('long signal(int signal, long handler)'),
    tcgetattr: lib.func('int tcgetattr(int fd, void *modes)'),
    tcsetattr: lib.func('int tcsetattr(int fd, int actions, void *modes)'),
  };
}
