import { escapeControls, fitText, textWidth } from './text.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Gives way when the terminal is narrow: before the others, or when those have given all they can. Absent: never. */
  yields?: 'first' | 'later';
}

export interface TableOptions {
  /** Columns of the terminal; null where there is no terminal, and nothing is cut. */
  width: number | null;
  /** How the headings look; the default leaves them as they are. */
  heading?: (text: string) => string;
}

/** Lines of a table, headings first; each fits the terminal. Cells are escaped here, so they may hold anything. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, heading = (text) => text }: TableOptions,
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => escapeControls(row[index] ?? '')));
  const titles = columns.map(({ title }) => title);
  const natural = columns.map((_, index) => Math.max(...[titles, ...cells].map((row) => textWidth(row[index] as string))));
  const widths = width === null ? natural : fitWidths(natural, columns, width);
  const line = (row: readonly string[]) => {
    const text = row
      .map((cell, index) => pad(fitText(cell, widths[index] as number), widths[index] as number, columns[index] as Column))
      .join(gap);
    return width === null ? text.trimEnd() : fitText(text.trimEnd(), width);
  };
  return [heading(line(titles)), ...cells.map(line)];
}

const gap = '  ';
/** What is left of a column that yields: some characters and the ellipsis. */
const leastWidth = 6;

/** Takes from the widest column that yields, one at a time, until all fit or none can give. */
function fitWidths(natural: readonly number[], columns: readonly Column[], available: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1)) - available;
  for (const turn of ['first', 'later'] as const) {
    for (; excess > 0; excess -= 1) {
      const widest = widths.reduce(
        (best, width, index) => (columns[index]?.yields === turn && width > leastWidth && width > (widths[best] ?? 0) ? index : best),
        -1,
      );
      if (widest === -1) break;
      widths[widest] = (widths[widest] as number) - 1;
    }
  }
  return widths;
}

function pad(text: string, width: number, { align = 'left' }: Column): string {
  const blank = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? blank + text : text + blank;
}
