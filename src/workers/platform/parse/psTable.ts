/** A line of ps(1). */
export interface PsRow {
  pid: number;
  ppid: number;
  pgid: number;
  uid: number;
  /** The first letter of its state: I, R, S, T, U or Z on macOS. */
  state: string;
  /** Epoch seconds: ps tells no fraction. */
  startSeconds: number;
  cpuMs: number;
  rssBytes: number;
  /** What it was called as, which may be a path with blanks in it. */
  command: string;
}

/**
 * What ps is asked for, in this order. Each by an option of its own: what follows an equals sign, commas as well, is the column’s title
 * (ps(1), POSIX). Above columns without a title stands no header, and the last one is as long as it is.
 */
export const psColumns = ['pid', 'ppid', 'pgid', 'uid', 'state', 'lstart', 'time', 'rss', 'comm'].flatMap((name) => ['-o', `${name}=`]);

/**
 * Reads what ps prints for `psColumns` with LC_ALL=C and TZ=UTC0: `lstart` is ctime(3)’s form, `time` is [[d-]h:]m:s[.cc], `rss` is in
 * KiB (ps(1) of macOS). A line of another form throws: then this is not the ps that is meant. Pid 0 is the kernel, whatever its line says.
 */
export function parsePsTable(text: string): PsRow[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*(0\s|$)/.test(line))
    .map(parseLine);
}

function parseLine(line: string): PsRow {
  const [, pid, ppid, pgid, uid, state, month, day, clock, year, time, rss, command] = ROW.exec(line) ?? [];
  const startSeconds = toEpochSeconds(month, day, clock, year);
  if (pid === undefined || startSeconds === null)
    throw new Error(`ps printed a line of an unknown form: ${JSON.stringify(line.slice(0, 200))}`);
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    pgid: Number(pgid),
    // Users of negative numbers (nobody is -2) are unsigned to everybody else.
    uid: Number(uid) >>> 0,
    state: state as string,
    startSeconds,
    cpuMs: toMs(time as string),
    rssBytes: Number(rss) * 1024,
    command: (command as string).trimEnd(),
  };
}

const ROW =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+([A-Za-z?])\S*\s+[A-Z][a-z]{2}\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{2}:\d{2}:\d{2})\s+(\d{4})\s+([\d:.-]+)\s+(\d+)\s?(.*)$/;

function toEpochSeconds(
  month: string | undefined,
  day: string | undefined,
  clock: string | undefined,
  year: string | undefined,
): number | null {
  const place = months.indexOf(month ?? '');
  if (place === -1 || clock === undefined) return null;
  const [hours, minutes, seconds] = clock.split(':').map(Number) as [number, number, number];
  return Date.UTC(Number(year), place, Number(day), hours, minutes, seconds) / 1_000;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function toMs(time: string): number {
  const [clock, days] = time.split('-').reverse() as [string, string?];
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Math.round((seconds + Number(days ?? 0) * 86_400) * 1_000);
}
