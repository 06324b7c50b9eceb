import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createLogBatches } from '../../src/server/supervisor/output/batches.ts';
import { createLineSplitter } from '../../src/server/supervisor/output/lines.ts';
import { createServiceOutput, type LogSink } from '../../src/server/supervisor/output/output.ts';
import { createLogRing, type LogLine, type NewLine } from '../../src/server/supervisor/output/ring.ts';
import { createWholeLines } from '../../src/server/supervisor/output/wholeLines.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

describe('lines', () => {
  const split = (mostBytes: number, ...chunks: (string | Buffer)[]) => {
    const lines: (string | [string])[] = [];
    const splitter = createLineSplitter(mostBytes, (text, isTruncated) => lines.push(isTruncated ? [text] : text));
    for (const chunk of chunks) splitter.push(Buffer.from(chunk));
    splitter.end();
    return lines;
  };

  test('LF and CR LF end one, empty ones count, and the last needs no end', () => {
    expect(split(100, 'one\ntwo\r\n\n\rthree\rfour')).toEqual(['one', 'two', '', '\rthree\rfour']);
    expect(split(100, 'one\n')).toEqual(['one']);
    expect(split(100, '')).toEqual([]);
  });

  test('however the bytes are cut, the lines are the same', () => {
    const bytes = Buffer.from('grüße, 世界 🌍\r\nb\n\nlast');
    for (let at = 0; at <= bytes.length; at++) {
      expect(split(100, bytes.subarray(0, at), bytes.subarray(at))).toEqual(['grüße, 世界 🌍', 'b', '', 'last']);
    }
  });

  test('what is no UTF-8 is marked, and harms only itself', () => {
    expect(split(100, Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xe4, 0xb8, 0x0a, 0x63]))).toEqual(['a\ufffdb', '\ufffd', 'c']);
  });

  test('a line that is too long is told once, from its beginning, and the next one is whole', () => {
    expect(split(4, 'abcd\nabcdef\nxy\n')).toEqual(['abcd', ['abcd'], 'xy']);
    expect(split(4, 'ab', 'cde', 'f\n', 'xy')).toEqual([['abcd'], 'xy']);
    expect(split(4, 'abcd', '\n', 'x')).toEqual(['abcd', 'x']);
  });

  test('a cut goes through no character', () => {
    expect(split(4, 'abcüd\nx\n')).toEqual([['abc'], 'x']);
  });

  test('100 MB without an end cost nothing, and are told after the first bytes', () => {
    const lines: number[] = [];
    const splitter = createLineSplitter(16_384, (text) => lines.push(text.length));
    const chunk = Buffer.alloc(65_536, 0x78);
    const before = process.memoryUsage().heapUsed;
    for (let bytes = 0; bytes < 100_000_000; bytes += chunk.length) splitter.push(chunk);
    expect(lines).toEqual([16_384]);
    splitter.end();
    expect(lines).toEqual([16_384]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000);
  });
});

describe('the ring', () => {
  const line = (text: string, more: Partial<NewLine> = {}): NewLine => ({
    stream: 'stdout',
    at: 1_790_000_000_123,
    text,
    isTruncated: false,
    ...more,
  });

  test('gives back what it was given, with numbers from 1', () => {
    const ring = createLogRing(10_000);
    expect(ring.read({})).toEqual({ lines: [], nextSeq: 1, dropped: 0 });
    expect(ring.add(line('ünï'))).toBe(1);
    expect(ring.add(line('', { stream: 'stderr', isTruncated: true }))).toBe(2);
    expect(ring.read({})).toEqual({
      lines: [
        { seq: 1, stream: 'stdout', at: 1_790_000_000_123, text: 'ünï' },
        { seq: 2, stream: 'stderr', at: 1_790_000_000_123, text: '', truncated: true },
      ],
      nextSeq: 3,
      dropped: 0,
    });
  });

  test('the last ones, and those since a number; what is gone in between is counted', () => {
    const ring = createLogRing(100);
    for (let seq = 1; seq <= 50; seq++) ring.add(line(`line ${seq}`));
    const seqs = (query: Parameters<typeof ring.read>[0]) => ring.read(query).lines.map(({ seq }) => seq);
    expect(seqs({})).toEqual([46, 47, 48, 49, 50]);
    expect(ring.read({}).dropped).toBe(45);
    expect(seqs({ tail: 2 })).toEqual([49, 50]);
    expect(seqs({ tail: 0 })).toEqual([]);
    expect(seqs({ sinceSeq: 49 })).toEqual([49, 50]);
    expect(ring.read({ sinceSeq: 49 }).dropped).toBe(0);
    expect(ring.read({ sinceSeq: 40 })).toMatchObject({ dropped: 6, nextSeq: 51 });
    expect(ring.read({ sinceSeq: 51 })).toEqual({ lines: [], nextSeq: 51, dropped: 0 });
    expect(ring.read({ sinceSeq: 99 })).toEqual({ lines: [], nextSeq: 51, dropped: 0 });
    expect(seqs({ sinceSeq: 47, tail: 1 })).toEqual([50]);
  });

  test('a line that is larger than the ring is cut, at a character', () => {
    const ring = createLogRing(20);
    ring.add(line('short'));
    ring.add(line('äöüäöü'));
    expect(ring.read({}).lines).toMatchObject([{ seq: 2, text: 'äöü', truncated: true }]);
  });

  test('one of another size begins with the lines of the one before, and goes on with their numbers', () => {
    const before = createLogRing(100);
    for (let seq = 1; seq <= 50; seq++) before.add(line(`line ${seq}`, { stream: 'stderr', isTruncated: seq === 50 }));
    const larger = createLogRing(1_000, before.read({}));
    expect(larger.read({ sinceSeq: 46 })).toEqual(before.read({ sinceSeq: 46 }));
    expect(larger.add(line('next'))).toBe(51);
    const smaller = createLogRing(45, before.read({}));
    expect(smaller.read({})).toMatchObject({ lines: [{ seq: 49 }, { seq: 50, truncated: true }], nextSeq: 51, dropped: 48 });
    expect(createLogRing(0, before.read({})).read({})).toEqual({ lines: [], nextSeq: 51, dropped: 50 });
  });

  test('whatever is added, it holds the newest that fit, whole and in order', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % below;
    };
    for (const mostBytes of [200, 1_000, 5_000, 20_000]) {
      const ring = createLogRing(mostBytes);
      const all: string[] = [];
      for (let round = 0; round < 500; round++) {
        const text = `${round}:${'ab🌍'.repeat(random(12))}`.slice(0, 40);
        all.push(text.toWellFormed());
        ring.add(line(text.toWellFormed()));
        const { lines, nextSeq } = ring.read({});
        expect(nextSeq).toBe(round + 2);
        expect(lines.map((one) => one.text)).toEqual(all.slice(all.length - lines.length));
        const bytes = lines.reduce((sum, one) => sum + 13 + Buffer.byteLength(one.text), 0);
        expect(bytes).toBeLessThanOrEqual(mostBytes);
        const older = all[all.length - lines.length - 1];
        if (older !== undefined) expect(bytes + 13 + Buffer.byteLength(older)).toBeGreaterThan(mostBytes);
      }
    }
  });
});

