/** What /proc/PID/status says (proc_pid_status(5)). */
export interface ProcStatus {
  /** The process that it belongs to: another number than the one asked for means that the latter is a thread. */
  tgid: number;
  /** The effective user id. */
  euid: number;
  /** Null where there is none (kernel threads, zombies) or the text was cut before it. */
  rssBytes: number | null;
  /** The effective capabilities, bit by bit (capabilities(7)). */
  effectiveCapabilities: bigint;
}

/** Reads /proc/PID/status; null when the text is not such a file. */
export function parseProcStatus(text: string): ProcStatus | null {
  // No value can forge a line: the kernel escapes newlines in Name, the only one that a process chooses.
  const tgid = /^Tgid:\t(\d+)$/m.exec(text)?.[1];
  const euid = /^Uid:\t\d+\t(\d+)\t/m.exec(text)?.[1];
  if (tgid === undefined || euid === undefined) return null;
  const rssKib = /^VmRSS:\s*(\d+) kB$/m.exec(text)?.[1];
  const capabilities = /^CapEff:\t([0-9a-f]+)$/m.exec(text)?.[1];
  return {
    tgid: Number(tgid),
    euid: Number(euid),
    rssBytes: rssKib === undefined ? null : Number(rssKib) * 1024,
    effectiveCapabilities: BigInt(`0x${capabilities ?? '0'}`),
  };
}
