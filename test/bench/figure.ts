/** One line of the report: what was measured, and the bound that it has to keep. */
export interface Figure {
  what: string;
  ours: string;
  peer: string;
  /** What is held against the bound: a ratio, or a difference in megabytes. */
  value: number;
  unit: '×' | 'MB' | '/s' | 'ms' | '%' | '';
  /** Null where it is only told. */
  bound: { atMost: number } | { atLeast: number } | null;
  /** Why it may be missed, as far as profiling has told; the report says it only when it is. */
  why?: string;
}

/** A figure that this machine could not measure, and why. */
export interface Missing {
  what: string;
  missing: string;
}

export type Measured = Figure | Missing;

export function isMet({ value, bound }: Figure): boolean {
  if (bound === null) return true;
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}

export function describeValue({ value, unit }: Figure): string {
  if (unit === '') return String(value);
  return unit === '×' ? `${value.toFixed(2)} ×` : `${value.toFixed(1)} ${unit}`;
}

export function describeBound({ bound, unit }: Figure): string {
  if (bound === null) return 'none';
  return ('atMost' in bound ? `≤ ${bound.atMost} ${unit}` : `≥ ${bound.atLeast} ${unit}`).trim();
}

/** `met`, or by how much it is not. */
export function describeVerdict(figure: Figure): string {
  if (figure.bound === null) return '';
  if (isMet(figure)) return 'met';
  const { bound, value, unit } = figure;
  const limit = 'atMost' in bound ? bound.atMost : bound.atLeast;
  if (limit === 0 || unit !== '×') return `missed by ${Math.abs(value - limit).toFixed(1)} ${unit}`;
  return `missed by ${Math.abs((100 * (value - limit)) / limit).toFixed(0)} %`;
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(3)} ms` : `${value.toFixed(1)} ms`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
