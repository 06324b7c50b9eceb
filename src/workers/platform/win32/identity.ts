/** What makes a process itself on Windows. */
export interface Win32Identity {
  pid: number;
  /** When it was created, in units of 100 ns since 1601. */
  created: bigint;
}

/** `w-<pid>-<created>`, opaque to clients. Windows gives a pid away again while a handle on its process is open to nobody; then later. */
export const formatIdentity = ({ pid, created }: Win32Identity): string => `w-${pid}-${created}`;

export const sameIdentity = (left: string, right: string): boolean => FORM.test(left) && left === right;

const FORM = /^w-\d+-\d+$/;
