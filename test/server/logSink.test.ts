import { mkdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createStderrSink, type LogSink, openFileSink } from '../../src/server/logSink.ts';
import { makeDirectory } from '../harness/directory.ts';
import { until } from '../harness/until.ts';

const messages = (lines: string[]): string[] => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
const line = (msg: string): string => `${JSON.stringify({ msg })}\n`;

test('a host that does not read stderr loses lines, and is told how many once it reads', () => {
  const lines: string[] = [];
  const stderr = { writableLength: 0, write: (text: string) => lines.push(text) > 0 };
  const sink = createStderrSink(stderr as never);
  sink.write(line('a'));
  stderr.writableLength = 1024 * 1024;
  for (const lost of ['b', 'c']) sink.write(line(lost));
  stderr.writableLength = 0;
  sink.write(line('d'));
  sink.write(line('e'));
  expect(messages(lines)).toEqual(['a', '2 lines of the log were dropped, because nobody read it', 'd', 'e']);
});

test('a file that cannot be written is told on stderr, and its lines wait for it', async () => {
  await using directory = await makeDirectory();
  const told: string[] = [];
  const stderr: LogSink = { write: (text) => void told.push(text), flush: async () => {} };
  const path = directory.at('logs', 'log');
  const sink = await openFileSink({ path, maxBytes: 100_000_000, keep: 1 }, stderr, systemClock);
  sink.write(line('early'));
  await until(() => told.length === 1, 'the problem on stderr');
  expect(messages(told)).toEqual([expect.stringMatching(/^the log file .* cannot be written; it is tried again every second \(ENOENT/)]);
  // More than is kept: the last of them are dropped.
  for (let index = 0; index < 12; index += 1) sink.write(line('x'.repeat(100_000)));
  mkdirSync(directory.at('logs'));
  await until(() => told.length === 2, 'the recovery on stderr');
  sink.write(line('late'));
  await sink.flush();
  const written = messages(readFileSync(path, 'utf8').trim().split('\n'));
  expect(written.length).toBe(1 + 10 + 2);
  expect(written.slice(-2)).toEqual(['late', expect.stringMatching(/^2 lines of the log were dropped before the last one/)]);
});
