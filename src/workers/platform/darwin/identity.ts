/** What makes a process itself on macOS. */
export interface DarwinIdentity {
  pid: number;
  startMicros: number;
  /** Whether the microseconds are known; ps(1) tells seconds only. */
  isExact: boolean;
}

/** `d-<pid>-<second of its start>[.<microseconds>]`, opaque to clients. The kernel keeps the wall clock of the start, so no boot has to be named. */
export function formatIdentity({ pid, startMicros, isExact }: DarwinIdentity): string {
  const known = `d-${pid}-${Math.floor(startMicros / 1_000_000)}`;
  return isExact ? `${known}.${String(startMicros % 1_000_000).padStart(6, '0')}` : known;
}

/** Equal, where the microseconds count only if both have them. What is no identity of ours equals nothing. */
export function sameIdentity(left: string, right: string): boolean {
  const a = FORM.exec(left);
  const b = FORM.exec(right);
  if (a === null || b === null || a[1] !== b[1]) return false;
  return a[2] === undefined || b[2] === undefined || a[2] === b[2];
}

const FORM = /^(d-\d+-\d+)(?:\.(\d{6}))?$/;
