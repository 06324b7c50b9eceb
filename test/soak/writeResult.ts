import { readFileSync, writeFileSync } from 'node:fs';
import { root } from '../harness/sidecar.ts';

/** Puts a text where a document keeps it: between `<!-- NAME: begin -->` and `<!-- NAME: end -->`. */
export function writeResult(document: string, name: string, text: string): void {
  const path = `${root}${document}`;
  const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->\n`];
  const [before, rest] = readFileSync(path, 'utf8').split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for ${name}`);
  writeFileSync(path, before + begin + text + end + after);
}
