/** What /proc/PID/stat says (proc_pid_stat(5)). */
export interface ProcStat {
  pid: number;
  /** As the kernel has it: any bytes but NUL. At most 15 of them, except for kernel threads. */
  comm: Uint8Array;
  /** The kernel's letter: R, S, D, T, t, Z, X, I … */
  state: string;
  ppid: number;
  pgid: number;
  sid: number;
  /** PF_KTHREAD is set: a kernel thread. */
  isKernelThread: boolean;
  /** CPU time in user and kernel mode, in clock ticks. */
  cpuTicks: number;
  /** Threads that are not reaped yet, a dead leader among them. */
  threads: number;
  /** When it started, in clock ticks since boot. */
  startTicks: number;
  rssPages: number;
}

/** Reads /proc/PID/stat; null when the bytes are not such a file. */
export function parseProcStat(bytes: Uint8Array): ProcStat | null {
  // comm may hold spaces, parentheses and newlines. After it come only numbers, so the last ')' is the one that ends it.
  const open = bytes.indexOf(OPEN);
  const close = bytes.lastIndexOf(CLOSE);
  if (open < 2 || close < open) return null;
  if (!readNumbers(bytes, 0, 1)) return null;
  const pid = number(0);
  // The state is the only word among them.
  if (!readNumbers(bytes, close + 4, 21)) return null;
  return {
    pid,
    comm: new Uint8Array(bytes.subarray(open + 1, close)),
    state: String.fromCharCode(bytes[close + 2] as number),
    ppid: number(0),
    pgid: number(1),
    sid: number(2),
    isKernelThread: Math.floor(number(5) / PF_KTHREAD) % 2 === 1,
    cpuTicks: number(10) + number(11),
    threads: number(16),
    startTicks: number(18),
    rssPages: number(20),
  };
}

/** Reads so many numbers, each ended by one space or by the end of the line, into `numbers`; false where something else is there. No text is made of them: a look at a tree reads thousands. */
function readNumbers(bytes: Uint8Array, start: number, count: number): boolean {
  let at = start;
  for (let index = 0; index < count; index++, at++) {
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at++;
    const first = at;
    let value = 0;
    for (let digit = digitAt(bytes, at); digit !== null; digit = digitAt(bytes, ++at)) value = value * 10 + digit;
    if (at === first || (bytes[at] !== SPACE && bytes[at] !== NEWLINE)) return false;
    numbers[index] = isNegative ? -value : value;
  }
  return true;
}
const numbers = new Float64Array(21);
const number = (index: number): number => numbers[index] as number;

function digitAt(bytes: Uint8Array, at: number): number | null {
  const byte = bytes[at] ?? 0;
  return byte >= ZERO && byte <= NINE ? byte - ZERO : null;
}

/**
 * Whether the process has ended. A leader that called pthread_exit() shows state Z while its other threads live on:
 * that process has not ended.
 */
export function hasEnded({ state, threads }: Pick<ProcStat, 'state' | 'threads'>): boolean {
  return state === 'X' || state === 'x' || (state === 'Z' && threads <= 1);
}

const SPACE = 0x20;
const NEWLINE = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN = 0x28;
const CLOSE = 0x29;
/** include/linux/sched.h */
const PF_KTHREAD = 0x0020_0000;
