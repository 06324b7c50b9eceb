import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { publishedFiles } from '../../src/protocol/publish/files.ts';

const root = join(import.meta.dirname, '..', '..');

/* An optional member costs one line in the definition: everything else is generated from there. */

test('a member that is added to the params and the result of a method is in every generated file, and nothing else changes', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'sidewarden-member-'));
  const published = publishedFiles().map(({ path }) => relative(root, path));
  for (const path of ['package.json', 'src/protocol', ...published]) {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    cpSync(join(root, path), join(checkout, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));

  const definition = join(checkout, 'src/protocol/methods/port.ts');
  const added = readFileSync(definition, 'utf8').replace(
    'params: z.object({ port: Port, protocol: OneProtocol, host: OneHost }),\n  result: z.object({\n    inUse:',
    `params: z.object({ port: Port, protocol: OneProtocol, host: OneHost, askedBy: z.optional(doc(z.string(), 'Who wants to know.')) }),
  result: z.object({\n    lastSeenMs: z.optional(doc(z.int(), 'When it was seen last.')),\n    inUse:`,
  );
  expect(added).toContain('askedBy');
  writeFileSync(definition, added);
  const { stderr, status } = spawnSync(process.execPath, [join(checkout, 'src/protocol/publish/generate.ts')], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });

  const changed = published.filter((path) => readFileSync(join(checkout, path), 'utf8') !== readFileSync(join(root, path), 'utf8'));
  expect(changed.sort()).toEqual([
    'clients/python/src/sidewarden/generated/async_methods.py',
    'clients/python/src/sidewarden/generated/methods.py',
    'clients/python/src/sidewarden/generated/types.py',
    'clients/spec/METHODS.md',
    'clients/spec/openrpc.json',
    'clients/spec/sidewarden.schema.json',
    'clients/typescript/generated/types.ts',
  ]);
  for (const path of changed) {
    const text = readFileSync(join(checkout, path), 'utf8');
    expect(text, path).toMatch(/askedBy|asked_by/);
    // A method's stub names its params; its result is a type.
    if (!/methods\.py$/.test(path)) expect(text, path).toMatch(/lastSeenMs|last_seen_ms/);
    expect(
      linesGone(path, text).filter((line) => !line.includes('port/check')),
      path,
    ).toEqual([]);
  }
  rmSync(checkout, { recursive: true, force: true });
}, 60_000);

/** Lines of the committed file that the new one has no more: a line about the method itself may have grown. */
function linesGone(path: string, text: string): string[] {
  const lines = new Set(text.split('\n').map((line) => line.replace(/,$/, '')));
  return readFileSync(join(root, path), 'utf8')
    .split('\n')
    .map((line) => line.replace(/,$/, ''))
    .filter((line) => !lines.has(line));
}
