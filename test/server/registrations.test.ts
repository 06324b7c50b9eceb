import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { createTryLock, type TryLock } from '../../src/server/os/fileLock.ts';
import { openRegistrations } from '../../src/server/ports/registrations.ts';
import { formatRegistrations, parseRegistrations, type RegistrationsFile } from '../../src/server/ports/registrationsFile.ts';
import { isRoot } from '../harness/needs.ts';

const dayMs = 24 * 3_600_000;
const tcp = (port: number, name = `p${port}`) => ({ port, protocol: 'tcp' as const, name });
const portsOf = (ports: { port: number }[]): number[] => ports.map(({ port }) => port);

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** An app’s directory, and the runs of its sidecars, of which the test says which live. */
async function scene() {
  const directory = await mkdtemp(join(tmpdir(), 'registrations-'));
  directories.push(directory);
  const gone = new Set<string>();
  const warnings: string[] = [];
  const log = {
    debug() {},
    info() {},
    error() {},
    fatal() {},
    warn: (_fields: object, message: string) => void warnings.push(message),
  } satisfies Log;
  let lastPid = 100;
  const open = ({ tryLock = createTryLock({ native: true }), clock = systemClock }: { tryLock?: TryLock; clock?: Clock } = {}) => {
    lastPid += 1;
    const sidecar = { pid: lastPid, identity: `boot-${lastPid}` };
    const findGone = async (asked: { identity: string }[]) =>
      new Set(asked.map(({ identity }) => identity).filter((identity) => gone.has(identity)));
    const registrations = openRegistrations({
      directory: async () => directory,
      sidecar: async () => sidecar,
      findGone,
      tryLock,
      clock,
      log,
    });
    return { ...registrations, crash: () => void gone.add(sidecar.identity) };
  };
  const path = join(directory, 'registrations.json');
  const read = async (): Promise<RegistrationsFile> => {
    const answer = parseRegistrations(await readFile(path, 'utf8'));
    if (answer.kind !== 'read') throw new Error(`the file is ${answer.kind}`);
    return answer.file;
  };
  return { directory, path, open, read, warnings };
}

