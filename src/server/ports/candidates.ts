import type { PortRules } from '../../workers/platform/types.ts';

export interface PortRange {
  from: number;
  to: number;
}

/** Where to look for ports, before anyone has looked whether they can be bound. */
export interface Wishes {
  /** The ports that the key had before, in its order. */
  keyPorts: readonly number[];
  /** Wherever they lie. */
  preferred: readonly number[];
  /** Where to look instead of the usual range. */
  range?: PortRange | undefined;
}

/** Below it are the ports that servers of all kinds are known by; they are handed out only when nothing else is left. */
const firstUsualPort = 20_000;
const firstUnprivilegedPort = 1_024;
const lastPort = 65_535;

/**
 * The ports to try, best first and each once: those of the key, the preferred ones, then from a random start
 * through all that lie outside the ephemeral and reserved ranges, those that are promised elsewhere last.
 * `random` is in [0, 1).
 */
export function* listCandidates(wishes: Wishes, rules: PortRules, promised: ReadonlySet<number>, random: number): Generator<number> {
  const seen = new Set<number>();
  const once = (port: number): boolean => {
    if (seen.has(port)) return false;
    seen.add(port);
    return true;
  };
  yield* [...wishes.keyPorts, ...wishes.preferred].filter(once);
  const ranges = allowedRanges(wishes.range, rules);
  for (const port of walk(ranges, random)) if (!promised.has(port) && once(port)) yield port;
  for (const port of walk(ranges, random)) if (once(port)) yield port;
}

/** Where a port may be taken from without being asked for: in order of preference, each without the ephemeral and reserved ports. */
export function allowedRanges(
  range: PortRange | undefined,
  { ephemeral, reserved, unprivilegedPortStart, mayBindPrivileged }: PortRules,
): PortRange[][] {
  const lowest = range === undefined ? firstUnprivilegedPort : 1;
  const first = mayBindPrivileged ? lowest : Math.max(lowest, unprivilegedPortStart);
  const wide =
    range === undefined
      ? [
          { from: firstUsualPort, to: lastPort },
          { from: first, to: firstUsualPort - 1 },
        ]
      : [range];
  const forbidden = [{ from: 0, to: first - 1 }, ...reserved, ...(ephemeral === null ? [] : [ephemeral])];
  return wide.map((one) => forbidden.reduce((left, hole) => left.flatMap((part) => without(part, hole)), [one]));
}

function without({ from, to }: PortRange, hole: PortRange): PortRange[] {
  return [
    { from, to: Math.min(to, hole.from - 1) },
    { from: Math.max(from, hole.to + 1), to },
  ].filter((part) => part.from <= part.to);
}

/** Every port of each tier, round from a random one. */
function* walk(tiers: PortRange[][], random: number): Generator<number> {
  for (const ranges of tiers) {
    const total = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const start = Math.floor(random * total);
    for (let step = 0; step < total; step++) yield portAt(ranges, (start + step) % total);
  }
}

function portAt(ranges: PortRange[], index: number): number {
  let left = index;
  for (const { from, to } of ranges) {
    const size = to - from + 1;
    if (left < size) return from + left;
    left -= size;
  }
  throw new RangeError(`no port at ${index}`);
}
