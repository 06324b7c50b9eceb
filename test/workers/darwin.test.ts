import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { shareCandidates } from '../../src/workers/candidates.ts';
import { createDarwin } from '../../src/workers/platform/darwin/index.ts';
import { createDarwinWaiter } from '../../src/workers/platform/darwin/waiter.ts';
import type { SocketRow } from '../../src/workers/platform/types.ts';
import { checkPort } from '../../src/workers/tasks/checkPort.ts';
import { growTrees } from '../../src/workers/tasks/growTrees.ts';
import { readSockets } from '../../src/workers/tasks/readSockets.ts';
import { scanOwners } from '../../src/workers/tasks/scanOwners.ts';
import { only } from '../harness/only.ts';
import { until } from '../harness/until.ts';
import { start, startZombie } from './processScenes.ts';
import { listen } from './socketScenes.ts';

/*
 * The platform on a real Mac, both ways it can ask, each held against the other and against what Node knows. Its authors have none:
 * this runs on GitHub’s macOS runners, and is skipped wherever it is no Mac.
 */

const isMac = process.platform === 'darwin';
const native = createDarwin({ native: true });
const tools = createDarwin({ native: false });

only(isMac, 'needs a Mac')(describe)('on a Mac', () => {
  test('the structures of this system are those of the headers', () => {
    expect(native.probeCapabilities()).toMatchObject({ native: true, nativeProblem: null });
  });

  test('a process is what it was started as', async () => {
    const args = ['-e', 'setInterval(() => {}, 1000); console.log()', 'a b', 'ä', '', 'last'];
    const { pid, line } = await start(process.execPath, args);
    await line();
    expect(await native.processes.describe(pid)).toMatchObject({
      pid,
      ppid: process.pid,
      executable: realpathSync(process.execPath),
      commandLine: [process.execPath, ...args],
      cwd: realpathSync(process.cwd()),
      user: { id: process.geteuid?.() },
      visibility: 'full',
    });
  });

  test('both ways know the same processes, by the same identities', async () => {
    const pids = (await native.processes.listPids()).filter((pid) => pid < 400 || pid === process.pid);
    expect(pids.length).toBeGreaterThan(10);
    for (const pid of pids) {
      const [left, right] = [await native.processes.identify(pid), await tools.processes.identify(pid)];
      // One of them may have ended in between.
      if (left !== null && right !== null) expect(native.processes.sameIdentity(left, right), String(pid)).toBe(true);
    }
    expect((await native.processes.readParents()).get(process.pid)).toBe((await tools.processes.readParents()).get(process.pid));
    expect(await native.processes.describe(1)).toMatchObject({ name: 'launchd', executable: '/sbin/launchd', user: { name: 'root' } });
  });

  test('CPU time is told in the same unit both ways', async () => {
    const busy = await start(process.execPath, ['-e', 'for (;;);']);
    await until(async () => ((await tools.processes.sample(busy.pid))?.cpuMs ?? 0) >= 1_000, 'a second of CPU time', 20_000);
    const [left, right] = [await native.processes.sample(busy.pid), await tools.processes.sample(busy.pid)];
    expect((left?.cpuMs ?? 0) / (right?.cpuMs ?? 1)).toBeGreaterThan(0.5);
    expect((left?.cpuMs ?? 0) / (right?.cpuMs ?? 1)).toBeLessThan(1.5);
  });

  test('the environment of a program that is none of Apple’s', async () => {
    const { pid } = await start(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log()'], {
      env: { SIDEWARDEN_START: 'ä=1' },
    });
    await until(() => native.processes.readVariable(pid, 'SIDEWARDEN_START'), 'its environment');
    expect(await native.processes.readVariable(pid, 'SIDEWARDEN_START')).toMatchObject({ value: 'ä=1' });
  });

  test('a zombie, and one that is stopped', async () => {
    const { pid } = await startZombie();
    const sleeping = await start('sleep', ['600']);
    for (const { processes, signals } of [native, tools]) {
      await until(async () => (await processes.describe(pid))?.status === 'zombie', 'a zombie');
      const identity = (await processes.identify(sleeping.pid)) as string;
      expect(signals.send({ pid: sleeping.pid, identity, handle: null }, 'SIGSTOP')).toBe('sent');
      await until(() => signals.atRest(sleeping.pid), 'it stops');
      expect(signals.send({ pid: sleeping.pid, identity, handle: null }, 'SIGCONT')).toBe('sent');
      await until(() => signals.atRest(sleeping.pid) === null, 'it goes on');
    }
  });

  test('ends are waited for both ways', async () => {
    for (const isNative of [true, false]) {
      const waiter = createDarwinWaiter({ native: isNative, clock: systemClock });
      onTestFinished(() => waiter.close());
      const { pid, kill } = await start('sleep', ['600']);
      const exit = waiter.waitForExit({ pid }, AbortSignal.timeout(20_000));
      await kill();
      expect(await exit).toEqual({ kind: 'exited' });
    }
  });

  test('a tree is found by descent, group and session', async () => {
    const { pid, line } = await start('sh', ['-c', 'sh -c "sleep 600 & echo \\$!; wait" & wait'], { detached: true });
    const leaf = Number(await line());
    const root = await native.processes.describe(pid);
    expect(root).toMatchObject({ pgid: pid, sid: pid });
    const question = { members: [], meant: { pid }, tree: true, freeze: false, allowProtected: true, protection: { known: {} } };
    const [growth] = await growTrees({ questions: [question] }, native);
    expect(growth?.found.map((one) => one.pid)).toContain(leaf);
    process.kill(-pid, 'SIGKILL');
  });

  test('listeners and UDP with their owner, both ways; a client of theirs owns nothing', async () => {
    await using four = await listen({ host: '127.0.0.1' });
    await using both = await listen({ host: '::' });
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    onTestFinished(() => void udp.close());
    const places = [
      { protocol: 'tcp', port: four.port, row: { address: '127.0.0.1', dualStack: false } },
      { protocol: 'tcp', port: both.port, row: { address: '::', dualStack: true } },
      { protocol: 'udp', port: (udp.address() as AddressInfo).port, row: { address: '127.0.0.1', state: 'bound' } },
    ] as const;
    for (const platform of [native, tools]) {
      for (const { protocol, port, row } of places) {
        const { rows, candidates } = await readSockets({ protocols: [protocol], port }, platform);
        expect(rows).toMatchObject([row]);
        const [found] = rows as [SocketRow];
        const { owners } = await scanOwners({ keys: [found.key], work: shareCandidates(candidates ?? []) }, platform);
        expect(owners).toEqual([{ key: found.key, pid: process.pid }]);
      }
    }
  });

  test('a bind that would pass beside a listener on another address is refused all the same', async () => {
    await using server = await listen({ host: '127.0.0.1' });
    for (const platform of [native, tools]) {
      expect(await checkPort({ protocol: 'tcp', port: server.port, hosts: ['0.0.0.0'] }, platform)).toMatchObject({
        inUse: true,
        canBind: false,
      });
      expect(await checkPort({ protocol: 'tcp', port: server.port, hosts: ['127.0.0.1'] }, platform)).toMatchObject({ reason: 'inUse' });
    }
  });

  test('the ports of outgoing connections', async () => {
    expect((await native.sockets.readRules()).ephemeral).toMatchObject({ from: expect.any(Number), to: expect.any(Number) });
  });
});
