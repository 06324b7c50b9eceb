export interface ParsedFamily {
  name: string;
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

/** Reads OpenMetrics 1.0 text strictly, as far as we write it. Throws on whatever the format does not allow. */
export function parseOpenMetrics(text: string): ParsedFamily[] {
  if (!text.endsWith('# EOF\n')) throw new Error('The exposition does not end with # EOF.');
  const families: ParsedFamily[] = [];
  const seen = new Set<string>();
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const [, keyword, about, rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      const family = families.at(-1)?.name === about ? (families.at(-1) as ParsedFamily) : begin(about as string);
      if (keyword === 'HELP') family.help = rest;
      else family.type = rest;
      continue;
    }
    const family = families.at(-1);
    if (family === undefined) throw new Error(`A sample before any family: ${line}`);
    family.samples.push(parseSample(line, family, seen));
  }
  return families;

  function begin(name: string): ParsedFamily {
    if (families.some((known) => known.name === name)) throw new Error(`The family ${name} stands in two places.`);
    const family = { name, type: '', help: '', samples: [] };
    families.push(family);
    return family;
  }
}

const suffixes: Record<string, string[]> = {
  gauge: [''],
  counter: ['_total', '_created'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
};

function parseSample(line: string, { name: family, type }: ParsedFamily, seen: Set<string>) {
  const [, name, labelText = '', number] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || number === undefined) throw new Error(`No sample: ${line}`);
  if (!(suffixes[type] ?? []).some((suffix) => name === family + suffix)) throw new Error(`${name} is no sample of the ${type} ${family}.`);
  if (seen.has(`${name}{${labelText}}`)) throw new Error(`The sample ${name}{${labelText}} stands in two places.`);
  seen.add(`${name}{${labelText}}`);
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
  if (Number.isNaN(value)) throw new Error(`${number} is no number.`);
  return { name, labels: parseLabels(labelText), value };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [whole, name, value] = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/.exec(rest) ?? [];
    if (whole === undefined || name === undefined || value === undefined) throw new Error(`No labels: ${text}`);
    if (Object.hasOwn(labels, name)) throw new Error(`The label ${name} stands twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}
