import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Params } from '../../../src/protocol/methods/index.ts';
import { parseWhole } from '../arguments.ts';
import { withSidecar } from '../connect.ts';
import { type ExitCode, exitCode, UsageError } from '../exitCode.ts';
import { print, printJson } from '../terminal.ts';

/** Prints free ports, one a line, and nothing else. */
export async function alloc(args: string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      range: { type: 'string' },
      'state-dir': { type: 'string' },
      'dry-run': { type: 'boolean', short: 'n' },
      json: { type: 'boolean' },
    },
  });
  if (values['dry-run'] && values.key !== undefined)
    throw new UsageError('--dry-run or --key: the ports of a key are found by handing them out, and that is remembered.');
  const params = {
    count: parseCount(positionals),
    key: values.key === undefined ? undefined : parseKey(values.key),
    range: values.range === undefined ? undefined : parseRange(values.range),
  };
  const stateDir = values['state-dir'] === undefined ? undefined : resolve(values['state-dir']);
  const answer = await withSidecar((sidecar) => sidecar.call('port/allocate', params), { stateDir });
  if (values.json) printJson(answer);
  else print(...answer.leases.map(({ port }) => String(port)));
  return exitCode.done;
}

function parseCount([text, ...more]: string[]): number | undefined {
  if (more.length > 0) throw new UsageError('One number, of how many ports; for instance: sidewarden alloc 3.');
  return text === undefined ? undefined : parseWhole(text, 'The count', 1, 256);
}

function parseKey(text: string): string {
  if (text.length >= 1 && text.length <= 200) return text;
  throw new UsageError('--key takes 1 to 200 characters.');
}

function parseRange(text: string): Params<'port/allocate'>['range'] {
  const [from = '', to = '', ...more] = text.split('-');
  const isPort = (part: string) => /^\d{1,5}$/.test(part) && Number(part) >= 1 && Number(part) <= 65_535;
  if (more.length > 0 || !isPort(from) || !isPort(to) || Number(from) > Number(to))
    throw new UsageError(`--range takes two ports, the lower one first, as in 20000-20999, not "${text}".`);
  return { from: Number(from), to: Number(to) };
}
