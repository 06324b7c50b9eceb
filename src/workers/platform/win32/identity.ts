/** What makes a process itself on Windows. */
export interface Win32Identity {
  pid: number;
  /** When it was created, in units of 100 ns since 1601. */
  created: bigint;
  /** Whether the last digit is known; Win32_Process tells whole microseconds. */
  isExact: boolean;
}

/**
 * `w-<pid>-<created>`, or `w-<pid>-<whole microseconds>us`, opaque to clients. Windows gives a pid away again while a handle on its process
 * is open to nobody; then later.
 */
export const formatIdentity = ({ pid, created, isExact }: Win32Identity): string =>
  isExact ? `w-${pid}-${created}` : `w-${pid}-${created / UNITS_PER_MICROSECOND}us`;

/** Equal, or one of them less exact and the other as near as two ways of telling the time are. What is no identity of ours equals nothing. */
export function sameIdentity(left: string, right: string): boolean {
  const a = FORM.exec(left);
  const b = FORM.exec(right);
  if (a === null || b === null || a[1] !== b[1]) return false;
  if (a[3] === b[3]) return a[2] === b[2];
  const apart = microsecondsOf(a) - microsecondsOf(b);
  return apart >= -NEAR && apart <= NEAR;
}

const microsecondsOf = ([, , created, unit]: RegExpExecArray): bigint =>
  unit === undefined ? BigInt(created as string) / UNITS_PER_MICROSECOND : BigInt(created as string);

const FORM = /^w-(\d{1,10})-(\d{1,20})(us)?$/;
const UNITS_PER_MICROSECOND = 10n;
/** A millisecond: in that time no pid comes around again. */
const NEAR = 1_000n;
