import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openRotatingFile, type RotatingFileOptions } from '../../src/server/os/rotatingFile.ts';
import { makeDirectory } from '../harness/directory.ts';
import { createFakeClock } from '../harness/fakeClock.ts';
import { isRoot, needs } from '../harness/needs.ts';
import { until } from '../harness/until.ts';

const line = (number: number, bytes = 20): string => `${String(number).padStart(bytes - 1, '0')}\n`;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

function openFile(options: Pick<RotatingFileOptions, 'path'> & Partial<RotatingFileOptions>) {
  const told: string[] = [];
  const file = openRotatingFile({
    maxBytes: 100,
    keep: 3,
    clock: systemClock,
    retryMs: 20,
    onProblem: (error, operation) => told.push(`${operation}: ${(error as NodeJS.ErrnoException).code}`),
    onRecovered: (operation) => told.push(`${operation}: recovered`),
    ...options,
  });
  return Object.assign(file, { told, [Symbol.asyncDispose]: () => file.close() });
}

/** The numbers of all lines, from the oldest file to the newest. */
function numbersIn(path: string): number[] {
  const older = range(1, 50).filter((number) => existsSync(`${path}.${number}`));
  const files = [...older.reverse().map((number) => `${path}.${number}`), ...(existsSync(path) ? [path] : [])];
  return files
    .flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1))
    .map((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN));
}

describe('rotation', () => {
  test('a batch that fills several files is in them, whole lines, in order, none lost', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log') });
    for (const number of range(0, 18)) expect(file.write(line(number))).toBe(true);
    await file.flush();
    expect(readdirSync(directory.path).sort()).toEqual(['log', 'log.1', 'log.2', 'log.3']);
    expect(numbersIn(directory.at('log'))).toEqual(range(0, 18));
    expect(statSync(directory.at('log')).size).toBe(60);
    for (const older of ['log.1', 'log.2', 'log.3']) expect(statSync(directory.at(older)).size).toBe(100);
    expect(file.queuedBytes).toBe(0);
  });

  test('only the oldest go, and nobody else may read the files', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log'), keep: 2 });
    for (const number of range(0, 100)) {
      file.write(line(number));
      if (number % 7 === 0) await file.flush();
    }
    await file.flush();
    expect(readdirSync(directory.path).sort()).toEqual(['log', 'log.1', 'log.2']);
    expect(numbersIn(directory.at('log'))).toEqual(range(85, 100));
    for (const name of readdirSync(directory.path)) expect(statSync(directory.at(name)).mode & 0o777).toBe(0o600);
  });

  test('with keep 0 there is one file', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log'), keep: 0 });
    for (const number of range(0, 8)) file.write(line(number));
    await file.flush();
    expect(readdirSync(directory.path)).toEqual(['log']);
    expect(numbersIn(directory.at('log'))).toEqual([5, 6, 7]);
  });

  test('a line that is longer than a file may be has one of its own', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log') });
    for (const bytes of [20, 500, 20]) file.write(line(1, bytes));
    await file.flush();
    expect(['log.2', 'log.1', 'log'].map((name) => statSync(directory.at(name)).size)).toEqual([20, 500, 20]);
  });

  test('goes on where the last run stopped, and ends a line that it left torn', async () => {
    await using directory = await makeDirectory();
    writeFileSync(directory.at('log'), `${line(1)}00000000`);
    await using file = openFile({ path: directory.at('log') });
    file.write(line(2));
    await file.flush();
    expect(numbersIn(directory.at('log'))).toEqual([1, 0, 2]);
  });

  test('what is written in one turn is one write', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log'), maxBytes: 1_000_000 });
    file.write(line(0));
    await file.flush();
    const before = readWrites();
    for (const number of range(1, 1_000)) file.write(line(number));
    await file.flush();
    // Beside the one: what wakes threads and the event loop.
    if (before !== null) expect((readWrites() as number) - before).toBeLessThan(100);
    expect(numbersIn(directory.at('log'))).toEqual(range(0, 1_000));
  });
});

