import { appendFile, chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { ledgersDirectory } from '../../src/server/ledger/files.ts';
import { type Ledger, openLedger } from '../../src/server/ledger/ledger.ts';
import { createStatePlaces } from '../../src/server/ledger/places.ts';
import { createLedgerReader } from '../../src/server/ledger/reader.ts';
import {
  formatHeader,
  formatStart,
  type LedgerHeader,
  type ProcessMark,
  parseLedger,
  type Start,
} from '../../src/server/ledger/records.ts';
import { createFileLocks, type TryLock } from '../../src/server/os/fileLock.ts';
import { makeAppDirectory, makePrivateDirectory } from '../../src/server/os/paths.ts';
import { makeDirectory } from '../harness/directory.ts';
import { createDirectPool, markOf } from '../harness/directPool.ts';
import { createFakeClock } from '../harness/fakeClock.ts';
import { hasNative } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const locks = createFileLocks({ native: hasNative });
const appId = 'ledger.test';
const header: LedgerHeader = { version: 1, sidecar: markOf(process.pid), host: markOf(process.ppid), appId, startedAt: 1 };
const gone: LedgerHeader = { ...header, sidecar: { pid: 4_194_304, identity: '00000000-4194304-1' } };
const start: Start = { startId: 'start-a', name: 'api', command: 'node', process: null };

describe('what is written', () => {
  test('one private file, with a header, and each record in one line, in order, before it is answered', async () => {
    await using scene = await openScene();
    const { ledger } = scene;
    await ledger.recordIntent({ startId: 'start-a', name: 'api', command: 'node', ownerTag: 'tab 1' });
    expect((await scene.lines()).at(-1)).toEqual({ record: 'intent', startId: 'start-a', name: 'api', command: 'node', ownerTag: 'tab 1' });
    void ledger.recordStarted({ startId: 'start-a', pid: 7, identity: 'x-7-1' });
    void ledger.recordIntent({ startId: 'start-b', name: 'web', command: 'sh' });
    await ledger.recordEnded({ startId: 'start-a' });
    expect((await scene.lines()).map(({ record }) => record)).toEqual(['header', 'intent', 'started', 'intent', 'ended']);
    const [path] = await scene.files();
    expect((await stat(path as string)).mode & 0o777).toBe(0o600);
    expect((await stat(scene.ledgers)).mode & 0o777).toBe(0o700);
    expect(ledger.state).toBe('ok');
    expect(ledger.starts()).toMatchObject([{ startId: 'start-b', process: null }]);
    await ledger.recordEnded({ startId: 'start-b' });
  });

  test('what was recorded ahead gets its name, and keeps its process; what has ended meanwhile stays ended', async () => {
    await using scene = await openScene();
    const { ledger } = scene;
    await ledger.recordIntent({ startId: 'start-a', name: 'parked', command: '/bin/sh', cgroup: '/cgroup' });
    await ledger.recordStarted({ startId: 'start-a', pid: 7, identity: 'x-7-1' });
    await ledger.recordTaken({ startId: 'start-a', name: 'api', command: 'node', ownerTag: 'tab 1' });
    const [path] = await scene.files();
    const taken = { startId: 'start-a', name: 'api', command: 'node', ownerTag: 'tab 1', cgroup: '/cgroup' };
    const onDisk = parseLedger(await readFile(path as string, 'utf8'));
    expect([...onDisk.starts.values()]).toEqual([{ ...taken, process: { pid: 7, identity: 'x-7-1' } }]);
    await ledger.recordEnded({ startId: 'start-a' });
    await ledger.recordTaken({ startId: 'start-a', name: 'api', command: 'node' });
    expect(ledger.starts()).toEqual([]);
  });

  test('it is locked as long as it is open, and with nothing running it leaves no file', async () => {
    await using scene = await openScene();
    const [path] = await scene.files();
    expect(await locks.isHeld(path as string)).toBe(true);
    await scene.ledger.close();
    expect(await scene.files()).toEqual([]);
  });

  test('what still runs at the end is left for the successor, unlocked', async () => {
    await using scene = await openScene();
    await scene.ledger.recordIntent({ startId: 'start-a', name: 'api', command: 'node' });
    await scene.ledger.close();
    const [path] = await scene.files();
    expect(await locks.isHeld(path as string)).toBe(false);
    expect([...parseLedger(await readFile(path as string, 'utf8')).starts.keys()]).toEqual(['start-a']);
  });

  test('a long ledger becomes a short one that says the same, and there is one at every moment', async () => {
    await using scene = await openScene({ mostRecords: 10 });
    await scene.ledger.recordGuard('guard', { pid: 5, identity: 'x-5-1' });
    await scene.ledger.recordGuard('guard', { pid: 6, identity: 'x-6-1' });
    await scene.ledger.recordGuard('deputy', { pid: 8, identity: 'x-8-1' });
    await scene.ledger.recordIntent({ startId: 'stays', name: 'api', command: 'node' });
    await scene.ledger.recordStarted({ startId: 'stays', pid: 7, identity: 'x-7-1' });
    const [before] = await scene.files();
    let fewest = Number.POSITIVE_INFINITY;
    let isDone = false;
    const watching = (async () => {
      while (!isDone) fewest = Math.min(fewest, (await scene.files()).length);
    })();
    for (let round = 0; round < 50; round++) {
      await scene.ledger.recordIntent({ startId: `s${round}`, name: 'b', command: 'c' });
      await scene.ledger.recordEnded({ startId: `s${round}` });
    }
    isDone = true;
    await watching;
    const [after] = await scene.files();
    expect(fewest).toBeGreaterThan(0);
    expect(after).not.toBe(before);
    expect((await scene.lines()).length).toBeLessThan(16);
    expect((await scene.content()).starts.get('stays')).toMatchObject({ process: { pid: 7, identity: 'x-7-1' } });
    expect([...(await scene.content()).guards]).toEqual([
      ['guard', { pid: 6, identity: 'x-6-1' }],
      ['deputy', { pid: 8, identity: 'x-8-1' }],
    ]);
    expect(await locks.isHeld(after as string)).toBe(true);
    await scene.ledger.recordEnded({ startId: 'stays' });
  });
});

describe('where it cannot be written', () => {
  test('a disk that takes half a record: degraded with one line, and whole again as soon as there is room', async () => {
    const disk = { room: Number.POSITIVE_INFINITY };
    await using scene = await openScene({ tryLock: onDisk(disk) });
    await scene.ledger.recordIntent({ startId: 'before', name: 'a', command: 'c' });
    disk.room = 10;
    await scene.ledger.recordIntent({ startId: 'during', name: 'b', command: 'c' });
    disk.room = 0;
    await scene.ledger.recordStarted({ startId: 'during', pid: 7, identity: 'x-7-1' });
    expect(scene.ledger.state).toBe('degraded');
    expect(scene.warnings).toHaveLength(1);
    expect(scene.warnings[0]).toMatch(/cannot be written.*free the disk/);
    // What was there is still there, and the torn record says nothing.
    expect([...(await scene.content()).starts.keys()]).toEqual(['before']);

    disk.room = Number.POSITIVE_INFINITY;
    await scene.ledger.recordEnded({ startId: 'before' });
    expect(scene.ledger.state).toBe('ok');
    expect([...(await scene.content()).starts.values()]).toEqual([
      { startId: 'during', name: 'b', command: 'c', process: { pid: 7, identity: 'x-7-1' } },
    ]);
    expect(await scene.files()).toHaveLength(1);
    await scene.ledger.recordEnded({ startId: 'during' });
  });

  test('it is tried again after a while, also when nothing more is recorded', async () => {
    const disk = { room: Number.POSITIVE_INFINITY };
    await using scene = await openScene({ tryLock: onDisk(disk) });
    disk.room = 0;
    await scene.ledger.recordIntent({ startId: 'start-a', name: 'a', command: 'c' });
    expect(scene.ledger.state).toBe('degraded');
    disk.room = Number.POSITIVE_INFINITY;
    scene.clock.advance(30_000);
    await until(() => scene.ledger.state === 'ok', 'the second try');
    expect([...(await scene.content()).starts.keys()]).toEqual(['start-a']);
    await scene.ledger.recordEnded({ startId: 'start-a' });
  });

  test('a file that somebody deletes is noticed with the next record, and made again', async () => {
    await using scene = await openScene();
    await rm(scene.stateDir, { recursive: true });
    await scene.ledger.recordIntent({ startId: 'start-a', name: 'a', command: 'c' });
    expect(scene.ledger.state).toBe('ok');
    expect([...(await scene.content()).starts.keys()]).toEqual(['start-a']);
    await scene.ledger.recordEnded({ startId: 'start-a' });
  });

  test('without any way to lock it is degraded, and the records are kept in mind', async () => {
    const tryLock: TryLock = async () => {
      throw new Error('no locks here');
    };
    await using scene = await openScene({ tryLock });
    await scene.ledger.recordIntent({ startId: 'start-a', name: 'a', command: 'c' });
    expect(scene.ledger.state).toBe('degraded');
    expect(scene.ledger.starts()).toHaveLength(1);
    expect(scene.warnings).toHaveLength(1);
  });

  test('a directory that others may write to is not used, and the way out is told', async () => {
    await using directory = await makeDirectory();
    await makeAppDirectory(directory.at('state'), appId);
    await chmod(directory.at('state'), 0o777);
    await expect(makeAppDirectory(directory.at('state'), appId)).rejects.toMatchObject({
      failure: { kind: 'PermissionDenied', message: expect.stringMatching(/state can be written to by others.*chmod go-w/) },
    });
    await writeFile(directory.at('file'), '');
    await expect(makeAppDirectory(directory.at('file'), appId)).rejects.toMatchObject({ failure: { kind: 'PermissionDenied' } });
  });
});

describe('what a successor reads', () => {
  test('a torn tail, a line of somebody else and an unknown kind of record say nothing; the rest holds', () => {
    const text = [
      formatHeader(header),
      formatStart(start),
      '{"record":"lease","startId":"start-a","port":1}\n',
      'not json\n{"record":"started"}\n[1]\nnull\n\n',
      formatStart({ ...start, startId: 'start-b', process: { pid: 7, identity: 'x-7-1' } }),
      '{"record":"ended","startId":"start-a',
    ].join('');
    const { header: read, starts } = parseLedger(text);
    expect(read).toEqual(header);
    expect([...starts.values()]).toEqual([start, { ...start, startId: 'start-b', process: { pid: 7, identity: 'x-7-1' } }]);
  });

  test('every cut of a ledger is read, and never says more than was written', () => {
    const text = `${formatHeader(header)}${formatStart(start)}${formatStart({ ...start, process: { pid: 7, identity: 'x-7-1' } })}`;
    for (let length = 0; length <= text.length; length++) {
      const { starts } = parseLedger(text.slice(0, length));
      for (const one of starts.values()) expect([null, 7]).toContain(one.process?.pid ?? null);
      expect(starts.size).toBeLessThanOrEqual(1);
    }
  });

  test('only the unlocked are adopted, by one at a time, and within a sidecar they are shared', async () => {
    await using scene = await openScene();
    await scene.leave('dead', gone, [start]);
    const [one, other] = [scene.reader(), scene.reader()];
    const [first = [], again = []] = await Promise.all([one.adoptDead(), one.adoptDead()]);
    expect([first, again].map((ledgers) => ledgers.map(({ starts }) => starts))).toEqual([[[start]], [[start]]]);
    expect(await other.adoptDead()).toEqual([]);
    await first[0]?.release();
    expect(await other.adoptDead()).toEqual([]);
    await again[0]?.release();
    const [mine] = await other.adoptDead();
    expect(mine?.starts).toEqual([start]);
    await mine?.discard();
    // Its own is neither adopted nor deleted.
    expect(await scene.files()).toHaveLength(1);
    expect(scene.ledger.state).toBe('ok');
  });

  test('one that is only looked at is adopted nevertheless', async () => {
    await using scene = await openScene();
    const path = await scene.leave('dead', gone, [start]);
    for (let round = 0; round < 5; round++) {
      const looks = Array.from({ length: 20 }, () => locks.isHeld(path));
      const [ledger] = await scene.reader().adoptDead();
      expect(ledger?.starts).toEqual([start]);
      await Promise.all(looks);
      await ledger?.release();
    }
  });

  test('who is alive: by lock and identity, with what it supervises', async () => {
    await using scene = await openScene();
    await scene.leave('dead', gone, [start]);
    await scene.ledger.recordIntent({ startId: 'mine', name: 'api', command: 'node' });
    await scene.ledger.recordGuard('guard', header.sidecar);
    const reader = scene.reader();
    const { sidecar, host } = header;
    const starts = [{ startId: 'mine', name: 'api', command: 'node', process: null }];
    // As builds left it that had no deputy.
    expect(await reader.listLive()).toEqual([{ appId, sidecar, host, guards: [sidecar], starts }]);
    await scene.ledger.recordGuard('deputy', header.host as ProcessMark);
    const expected = [{ appId, sidecar, host, guards: [sidecar, host], starts }];
    expect(await reader.listLive()).toEqual(expected);
    // The dead one is locked by its successor now, which makes nobody alive.
    const [adopted] = await scene.reader().adoptDead();
    expect(await reader.listLive()).toEqual(expected);
    expect(await scene.reader().listLive()).toEqual(expected);
    await adopted?.release();
    await scene.ledger.recordEnded({ startId: 'mine' });
    expect(await reader.listLive()).toMatchObject([{ starts: [] }]);
  });

  test('the finished and the old are swept away; what a newer sidecar wrote is left to that', async () => {
    await using scene = await openScene();
    const old = await scene.leave('old', gone, [start]);
    await utimes(old, 1, Date.now() / 1000 - 31 * 86_400);
    const open = await scene.leave('open', gone, [start]);
    const newer = await scene.leave('newer', { ...gone, version: 2 }, []);
    await scene.leave('finished', gone, []);
    await writeFile(join(scene.ledgers, 'torn.jsonl'), '{"record":"hea');
    const own = (await scene.files()).filter((path) => !/(old|open|newer|finished|torn)\.jsonl$/.test(path));
    await scene.reader().sweep();
    expect((await scene.files()).sort()).toEqual([...own, open, newer].sort());
    const adopted = await scene.reader().adoptDead();
    expect(adopted.map(({ starts }) => starts)).toEqual([[start]]);
    await Promise.all(adopted.map((one) => one.release()));
  });

  test('what is persistent is passed from one ledger to the next, once, and is never too old', async () => {
    await using scene = await openScene();
    const persistent = { spec: { name: 'api' }, ports: [{ name: 'http', port: 4_000 }] };
    const lasting: Start = { ...start, startId: 'lasting', process: { pid: 7, identity: 'x-7-1' }, persistent };
    const path = await scene.leave('dead', gone, [start, lasting]);
    await scene.leave('other', gone, [start]);
    await appendFile(path, '{"record":"sta');
    await utimes(path, 1, Date.now() / 1000 - 31 * 86_400);
    const reader = scene.reader();
    await reader.sweep();
    const [dead, ...others] = await reader.adoptPersistent();
    expect(others).toEqual([]);
    expect(dead?.starts).toEqual([start, lasting]);
    expect(await scene.reader().adoptPersistent()).toEqual([]);
    await scene.ledger.recordAdopted(lasting);
    await dead?.pass('lasting');
    expect(dead?.starts).toEqual([start]);
    await dead?.release();
    expect(await reader.adoptPersistent()).toEqual([]);
    const left = await reader.adoptDead();
    expect(left.map(({ starts }) => starts)).toEqual([[start], [start]]);
    await Promise.all(left.map((one) => one.release()));
    expect(scene.ledger.starts()).toEqual([lasting]);
    // With the last of them a ledger is gone.
    const only = await scene.leave('only', gone, [lasting]);
    const [again] = await reader.adoptPersistent();
    await again?.pass('lasting');
    await again?.release();
    expect(await scene.files()).not.toContain(only);
  });

  test('a directory that the host names is found from the usual place, as long as it is there', async () => {
    await using directory = await makeDirectory();
    const places = createStatePlaces(directory.at('usual'));
    expect(await places.list()).toEqual([directory.at('usual')]);
    await mkdir(directory.at('other'));
    await Promise.all([places.note(directory.at('other')), places.note(directory.at('usual'))]);
    await places.note(directory.at('other'));
    expect(await places.list()).toEqual([directory.at('usual'), directory.at('other')]);
    await rm(directory.at('other'), { recursive: true });
    expect(await places.list()).toEqual([directory.at('usual')]);
    expect(await readdir(directory.at('usual', 'elsewhere'))).toEqual([]);
  });
});

interface SceneOptions {
  tryLock?: TryLock;
  mostRecords?: number;
}

async function openScene({ tryLock = locks.tryLock, mostRecords }: SceneOptions = {}) {
  const root = await makeDirectory();
  const stateDir = root.at('state');
  const warnings: string[] = [];
  const clock = createFakeClock();
  const ignore = () => {};
  const log = { debug: ignore, info: ignore, warn: (_: object, message: string) => warnings.push(message), error: ignore, fatal: ignore };
  const directory = async () => {
    const own = ledgersDirectory(await makeAppDirectory(stateDir, appId));
    await makePrivateDirectory(own);
    return own;
  };
  const ledgers = await directory();
  const ledger: Ledger = await openLedger({
    directory,
    tryLock,
    header: async () => header,
    clock,
    log,
    ...(mostRecords !== undefined && { mostRecords }),
  });
  const files = async () => (await readdir(ledgers).catch(() => [])).map((name) => join(ledgers, name));
  const text = async () => (await Promise.all((await files()).map((path) => readFile(path, 'utf8')))).join('');
  return {
    ledger,
    stateDir,
    ledgers,
    warnings,
    clock,
    files,
    content: async () => parseLedger(await text()),
    lines: async () =>
      (await text())
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { record: string }),
    /** What a sidecar leaves that was killed. */
    async leave(name: string, of: LedgerHeader, starts: Start[]): Promise<string> {
      const path = join(ledgers, `${name}.jsonl`);
      await appendFile(path, [formatHeader(of), ...starts.map(formatStart)].join(''), { mode: 0o600 });
      return path;
    },
    /** Each stands for a sidecar. */
    reader: () =>
      createLedgerReader({
        locks,
        pool: createDirectPool(),
        clock: systemClock,
        log,
        places: createStatePlaces(stateDir),
        stateDir,
        appId,
        sidecarPid: process.pid,
      }),
    async [Symbol.asyncDispose]() {
      await ledger.close();
      await root[Symbol.asyncDispose]();
    },
  };
}

/** A disk with so much room: write(2) takes what fits, and then fails. */
function onDisk(disk: { room: number }): TryLock {
  return async (path) => {
    const lock = await locks.tryLock(path);
    if (lock === null) return null;
    const { handle } = lock;
    const write = handle.write.bind(handle) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
      at: null,
    ) => Promise<{ bytesWritten: number }>;
    const limited = async (bytes: Uint8Array, offset: number, length: number, at: null) => {
      if (disk.room === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const fits = Math.min(length, disk.room);
      disk.room -= fits;
      return write(bytes, offset, fits, at);
    };
    handle.write = limited as unknown as typeof handle.write;
    return lock;
  };
}
