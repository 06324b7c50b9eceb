import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ProcessInfo } from '../../src/protocol/types/process.ts';
import { createPlatform } from '../../src/workers/platform/index.ts';
import { probeLinux } from '../../src/workers/platform/linux/capabilities.ts';
import { createLinuxProcesses } from '../../src/workers/platform/linux/processes.ts';
import type { Platform, Processes } from '../../src/workers/platform/types.ts';
import { describeProcesses } from '../../src/workers/tasks/describeProcesses.ts';
import { listProcesses } from '../../src/workers/tasks/listProcesses.ts';
import { sampleUsage } from '../../src/workers/tasks/sampleUsage.ts';
import { onLinux } from '../harness/only.ts';
import { until } from '../harness/until.ts';
import {
  isRoot,
  nativeModes,
  noPrivateMounts,
  otherThread,
  program,
  sourceDirectory,
  start,
  startProgram,
  startZombie,
} from './processScenes.ts';

const describeLinux = onLinux(describe);
const hasInodes = process.platform === 'linux' && probeLinux({ native: nativeModes[0] ?? false }).pidfdInode;

/** On Linux every question is answered at once. */
type Answer<Member extends keyof Processes> = Awaited<ReturnType<Processes[Member]>>;
const open = (native: boolean) => {
  const processes = createLinuxProcesses({ native });
  return { processes, platform: { processes } as Platform, look: (pid: number) => processes.describe(pid) as Answer<'describe'> };
};