describe('whole lines', () => {
  const write = (...chunks: string[]) => {
    const written: string[] = [];
    const lines = createWholeLines((bytes) => written.push(bytes.toString()));
    for (const chunk of chunks) lines.push(Buffer.from(chunk));
    lines.end();
    return written;
  };

  test('what has no end yet waits for it, and the last line gets one', () => {
    expect(write('a', 'b\nc', '\n', 'd\ne\nf')).toEqual(['ab\n', 'c\n', 'd\ne\n', 'f\n']);
    expect(write('a\n')).toEqual(['a\n']);
    expect(write()).toEqual([]);
  });

  test('a line without end is written in pieces, and nothing of it is lost', () => {
    const long = 'x'.repeat(40_000);
    const written = write(long, long, long, `${long}y\nz\n`);
    expect(written.join('')).toBe(`${long.repeat(4)}y\nz\n`);
    expect(written.length).toBeGreaterThan(1);
    expect(write(long, long)).toEqual([long.repeat(2), '\n']);
  });
});

describe('batches', () => {
  const line = (seq: number, text: string): LogLine => ({ seq, stream: 'stdout', at: 0, text });

  test('follow 50 ms after the first line, or when 64 KiB are there, and never hold more', () => {
    const clock = createFakeClock();
    const told: number[][] = [];
    const batches = createLogBatches((lines) => told.push(lines.map(({ seq }) => seq)), clock);
    batches.add(line(1, 'a'));
    clock.advance(49);
    batches.add(line(2, 'b'));
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual([[1, 2]]);
    for (let seq = 3; seq < 8; seq++) batches.add(line(seq, 'x'.repeat(16_384)));
    expect(told).toEqual([
      [1, 2],
      [3, 4, 5, 6],
    ]);
    batches.close();
    expect(told.at(-1)).toEqual([7]);
    batches.add(line(8, 'late'));
    clock.advance(1_000);
    expect(told).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });
});

describe('the output of a real program', () => {
  const run = async (script: string, file: LogSink | null = null) => {
    const output = createServiceOutput({ ring: createLogRing(65_536), file, now: () => 7 });
    const heard: string[] = [];
    output.onLine(({ text }) => heard.push(text));
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    output.attach(child);
    await once(child, 'close');
    await output.drained();
    return { output, heard };
  };

  test('both pipes, with the stream of each line', async () => {
    const { output, heard } = await run("console.log('to stdout'); console.error('to stderr'); process.stdout.write('no end')");
    const { lines, nextSeq } = output.read({});
    expect(lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual(['to stdout', 'no end']);
    expect(lines.filter(({ stream }) => stream === 'stderr').map(({ text }) => text)).toEqual(['to stderr']);
    expect(heard.sort()).toEqual(['no end', 'to stderr', 'to stdout']);
    expect(nextSeq).toBe(4);
    expect(output.lastLines(1)).toHaveLength(1);
  });

  test('a file that is slow holds the program back, and gets every byte', async () => {
    const pieces: Buffer[] = [];
    let queued = 0;
    let mostQueued = 0;
    let release = Promise.withResolvers<void>();
    const file: LogSink = {
      append(bytes) {
        pieces.push(bytes);
        queued += bytes.length;
        mostQueued = Math.max(mostQueued, queued);
        setImmediate(() => {
          queued -= bytes.length;
          release.resolve();
          release = Promise.withResolvers();
        });
      },
      get isFull() {
        return queued > 100_000;
      },
      async writable() {
        while (queued > 100_000) await release.promise;
      },
    };
    const { output } = await run("const line = 'x'.repeat(99) + '\\n'; for (let i = 0; i < 200000; i++) process.stdout.write(line)", file);
    const bytes = Buffer.concat(pieces);
    expect(bytes.length).toBe(20_000_000);
    expect(bytes.equals(Buffer.from(`${'x'.repeat(99)}\n`.repeat(200_000)))).toBe(true);
    expect(mostQueued).toBeLessThan(1_000_000);
    expect(output.read({}).nextSeq).toBe(200_001);
  });
});
