import { describeBound, describeValue, describeVerdict, isMet, type Measured } from './figure.ts';
import { describeMachine, describePeers } from './machine.ts';

export interface Report {
  title: string;
  figures: Measured[];
  command: string;
  date: Date;
  /** What else one has to know, as lines. */
  notes: string[];
}

/** A page of figures, whole. */
export function writeReport({ title, figures, command, date, notes }: Report): string {
  return [
    `# ${title}`,
    '',
    `Written by \`${command}\` on ${date.toISOString().slice(0, 10)}; do not edit by hand. Every figure compares two things that were`,
    'measured in turn in the same run, so that what disturbs one disturbs the other: medians over the rounds, and the median of',
    'the rounds’ ratios. How each is measured is in `test/bench/`.',
    '',
    ...describeMachine().map((line) => `- ${line}`),
    ...describePeers().map((line) => `- ${line}`),
    '',
    '| what | sidewarden | peer | result | bound | verdict |',
    '|---|---|---|---|---|---|',
    ...figures.map(row),
    '',
    ...reasons(figures),
    ...notes,
    '',
  ].join('\n');
}

/** The same line for people, as each figure is measured. */
export function describeFigure(figure: Measured): string {
  if ('missing' in figure) return `${figure.what}: not measured, ${figure.missing}`;
  const { what, ours, peer } = figure;
  return `${what}: ${describeValue(figure)} (${ours}; ${peer}), bound ${describeBound(figure)}: ${describeVerdict(figure)}`;
}

function row(figure: Measured): string {
  if ('missing' in figure) return `| ${figure.what} | | | | | not measured: ${figure.missing} |`;
  const { what, ours, peer } = figure;
  return `| ${what} | ${ours} | ${peer} | ${describeValue(figure)} | ${describeBound(figure)} | ${describeVerdict(figure)} |`;
}

/** Figures that are missed for the same reason share a paragraph. */
function reasons(figures: Measured[]): string[] {
  const missed = figures.filter((figure) => 'value' in figure && !isMet(figure) && figure.why !== undefined);
  const byReason = Map.groupBy(missed, (figure) => ('why' in figure ? figure.why : ''));
  return [...byReason].flatMap(([why, group]) => [`Why ${group.map(({ what }) => what).join('; ')} is missed: ${why}`, '']);
}
