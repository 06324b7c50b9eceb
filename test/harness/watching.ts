import { readFileSync } from 'node:fs';
import { until } from './until.ts';

/* What the kernel says of a process, beside whatever is being tested. */

/** A zombie has ended. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Resident memory, in bytes; 0 of what has ended. */
export function memoryOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Until the process has used no CPU for some looks in a row: it has done all that it can do. */
export async function untilQuiet(pid: number): Promise<void> {
  let [last, same] = ['', 0];
  await until(
    () => {
      const used = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');
      same = used === last ? same + 1 : 0;
      last = used;
      return same >= 30;
    },
    `process ${pid} to have nothing to do`,
    30_000,
  );
}
