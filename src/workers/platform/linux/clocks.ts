import fs from 'node:fs';
import { fail } from '../../../protocol/errors.ts';
import { AT_CLKTCK, AT_PAGESZ, parseAuxv } from '../parse/auxv.ts';
import { parseBootTime } from '../parse/kernelStat.ts';

/** When a process started, epoch ms, from its start in ticks since boot: boot time + ticks, as psutil has it, so that all agree. */
export function startedAt(startTicks: number): number {
  return Math.round(bootTime() * 1000 + ticksToMs(startTicks));
}

export function ticksToMs(ticks: number): number {
  return (ticks * 1000) / units().ticksPerSecond;
}

export function pagesToBytes(pages: number): number {
  return pages * units().pageBytes;
}

/**
 * The boot time moves when the wall clock is set, so it is not kept for long; and it is not read for every process,
 * because /proc/stat costs milliseconds on a machine of many cores.
 */
function bootTime(): number {
  const nowMs = performance.now();
  if (boot === undefined || nowMs - boot.readAtMs > 1_000) boot = { seconds: readBootTime(), readAtMs: nowMs };
  return boot.seconds;
}
let boot: { seconds: number; readAtMs: number } | undefined;

function readBootTime(): number {
  let cause: unknown;
  try {
    const seconds = parseBootTime(fs.readFileSync('/proc/stat', 'latin1'));
    if (seconds !== null) return seconds;
  } catch (error) {
    cause = error;
  }
  const message =
    'Nothing here tells when processes started: /proc/stat cannot be read or has no btime (is /proc mounted with subset=pid?).';
  throw fail('Unsupported', message, { capability: 'processes', platform: 'linux' }, { cause });
}

/**
 * sysconf(_SC_CLK_TCK) and sysconf(_SC_PAGESIZE), from where the C library has them. A process that changed its user may
 * not read its own; the defaults are USER_HZ of every architecture that Node runs on, and the usual page.
 */
function units(): Units {
  cachedUnits ??= readUnits();
  return cachedUnits;
}
let cachedUnits: Units | undefined;

interface Units {
  ticksPerSecond: number;
  pageBytes: number;
}

function readUnits(): Units {
  try {
    const values = parseAuxv(fs.readFileSync('/proc/self/auxv'));
    return { ticksPerSecond: values.get(AT_CLKTCK) ?? defaults.ticksPerSecond, pageBytes: values.get(AT_PAGESZ) ?? defaults.pageBytes };
  } catch {
    return defaults;
  }
}
const defaults: Units = { ticksPerSecond: 100, pageBytes: 4096 };
