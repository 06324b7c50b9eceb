import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../harness/sidecar.ts';
import { measureClients } from './clients.ts';
import type { Measured } from './figure.ts';
import { measureKill } from './kill.ts';
import { measureDeafHost, measureIdle } from './memory.ts';
import { measurePing, measurePingUnderLoad } from './ping.ts';
import { measurePortCheck } from './portCheck.ts';
import { measurePortFind } from './portFind.ts';
import { describeFigure, writeReport } from './report.ts';
import type { Subject } from './sidecars.ts';
import { measureStart } from './start.ts';

const sections: Record<string, (subject: Subject, isQuick: boolean) => Promise<Measured[]>> = {
  start: (subject, isQuick) => measureStart(subject, isQuick ? 7 : 41),
  ping: (subject, isQuick) => measurePing(subject, isQuick ? 7 : 41),
  load: (subject, isQuick) => measurePingUnderLoad(subject, isQuick ? 3 : 11),
  check: (subject, isQuick) => measurePortCheck(subject, isQuick ? { rounds: 5, crowds: 1 } : { rounds: 41, crowds: 9 }),
  client: (subject, isQuick) => measureClients(subject, isQuick ? 5 : 31),
  find: (subject, isQuick) => measurePortFind(subject, isQuick ? 5 : 31),
  kill: (subject, isQuick) => measureKill(subject, isQuick ? 7 : 41),
  deaf: (subject, isQuick) => measureDeafHost(subject, isQuick ? 2_000 : 30_000),
  // Pool threads end after 10 s, and V8 gives the pages of their heaps back some 8 s later.
  idle: (subject, isQuick) =>
    measureIdle(subject, isQuick ? { sidecars: 2, restMs: 20_000, watchMs: 3_000 } : { sidecars: 5, restMs: 30_000, watchMs: 10_000 }),
};

/**
 * Measures, and says of each figure whether it keeps its bound; missing one is no error. Everything measured in full goes to
 * docs/benchmarks.md. `--quick` measures less of all, names of sections measure only those, `--bin=FILE` another build.
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, bin: { type: 'string', default: `${root}dist/bin.js` } },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(sections, name));
  if (unknown !== undefined) throw new Error(`There is no section ${unknown}; there are ${Object.keys(sections).join(', ')}.`);
  if (process.platform !== 'linux') return print(`The sidecar answers Unsupported on ${process.platform} until that platform is built.`);

  const figures: Measured[] = [];
  for (const [name, measure] of Object.entries(sections)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const found = await measure({ bin: resolve(values.bin) }, values.quick);
    for (const figure of found) print(describeFigure(figure));
    figures.push(...found);
  }
  if (values.quick || positionals.length > 0) return;
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}docs/benchmarks.md`, writeReport(figures, 'npm run bench', new Date()));
  print('Written to docs/benchmarks.md.');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
