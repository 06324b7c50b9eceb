import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { startSidecar } from '../harness/sidecar.ts';

interface Line {
  level: number;
  msg: string;
  host?: { message: string };
}

const parse = (text: string) =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

describe('--log-level', () => {
  /** pino’s numbers of the levels, as far as this run has something to say. */
  const levels = { debug: 20, warn: 40, error: 50 };
  test.each([
    ['debug', [levels.debug, levels.warn, levels.error]],
    ['info', [levels.warn, levels.error]],
    ['warn', [levels.warn, levels.error]],
    ['error', [levels.error]],
    ['fatal', []],
    ['silent', []],
  ])('%s writes what is at least that, to stderr, a JSON object a line', async (level, expected) => {
    await using sidecar = await startSidecar({ args: ['--stdio', `--log-level=${level}`] });
    await sidecar.request('port/check', { port: 'eighty' });
    sidecar.send({ jsonrpc: '2.0', method: 'sidecar/ping' });
    await sidecar.call('log/error', { message: 'mine' });
    await sidecar.end();
    expect([...new Set(parse(sidecar.stderr()).map((line) => line.level))].toSorted()).toEqual(expected);
  });
});

test('what a second instance says, and what it is replied, is in the log of neither', async () => {
  await using directory = await makeDirectory();
  const args = ['--stdio', '--log-level=debug'];
  const said = { argv: ['app', '--token=s3cret-argument'], cwd: '/s3cret-directory', data: { note: 's3cret-data' } };
  const hostCalls = { 'host/secondInstance': () => ({ handled: true, reply: 's3cret-reply' }) };
  await using first = await startSidecar({ args, hostCalls, initialize: { capabilities: { secondInstance: true } } });
  await using second = await startSidecar({ args });
  const lock = { scope: 'path', path: directory.path } as const;
  await first.call('instance/acquire', lock);
  expect(await second.call('instance/acquire', { ...lock, payload: said })).toMatchObject({ delivered: true, reply: 's3cret-reply' });
  expect((await second.request('instance/acquire', { ...lock, payload: { argv: 's3cret-wrong' } })).error).toBeDefined();
  await second.end();
  await first.end();
  expect(parse(first.stderr()).length + parse(second.stderr()).length).toBeGreaterThan(1);
  expect(first.stderr() + second.stderr()).not.toContain('s3cret');
});

describe('--log-file', () => {
  test('rotates by size, loses no line, and leaves stderr empty', async () => {
    await using directory = await makeDirectory();
    const file = directory.at('sidecar.log');
    const args = ['--stdio', `--log-file=${file}`, '--log-max-bytes=10000', '--log-keep=50'];
    await using sidecar = await startSidecar({ args });
    const messages = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(1_000)}`);
    for (const message of messages) await sidecar.call('log/error', { message });
    await sidecar.end();
    const files = readdirSync(directory.path);
    expect(files.length).toBeGreaterThan(10);
    for (const name of files) expect(statSync(directory.at(name)).size).toBeLessThanOrEqual(10_000);
    const byAge = Array.from({ length: files.length - 1 }, (_, index) => `${file}.${files.length - 1 - index}`);
    const lines = [...byAge, file].flatMap((name) => parse(readFileSync(name, 'utf8')));
    expect(lines.flatMap(({ host }) => host?.message ?? [])).toEqual(messages);
    expect(lines.at(-1)?.msg).toBe('shut down');
    expect(sidecar.stderr()).toBe('');
  });
});
