import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../harness/sidecar.ts';
import { measureClients } from './clients.ts';
import { measureContainment } from './containment.ts';
import type { Measured } from './figure.ts';
import { measureKill } from './kill.ts';
import { measureDeafHost, measureIdle } from './memory.ts';
import { measurePing, measurePingUnderLoad } from './ping.ts';
import { measurePortCheck } from './portCheck.ts';
import { measurePortFind } from './portFind.ts';
import { describeFigure, writeReport } from './report.ts';
import { serviceSections } from './services.ts';
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
  ...Object.fromEntries(
    Object.entries(serviceSections).map(([name, measure]) => [
      name,
      (subject: Subject, isQuick: boolean) =>
        measure(
          subject,
          isQuick ? { starts: 2, crashes: 10, idleMs: 5_000, most: 200 } : { starts: 3, crashes: 41, idleMs: 20_000, most: 1_000 },
        ),
    ]),
  ),
  containment: (subject, isQuick) => measureContainment(subject, isQuick ? 5 : 41),
};

/** By its name all of its sections are meant. */
interface Page {
  name: string;
  file: string;
  title: string;
  sections: string[];
  notes: string[];
}

const aside = [...Object.keys(serviceSections), 'containment'];
const pages: Page[] = [
  {
    name: 'all',
    file: 'docs/benchmarks.md',
    title: 'Benchmarks',
    sections: Object.keys(sections).filter((name) => !aside.includes(name)),
    notes: [
      'The busy machine has 500 more processes with 20 open files and 4 listening sockets each. `ss` and `lsof` are measured as one uses',
      'them, from their start to their end; psutil and the C loop without the start of their process, because a program that',
      'uses them is running already. Services have [a page of their own](benchmarks-services.md).',
    ],
  },
  {
    name: 'services',
    file: 'docs/benchmarks-services.md',
    title: 'Benchmarks: services',
    sections: aside,
    notes: [
      'pm2 is taken from the directory that `SIDEWARDEN_PM2` names and run by the same Node.js; supervisord is `/usr/bin/supervisord`, with',
      '`startsecs=0`. Each of their services is a shell that writes one byte into a file and becomes `sleep`.',
    ],
  },
];

/**
 * Measures, and says of each figure whether it keeps its bound; missing one is no error. A page whose sections were all measured in
 * full is written: without names of sections that is docs/benchmarks.md. `--quick` measures less of all, `--bin=FILE` another build.
 */
export async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, bin: { type: 'string', default: `${root}dist/bin.js` } },
  });
  const named = positionals.flatMap((name) => pages.find((page) => page.name === name)?.sections ?? [name]);
  const unknown = named.find((name) => !Object.hasOwn(sections, name));
  if (unknown !== undefined) throw new Error(`There is no section ${unknown}; there are services, ${Object.keys(sections).join(', ')}.`);
  if (process.platform !== 'linux') return print(`The sidecar answers Unsupported on ${process.platform} until that platform is built.`);

  const wanted = named.length > 0 ? named : (pages[0] as Page).sections;
  const figures: Measured[] = [];
  for (const [name, measure] of Object.entries(sections)) {
    if (!wanted.includes(name)) continue;
    const found = await measure({ bin: resolve(values.bin) }, values.quick);
    for (const figure of found) print(describeFigure(figure));
    figures.push(...found);
  }
  const page = pages.find(({ sections: own }) => own.length === wanted.length && own.every((name) => wanted.includes(name)));
  if (values.quick || page === undefined) return;
  const { file, title, notes } = page;
  const command = ['npm run bench', ...(positionals.length > 0 ? ['--', ...positionals] : [])].join(' ');
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}${file}`, writeReport({ title, figures, command, date: new Date(), notes }));
  print(`Written to ${file}.`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