describeLinux.each(nativeModes)('processes, native %s', (native) => {
  const { processes, platform, look } = open(native);

  test('every question about every process has a documented answer', async () => {
    const pids = (await processes.listPids()) as number[];
    expect(pids).toContain(process.pid);
    for (const pid of pids) {
      const info = look(pid);
      if (info === null) continue;
      expect(ProcessInfo.safeParse(info).error, `process ${pid}`).toBeUndefined();
      for (const text of [info.name, info.executable, info.cwd, ...(info.commandLine ?? [])])
        expect(text?.isWellFormed() ?? true).toBe(true);
      const identity = await processes.identify(pid);
      if (identity !== null) expect(processes.sameIdentity(identity, info.identity) || look(pid)?.identity !== info.identity).toBe(true);
      const sample = await processes.sample(pid);
      if (sample !== null) {
        expect(sample.cpuMs).toBeGreaterThanOrEqual(0);
        expect(Number.isSafeInteger(sample.rssBytes) && sample.rssBytes >= 0).toBe(true);
      }
      const placement = await processes.readPlacement(pid);
      if (placement !== null) expect(placement).toEqual({ container: placement.container, unit: placement.unit });
    }
  });

  test('this very process', () => {
    const { uid, username } = userInfo();
    expect(look(process.pid)).toMatchObject({
      pid: process.pid,
      ppid: process.ppid,
      executable: readlinkSync('/proc/self/exe'),
      cwd: process.cwd(),
      commandLine: readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1),
      user: { id: uid, name: username },
      visibility: 'full',
    });
    const startedAt = look(process.pid)?.startedAt ?? 0;
    expect(Math.abs(startedAt - performance.timeOrigin)).toBeLessThan(60_000);
    expect(startedAt).toBeLessThanOrEqual(Date.now());
    expect(look(process.pid)?.rssBytes).toBeGreaterThan(10_000_000);
  });

  test.each([0, -1, 1.5, 4_194_303, 4_194_304, 4_294_967_295])('nobody has pid %d', async (pid) => {
    expect([look(pid), await processes.identify(pid), await processes.sample(pid), await processes.readPlacement(pid)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  test('a thread is no process', async () => {
    const thread = otherThread();
    expect(readFileSync(`/proc/${thread}/stat`, 'utf8')).toContain(String(thread));
    expect([look(thread), await processes.identify(thread), await processes.sample(thread)]).toEqual([null, null, null]);
  });

  test('a kernel thread has no executable and no arguments, and that is all there is to see', (context) => {
    const info = look(2);
    if (info?.name !== 'kthreadd') return context.skip('no kernel threads in this pid namespace');
    expect(info).toMatchObject({ ppid: 0, executable: null, commandLine: [], rssBytes: 0, ...(isRoot && { visibility: 'full' }) });
  });

  test('a zombie is one, and nothing of it is hidden', async () => {
    const { pid, parent } = await startZombie();
    const info = await until(() => (look(pid)?.status === 'zombie' ? look(pid) : null), 'a zombie');
    expect(info).toMatchObject({ ppid: parent.pid, executable: null, commandLine: null, cwd: null, rssBytes: 0, visibility: 'full' });
    expect([await processes.identify(pid), await processes.sample(pid)]).toEqual([null, null]);
  });

  test('a stopped process is stopped, then it is not', async () => {
    const { child, pid } = await startProgram('idle.mjs');
    child.kill('SIGSTOP');
    await until(() => look(pid)?.status === 'stopped', 'stopped');
    child.kill('SIGCONT');
    await until(() => look(pid)?.status === 'sleeping', 'sleeping');
  });

  test.each(['a b', 'x) R 1 (', 'line\nbreak', '((', 'ünï', '))'])('a program named %j', async (name) => {
    const directory = mkdtempSync(join(tmpdir(), 'sidewarden-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, name);
    writeFileSync(path, '#!/bin/sh\necho ready; read -r line\n', { mode: 0o755 });
    const { pid, line } = await start(path);
    await line();
    expect(look(pid)).toMatchObject({ name, pid, ppid: process.pid, commandLine: ['/bin/sh', path] });
  });

  test('a name that the kernel cuts is completed', async () => {
    const TITLE = 'longer-than-fifteen-bytes';
    const { pid } = await startProgram('idle.mjs', [], { env: { ...process.env, TITLE } });
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8').trim()).toBe(TITLE.slice(0, 15));
    expect(look(pid)).toMatchObject({ name: TITLE, commandLine: [TITLE] });
  });

  test('a title over the arguments is the command line, and the name', async () => {
    const { pid } = await startProgram('idle.mjs', [], { env: { ...process.env, TITLE: 'evil) R 1 (\n' } });
    expect(look(pid)).toMatchObject({ name: 'evil) R 1 (\n', commandLine: ['evil) R 1 (\n'], ppid: process.pid });
  });

  test('arguments that are empty, no UTF-8, or 200 KB long', async () => {
    const odd = await start('sh', ['-c', 'exec "$0" -e "process.stdin.resume()" "$(printf "\\377ok")" "" end', process.execPath]);
    const oddLine = await until(() => (look(odd.pid)?.commandLine?.at(-1) === 'end' ? look(odd.pid)?.commandLine : null), 'exec');
    expect(oddLine).toEqual([process.execPath, '-e', 'process.stdin.resume()', '\uFFFDok', '', 'end']);

    const long = await startProgram('idle.mjs', ['a'.repeat(100_000), 'b'.repeat(100_000)]);
    const [node, file, first, ...more] = look(long.pid)?.commandLine ?? [];
    expect([node, file, more]).toEqual([process.execPath, program('idle.mjs'), []]);
    expect(first).toMatch(/^a{32000,32768}$/);
  });

  test('processes that end while they are looked at are gone, and nothing else happens', async () => {
    const churn = await start('sh', ['-c', 'while :; do sleep 0.05; done']);
    const findChild = async () => [...(await processes.readParents())].find(([, ppid]) => ppid === churn.pid)?.[0];
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const pid = await until(findChild, 'a short-lived process');
      for (let info = look(pid); info !== null; info = look(pid)) {
        expect(ProcessInfo.safeParse(info).error).toBeUndefined();
        seen.add(info.status);
      }
    }
    expect(seen.size).toBeGreaterThan(0);
  });

  test('a ref means one process only', async () => {
    const { pid } = await startProgram('idle.mjs');
    const { identity, startedAt } = look(pid) as ProcessInfo;
    const [boot, ...rest] = identity.split('-');
    const targets = [
      { pid },
      { pid, identity },
      { pid, identity: identity.split('-').slice(0, 3).join('-') },
      { pid, startedAt: startedAt - 2_000 },
      { pid, startedAt: startedAt + 2_001 },
      { pid, identity: [boot, rest[0], Number(rest[1]) + 1, ...rest.slice(2)].join('-') },
      { pid, identity: ['00000000', ...rest].join('-') },
      { pid, identity: 'nonsense' },
      { pid: process.pid, identity },
    ];
    const found = await describeProcesses({ targets }, platform);
    expect(found.processes.map((info) => info?.pid ?? null)).toEqual([pid, pid, pid, pid, null, null, null, null, null]);
    expect(found.denied).toEqual([]);
  });

  test('lists by pid in pages, and all filters count', async () => {
    const started = await Promise.all([startProgram('idle.mjs'), startProgram('idle.mjs'), startProgram('idle.mjs')]);
    const pids = started.map(({ pid }) => pid).sort((left, right) => left - right);
    const list = (input: Partial<Parameters<typeof listProcesses>[0]>) => listProcesses({ limit: 100, ...input }, platform);
    const shown = ({ processes: found, more }: Awaited<ReturnType<typeof list>>) => ({ pids: found.map(({ pid }) => pid), more });

    const filter = { pids: [...pids].reverse().concat(4_194_303, pids[0] as number) };
    expect(shown(await list({ filter }))).toEqual({ pids, more: false });
    expect(shown(await list({ filter, limit: 2 }))).toEqual({ pids: pids.slice(0, 2), more: true });
    expect(shown(await list({ filter, limit: 2, afterPid: pids[1] as number }))).toEqual({ pids: pids.slice(2), more: false });
    expect(shown(await list({ filter: { ppid: process.pid } })).pids).toEqual(expect.arrayContaining(pids));
    expect(shown(await list({ filter: { ...filter, ppid: process.ppid } })).pids).toEqual([]);
    expect(shown(await list({ filter: { ...filter, ownerTag: 'someone' } })).pids).toEqual([]);
    const { name, pgid, sid } = look(pids[0] as number) as Required<ProcessInfo>;
    expect(shown(await list({ filter: { ...filter, name, pgid, sid } })).pids).toEqual(pids);
    expect(shown(await list({ filter: { ...filter, name: name.slice(1) } })).pids).toEqual([]);
    const all = await list({ limit: 5_000 });
    expect(shown(all).pids).toEqual(shown(all).pids.toSorted((left, right) => left - right));
    expect(shown(all).pids).toEqual(expect.arrayContaining([process.pid, ...pids]));
  });

  test('a busy process uses CPU, an idle one none, and one that ended is left out', async () => {
    const busy = await start('sh', ['-c', 'while :; do :; done']);
    const idle = await startProgram('idle.mjs');
    const first = await sampleUsage({ target: { pid: busy.pid }, tree: false }, platform);
    const refs = [...first.samples, ...(await sampleUsage({ target: { pid: idle.pid }, tree: false }, platform)).samples].map(
      ({ ref }) => ref,
    );
    const before = first.samples[0]?.cpuMs ?? Number.NaN;
    await until(async () => {
      const { samples } = await sampleUsage({ refs }, platform);
      return (samples[0]?.cpuMs ?? 0) - before >= 50;
    }, '50 ms of CPU');
    await busy.kill();
    const { samples } = await sampleUsage({ refs }, platform);
    expect(samples.map(({ ref }) => ref.pid)).toEqual([idle.pid]);
    expect(samples[0]?.rssBytes).toBeGreaterThan(1_000_000);
    await expect(sampleUsage({ target: { pid: busy.pid }, tree: false }, platform)).rejects.toMatchObject({
      failure: { kind: 'NotFound' },
    });
  });

  const noMounts = noPrivateMounts();
  test('what hidepid hides is neither shown nor gone', async (context) => {
    if (noMounts !== null) return context.skip(noMounts);
    const hidden = await startProgram('idle.mjs');
    const args = [JSON.stringify(sourceDirectory), String(native), String(hidden.pid)];
    const looker = await start('unshare', [
      '-m',
      'sh',
      '-c',
      'mount -t proc -o hidepid=2 proc /proc && exec "$@"',
      'sh',
      process.execPath,
      program('lookAsNobody.mjs'),
      ...args,
    ]);
    expect(JSON.parse(await looker.line())).toMatchObject({
      hidden: null,
      denied: [hidden.pid],
      absent: null,
      isListed: false,
      self: { user: { id: 65_534 }, visibility: 'full' },
      guarded: { kind: 'denied' },
    });
    // A pidfd can be waited on without seeing whose it is.
    if (native) await hidden.kill();
    expect(JSON.parse(await looker.line())).toEqual({ kind: native ? 'exited' : 'denied' });
  });

  test('a pid that was given away again is another process', async (context) => {
    if (noMounts !== null) return context.skip(noMounts);
    const args = [
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      process.execPath,
      program('reusePid.mjs'),
      JSON.stringify(sourceDirectory),
      String(native),
    ];
    const { before, after, isSame } = JSON.parse(await (await start('unshare', args)).line());
    if (before.pid !== after.pid) return context.skip('the pid could not be had twice');
    expect(before.identity.split('-')).toHaveLength(native && hasInodes ? 4 : 3);
    const sameTick = before.identity.split('-')[2] === after.identity.split('-')[2];
    // Within one tick of 10 ms only the inode tells them apart.
    expect(isSame).toBe(sameTick && !(native && hasInodes));
  });
});

describeLinux('without what it needs', () => {
  test('in the /proc of another pid namespace nothing is answered, because the pids there are not ours', async (context) => {
    if (noPrivateMounts() !== null) return context.skip('needs a pid namespace of its own');
    const script = `const { createLinuxProcesses } = await import(${JSON.stringify(`${sourceDirectory}/workers/platform/linux/processes.ts`)});
      try { createLinuxProcesses({ native: false }).describe(1); console.log('answered'); } catch (error) { console.log(error.failure?.kind); }`;
    const child = spawn('unshare', ['--pid', '--fork', '--kill-child', process.execPath, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    await once(child, 'exit');
    expect(line).toBe('Unsupported\n');
  });
});

test('where neither native calls nor the tools of Windows are to be had, every look at processes is Unsupported', async ({ skip }) => {
  skip(process.platform === 'win32', 'needs a system without the tools of Windows');
  const platform = createPlatform('win32', { native: true });
  const unsupported = { failure: { kind: 'Unsupported', data: { platform: 'win32', capability: 'processes' } } };
  const looks = ['describe', 'glimpse', 'glimpseHeld', 'identify', 'listPids', 'readParents', 'sample', 'readPlacement'] as const;
  for (const look of looks) await expect(async () => platform.processes[look](1), look).rejects.toMatchObject(unsupported);
  for (const look of [() => platform.signals.readKin(), () => platform.signals.hold(1, 'w-1-1us')])
    await expect(async () => look()).rejects.toMatchObject(unsupported);
  expect(platform.probeCapabilities()).toMatchObject({
    ...{ native: false, portOwners: 'ownUser', killIdentity: 'checked', pidfdInode: false, containment: [] },
  });
});

test('a system that sidewarden does not know is refused', () => {
  expect(() => createPlatform('aix', { native: true })).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ kind: 'Unsupported' }) }),
  );
});
