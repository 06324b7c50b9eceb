import { closeSync, openSync } from 'node:fs';
import { loadTerminalCalls, type TerminalCalls } from '../../native/linux/terminal.ts';

/** The terminal that controls us, as a shell handles it for its jobs. */
export interface Terminal {
  readonly fd: number;
  /** Whether we, or this process group of ours, are in its foreground. */
  isOurs(group?: number): boolean;
  /** To this process group; false where it was refused. */
  give(group: number): boolean;
  /** Back to us. */
  take(): void;
  /** As it was when it was opened: what was killed may have left it without echo. */
  restore(): void;
  close(): void;
}

/** Null where no terminal controls us, or without native calls. From then on SIGTTOU does nothing to us. */
export function openTerminal({ native }: { native: boolean }): Terminal | null {
  const calls = native ? loadTerminalCalls() : null;
  const fd = calls === null ? null : openControlling();
  return calls === null || fd === null ? null : createTerminal(fd, calls);
}

/** Whether there is one: open(2) of /dev/tty says ENXIO where there is none. */
export function hasTerminal(): boolean {
  const fd = openControlling();
  if (fd !== null) closeSync(fd);
  return fd !== null;
}

function openControlling(): number | null {
  try {
    return openSync('/dev/tty', 'r+');
  } catch {
    return null;
  }
}

function createTerminal(fd: number, calls: TerminalCalls): Terminal {
  const own = calls.ownGroup();
  const modes = calls.modes(fd);
  calls.ignoreOutputStop();
  return {
    fd,
    isOurs(group = own) {
      const now = calls.foreground(fd);
      return now === own || now === group;
    },
    give: (group) => calls.setForeground(fd, group),
    take: () => void calls.setForeground(fd, own),
    restore() {
      if (modes !== null) calls.setModes(fd, modes);
    },
    close: () => closeSync(fd),
  };
}