describe('registrations', () => {
  test('of this run: registered, renamed, listed, unregistered', async () => {
    const { open, warnings } = await scene();
    const run = open();
    await run.register(tcp(5_050, 'backend'));
    await run.register({ port: 5_050, protocol: 'udp', name: 'discovery' });
    await run.register(tcp(5_050, 'server'));
    expect(run.list()).toMatchObject([
      { port: 5_050, protocol: 'tcp', name: 'server' },
      { port: 5_050, protocol: 'udp', name: 'discovery' },
    ]);
    expect(await run.unregister(5_050, 'tcp')).toBe(true);
    expect(await run.unregister(5_050, 'tcp')).toBe(false);
    expect(run.list()).toMatchObject([{ port: 5_050, protocol: 'udp' }]);
    expect(warnings).toEqual([]);
  });

  test('they outlive a run that crashed: the next one is to clean up its own and the last run’s, and no older ones', async () => {
    const { open } = await scene();
    const first = open();
    await first.register(tcp(5_001));
    first.crash();
    const second = open();
    await second.register(tcp(5_002));
    expect(portsOf(await second.toCleanUp())).toEqual([5_002, 5_001]);
    second.crash();
    const third = open();
    expect(third.list()).toEqual([]);
    expect(portsOf(await third.toCleanUp())).toEqual([5_002]);
    await third.close();
    expect(portsOf(await open().toCleanUp())).toEqual([]);
  });

  test('they outlive a run that ended well, and are forgotten by who unregisters them', async () => {
    const { open } = await scene();
    const first = open();
    await first.register(tcp(5_001, 'old name'));
    await first.register(tcp(5_002));
    await first.close();
    const second = open();
    await second.register(tcp(5_001, 'new name'));
    expect(await second.toCleanUp()).toMatchObject([tcp(5_001, 'new name'), tcp(5_002)]);
    expect(await second.unregister(5_002, 'tcp')).toBe(false);
    expect(portsOf(await second.toCleanUp())).toEqual([5_001]);
  });

  test('what a live sibling has registered is its own; once it is gone it is the last run’s', async () => {
    const { open } = await scene();
    const [one, other] = [open(), open()];
    await Promise.all([one.register(tcp(5_001)), other.register(tcp(5_002))]);
    expect(portsOf(await one.toCleanUp())).toEqual([5_001]);
    other.crash();
    expect(portsOf(await one.toCleanUp())).toEqual([5_001, 5_002]);
  });

  test('the last run is the one that ended last, though the clock was set back in between', async () => {
    const { open } = await scene();
    const ahead = { ...systemClock, now: () => systemClock.now() + dayMs };
    const first = open({ clock: ahead });
    await first.register(tcp(5_001));
    await first.close();
    const second = open();
    await second.register(tcp(5_002));
    await second.close();
    const third = open();
    expect(portsOf(await third.toCleanUp())).toEqual([5_002]);
  });

  test('of two that crashed, the last is the one that changed something last', async () => {
    const { open } = await scene();
    const [one, other] = [open(), open()];
    await one.register(tcp(5_001));
    await other.register(tcp(5_002));
    await one.register(tcp(5_003));
    one.crash();
    other.crash();
    expect(portsOf(await open().toCleanUp())).toEqual([5_001, 5_003]);
  });

  test('many sidecars that write at the same time lose nobody’s entries', async () => {
    const { open, read, directory } = await scene();
    const runs = Array.from({ length: 6 }, () => open());
    await Promise.all(
      runs.flatMap((run, index) =>
        [1, 2, 3, 4, 5].flatMap((step) => [
          run.register(tcp(6_000 + index * 10 + step)),
          run.rememberKey(`${index}.${step}`, () => [7_000 + index]),
        ]),
      ),
    );
    const file = await read();
    expect(file.runs).toHaveLength(6);
    expect(file.runs.flatMap(({ ports }) => ports)).toHaveLength(30);
    expect(file.keys).toHaveLength(30);
    expect((await readdir(directory)).sort()).toEqual(['registrations.json', 'registrations.lock']);
  });

  test('sidecars in processes of their own lose nobody’s entries either, with and without koffi', async () => {
    const { open, read, directory } = await scene();
    const program = new URL('../fixtures/programs/registerPorts.mjs', import.meta.url).pathname;
    const run = (from: number, native: string) => promisify(execFile)(process.execPath, [program, directory, String(from), native]);
    await Promise.all([run(6_000, 'native'), run(6_100, 'plain'), run(6_200, 'native'), open().register(tcp(6_300))]);
    expect((await read()).runs.flatMap(({ ports }) => ports)).toHaveLength(31);
  });

  test('the file is private', async () => {
    const { open, path } = await scene();
    await open().register(tcp(5_001));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['torn', '{"version":1,"runs":[{"runId":"a","sidec'],
    ['empty', ''],
    ['no object', '[]'],
    ['of a wrong shape', '{"version":1,"runs":[{"runId":"a"}],"keys":[]}'],
  ])('a file that is %s is moved aside with a log line', async (_name, text) => {
    const { open, path, read, directory, warnings } = await scene();
    await writeFile(path, text);
    const run = open();
    expect(portsOf(await run.toCleanUp())).toEqual([]);
    await run.register(tcp(5_001));
    expect((await read()).runs).toHaveLength(1);
    expect(await readFile(`${path}.damaged`, 'utf8')).toBe(text);
    expect(warnings).toHaveLength(1);
    expect(await readdir(directory)).not.toContain('registrations.json.tmp');
  });

  test('a file of a newer version is left as it is', async () => {
    const { open, path, warnings } = await scene();
    const text = '{"version":2,"anything":true}';
    await writeFile(path, text);
    const run = open();
    await run.register(tcp(5_001));
    expect(portsOf(await run.toCleanUp())).toEqual([5_001]);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(warnings).toHaveLength(1);
  });

  test('a file that cannot be written: everything stays in memory, one log line, and it is written when that is possible again', async () => {
    const { open, path, read, warnings } = await scene();
    await mkdir(path);
    const run = open();
    await run.register(tcp(5_001));
    await run.rememberKey('wt', () => [20_001]);
    expect(portsOf(await run.toCleanUp())).toEqual([5_001]);
    expect(await run.portsOfKey('wt')).toEqual([20_001]);
    expect(warnings).toHaveLength(1);
    await rm(path, { recursive: true });
    await run.register(tcp(5_002));
    expect(await read()).toMatchObject({ runs: [{ ports: [tcp(5_001), tcp(5_002)] }], keys: [{ key: 'wt', ports: [20_001] }] });
  });

  test('a full disk: what was written stays whole, and nothing is left beside it', async ({ skip }) => {
    if (!isRoot) skip('needs root, to mount a small disk');
    const { open, path, read, directory, warnings } = await scene();
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', directory]).status !== 0) skip('needs the right to mount');
    try {
      const run = open();
      await run.register(tcp(5_001));
      await writeFile(join(directory, 'ballast'), Buffer.alloc(16_384)).catch(() => {});
      for (let port = 6_000; port < 6_100; port += 1) await run.register(tcp(port, 'x'.repeat(200)));
      expect(run.list()).toHaveLength(101);
      expect(warnings).toHaveLength(1);
      expect((await read()).runs[0]?.ports.length).toBeLessThan(101);
      expect((await readdir(directory)).sort()).toEqual(['ballast', 'registrations.json', 'registrations.lock']);
      await rm(join(directory, 'ballast'));
      await run.unregister(6_000, 'tcp');
      for (let port = 6_001; port < 6_095; port += 1) await run.unregister(port, 'tcp');
      expect(portsOf((await read()).runs[0]?.ports ?? [])).toEqual([5_001, 6_095, 6_096, 6_097, 6_098, 6_099]);
      expect(path).toContain(directory);
    } finally {
      spawnSync('umount', [directory]);
    }
  });

  test('a lock that stays another’s: given up after a while, in memory until then', async () => {
    const { open, warnings } = await scene();
    let elapsedMs = 0;
    const sleep = async (delayMs: number): Promise<void> => {
      elapsedMs += delayMs;
    };
    const clock: Clock = { ...systemClock, monotonicMs: () => elapsedMs, sleep };
    const run = open({ tryLock: async () => null, clock });
    await run.register(tcp(5_001));
    expect(portsOf(await run.toCleanUp())).toEqual([5_001]);
    expect(elapsedMs).toBeGreaterThanOrEqual(2_000);
    expect(warnings).toHaveLength(1);
  });
});