describe('what goes wrong', () => {
  test('a deleted file is made anew, with what was written meanwhile', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log') });
    file.write(line(1));
    await file.flush();
    rmSync(directory.at('log'));
    file.write(line(2));
    await file.flush();
    expect(numbersIn(directory.at('log'))).toEqual([2]);
    expect(file.told).toEqual([]);
  });

  test('a file that somebody else rotated is left, and a new one begun', async () => {
    await using directory = await makeDirectory();
    await using file = openFile({ path: directory.at('log') });
    file.write(line(1));
    await file.flush();
    renameSync(directory.at('log'), directory.at('log.1'));
    for (const number of [2, 3]) {
      file.write(line(number));
      await file.flush();
    }
    expect(numbersIn(directory.at('log'))).toEqual([1, 2, 3]);
  });

  test('a deleted directory is told once, tried again, and nothing is lost', async () => {
    await using directory = await makeDirectory();
    mkdirSync(directory.at('logs'));
    await using file = openFile({ path: directory.at('logs', 'log') });
    file.write(line(1));
    await file.flush();
    rmSync(directory.at('logs'), { recursive: true });
    for (const number of [2, 3, 4]) {
      file.write(line(number));
      await file.flush();
    }
    expect(file.told).toEqual(['write: ENOENT']);
    mkdirSync(directory.at('logs'));
    await until(() => file.queuedBytes === 0, 'what waited to be written');
    expect(numbersIn(directory.at('logs', 'log'))).toEqual([2, 3, 4]);
    expect(file.told).toEqual(['write: ENOENT', 'write: recovered']);
  });

  test('a disk that takes nothing: told once, memory bounded, the rest counted', async () => {
    await using directory = await makeDirectory();
    const clock = createFakeClock();
    symlinkSync('/dev/full', directory.at('log'));
    await using file = openFile({ path: directory.at('log'), mostQueuedBytes: 200, clock });
    const answers = range(0, 15).map((number) => file.write(line(number)));
    await file.flush();
    expect(answers.filter((taken) => taken)).toHaveLength(10);
    expect([file.queuedBytes, file.dropped]).toEqual([200, 5]);
    for (let round = 0; round < 5; round += 1) {
      clock.advance(20);
      await file.flush();
    }
    expect(file.told).toEqual(['write: ENOSPC']);
    rmSync(directory.at('log'));
    clock.advance(20);
    await file.flush();
    expect(numbersIn(directory.at('log'))).toEqual(range(0, 10));
    expect(file.told).toEqual(['write: ENOSPC', 'write: recovered']);
  });

  test('closing with a disk that takes nothing ends, and counts what is lost', async () => {
    await using directory = await makeDirectory();
    symlinkSync('/dev/full', directory.at('log'));
    const file = openFile({ path: directory.at('log') });
    for (const number of [1, 2, 3]) file.write(line(number));
    await file.close();
    expect([file.dropped, file.queuedBytes, file.write(line(4)), file.dropped]).toEqual([3, 0, false, 4]);
  });

  test('a disk that fills up in the middle of a line: the line is whole once there is room', async ({ skip }) => {
    skip(!isRoot, 'needs root, to mount a small disk');
    await using directory = await makeDirectory();
    await using disk = mountSmallDisk(directory.at('disk'), skip);
    await using file = openFile({ path: `${disk.path}/log`, maxBytes: 1_000_000 });
    writeFileSync(`${disk.path}/ballast`, Buffer.alloc(20_000));
    for (const number of range(0, 60)) file.write(line(number, 1_000));
    await file.flush();
    expect(file.told).toEqual(['write: ENOSPC']);
    expect(file.queuedBytes).toBeGreaterThan(0);
    expect(statSync(`${disk.path}/log`).size % 1_000, 'the scene: the last line is torn').not.toBe(0);
    rmSync(`${disk.path}/ballast`);
    await until(() => file.queuedBytes === 0, 'the rest to be written');
    expect(numbersIn(`${disk.path}/log`)).toEqual(range(0, 60));
    expect(file.dropped).toBe(0);
  });

  test('where it may be written but not moved it grows; once it may be moved it is rotated', async ({ skip }) => {
    skip(!isRoot, 'needs root, to mount a file');
    await using directory = await makeDirectory();
    const path = directory.at('log');
    writeFileSync(path, '');
    writeFileSync(`${path}.1`, line(0));
    needs.namespaces(skip);
    execFileSync('mount', ['--bind', path, path]);
    await using file = openFile({ path });
    try {
      for (const number of range(1, 12)) {
        file.write(line(number));
        await file.flush();
      }
      expect(file.told).toEqual(['rotate: EBUSY']);
      expect(statSync(path).size).toBe(220);
    } finally {
      execFileSync('umount', ['-l', path]);
    }
    await until(async () => {
      file.write(line(12));
      await file.flush();
      return file.told.length === 2;
    }, 'the rotation');
    expect(file.told).toEqual(['rotate: EBUSY', 'rotate: recovered']);
    expect(new Set(numbersIn(path))).toEqual(new Set(range(0, 13)));
  });
});

function mountSmallDisk(path: string, skip: (condition: boolean, reason: string) => void): AsyncDisposable & { path: string } {
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    skip(true, 'needs the right to mount a small disk');
  }
  return { path, [Symbol.asyncDispose]: async () => void execFileSync('umount', ['-l', path]) };
}

/** The write(2) calls of this process so far. */
function readWrites(): number | null {
  const counted = existsSync('/proc/self/io') ? /^syscw: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] : undefined;
  return counted === undefined ? null : Number(counted);
}
