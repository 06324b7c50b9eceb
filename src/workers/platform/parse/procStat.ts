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
  const fields = ascii(bytes.subarray(close + 2))
    .trimEnd()
    .split(' ');
  const number = (index: number): number => Number(fields[index]);
  const stat: ProcStat = {
    pid: Number(ascii(bytes.subarray(0, open))),
    comm: new Uint8Array(bytes.subarray(open + 1, close)),
    state: fields[0] ?? '',
    ppid: number(1),
    pgid: number(2),
    sid: number(3),
    isKernelThread: Math.floor(number(6) / PF_KTHREAD) % 2 === 1,
    cpuTicks: number(11) + number(12),
    threads: number(17),
    startTicks: number(19),
    rssPages: number(21),
  };
  return Number.isInteger(stat.pid) && Number.isInteger(stat.startTicks) && Number.isInteger(stat.rssPages) ? stat : null;
}

/**
 * Whether the process has ended. A leader that called pthread_exit() shows state Z while its other threads live on:
 * that process has not ended.
 */
export function hasEnded({ state, threads }: Pick<ProcStat, 'state' | 'threads'>): boolean {
  return state === 'X' || state === 'x' || (state === 'Z' && threads <= 1);
}

const OPEN = 0x28;
const CLOSE = 0x29;
/** include/linux/sched.h */
const PF_KTHREAD = 0x0020_0000;

const decoder = new TextDecoder('latin1');
const ascii = (bytes: Uint8Array): string => decoder.decode(bytes);