describe('keys', () => {
  test('have the same ports in the next run, also after a crash', async () => {
    const { open } = await scene();
    const first = open();
    expect(await first.portsOfKey('wt')).toEqual([]);
    await first.rememberKey('wt', () => [20_001, 20_002, 20_001]);
    first.crash();
    const second = open();
    expect(await second.portsOfKey('wt')).toEqual([20_001, 20_002]);
    expect([...second.promisedPorts()]).toEqual([20_001, 20_002]);
    await second.rememberKey('wt', (before) => [...before, 20_003]);
    expect(await open().portsOfKey('wt')).toEqual([20_001, 20_002, 20_003]);
  });

  test('what was remembered last counts, though the clock was set back in between', async () => {
    const { open } = await scene();
    let setBackMs = 0;
    const run = open({ clock: { ...systemClock, now: () => systemClock.now() - setBackMs } });
    await run.rememberKey('wt', () => [20_001]);
    setBackMs = dayMs;
    await run.rememberKey('wt', () => [20_002]);
    expect(await run.portsOfKey('wt')).toEqual([20_002]);
    expect(await open().portsOfKey('wt')).toEqual([20_002]);
  });

  test('any text is a key', async () => {
    const { open } = await scene();
    for (const key of ['__proto__', 'constructor', '\u{1F600}', '"']) await open().rememberKey(key, () => [20_001]);
    for (const key of ['__proto__', 'constructor', '\u{1F600}', '"']) expect(await open().portsOfKey(key)).toEqual([20_001]);
    expect(await open().portsOfKey('toString')).toEqual([]);
  });

  test('live sidecars see what their siblings remember', async () => {
    const { open } = await scene();
    const [one, other] = [open(), open()];
    await one.rememberKey('wt', () => [20_001]);
    expect(await other.portsOfKey('wt')).toEqual([20_001]);
  });
});

describe('the file forgets', () => {
  test('ended runs and unused keys after 30 days, and nothing of a live sidecar', async () => {
    const { open, path, read } = await scene();
    const now = systemClock.now();
    const run = (runId: string, endedAt: number | null) => ({
      runId,
      sidecar: { pid: 7, identity: runId },
      endedAt,
      ports: [{ ...tcp(5_000), registeredAt: now - 40 * dayMs }],
    });
    await writeFile(
      path,
      formatRegistrations({
        runs: [run('long ago', now - 31 * dayMs), run('still alive', null)],
        keys: [
          { key: 'old', ports: [20_001], usedAt: now - 31 * dayMs },
          { key: 'young', ports: [20_002], usedAt: now - 29 * dayMs },
        ],
      }),
    );
    const mine = open();
    expect(portsOf(await mine.toCleanUp())).toEqual([]);
    const { runs, keys } = await read();
    expect(runs.map(({ runId }) => runId)).toContain('still alive');
    expect(runs).toHaveLength(2);
    expect(keys.map(({ key }) => key)).toEqual(['young']);
  });
});
