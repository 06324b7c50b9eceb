import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { root } from '../harness/sidecar.ts';
import { writeResult } from './writeResult.ts';

/** Of one round, or the worst of several. */
export interface Survivors {
  most: number;
  /** How many of them the next `cleanup/run` leaves. */
  afterCleanup: number;
}

/** What all rounds of this build have shown, by cell; kept between runs, so that a long soak can be played in parts. */
export interface Results {
  rounds(cell: string): number;
  add(cell: string, survivors: Survivors): void;
  tell(cell: string): string;
}

interface Cell extends Survivors {
  rounds: number;
}

export function openResults(columns: string[], scenarios: string[]): Results {
  const path = `${root}.cache/soak-containment-${nameOfBuild()}.json`;
  mkdirSync(`${root}.cache`, { recursive: true });
  const cells = new Map(Object.entries(existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Cell>) : {}));
  const tell = (cell: string) => describe(cells.get(cell));
  const roundsOf = (column: string) => scenarios.reduce((sum, scenario) => sum + (cells.get(`${column}: ${scenario}`)?.rounds ?? 0), 0);
  return {
    rounds: (cell) => cells.get(cell)?.rounds ?? 0,
    add(cell, { most, afterCleanup }) {
      const known = cells.get(cell) ?? { rounds: 0, most: 0, afterCleanup: 0 };
      cells.set(cell, {
        rounds: known.rounds + 1,
        most: Math.max(known.most, most),
        afterCleanup: Math.max(known.afterCleanup, afterCleanup),
      });
      writeFileSync(path, JSON.stringify(Object.fromEntries(cells)));
      writeTable([
        ['', ...columns],
        ['', ...columns].map(() => '---'),
        ...scenarios.map((scenario) => [scenario, ...columns.map((column) => tell(`${column}: ${scenario}`))]),
        ['rounds in all', ...columns.map((column) => String(roundsOf(column)))],
      ]);
    },
    tell,
  };
}

function describe(cell: Cell | undefined): string {
  if (cell === undefined) return '';
  const { rounds, most, afterCleanup } = cell;
  return `${most === 0 ? '0' : `${most} → ${afterCleanup}`} (${rounds})`;
}

/** What was seen of one build says nothing about another. */
function nameOfBuild(): string {
  const hash = createHash('sha256');
  const files = readdirSync(`${root}dist`).filter((name) => /\.(js|cjs|sh)$/.test(name));
  for (const name of files.sort()) hash.update(readFileSync(`${root}dist/${name}`));
  return hash.digest('hex').slice(0, 12);
}

function writeTable(rows: string[][]): void {
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  const text =
    'Trees of 50 processes with 200 ms of grace: the most survivors of a round, behind the arrow how many the next `cleanup/run` leaves, and in parentheses the rounds played.';
  writeResult('docs/containment.md', 'soak', `${text}\n\n${table}\n`);
}
