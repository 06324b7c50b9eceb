/** A metric family of OpenMetrics, as plain data; exposition.ts writes it. */
export interface Family {
  /** Without `_total` and the like. */
  name: string;
  type: 'gauge' | 'counter' | 'histogram';
  help: string;
  samples: Sample[];
}

export interface Sample {
  /** What a histogram’s sample adds to the family’s name. */
  suffix?: '_bucket' | '_sum' | '_count';
  labels?: Record<string, string>;
  value: number;
}

/** A family of one number; of none where the number is not known. */
export function gauge(name: string, help: string, value: number | null): Family {
  return { name, type: 'gauge', help, samples: value === null ? [] : [{ value }] };
}
