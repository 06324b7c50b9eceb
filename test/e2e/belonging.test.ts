import { describe, expect, test } from 'vitest';
import type { ServiceSpec } from '../../src/protocol/types/service.ts';
import { findFreePort } from '../harness/ports.ts';
import { nodeProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

/* Processes of our services are known as such wherever processes are told of. */

const family = { command: 'sh', args: ['-c', 'sleep 300 & setsid sleep 300 & wait'] };

describe('whose a process is', () => {
  test('is told by process/get, process/tree, process/list and the owners of ports', async () => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    const [command, ...args] = nodeProgram('listen', port, '127.0.0.1') as [string, ...string[]];
    const { service } = await sidecar.call('service/start', { spec: { name: 'web', command, args, stdin: 'pipe', ownerTag: 'tab 1' } });
    const pid = service.process?.pid as number;
    const labelled = { service: 'web', ownerTag: 'tab 1' };
    expect((await sidecar.call('process/get', { target: { pid } })).process).toMatchObject({ pid, ...labelled });
    expect((await sidecar.call('process/tree', { root: { pid } })).processes).toMatchObject([{ pid, ...labelled }]);
    expect((await sidecar.call('process/list', { filter: { pids: [pid] } })).processes).toMatchObject([{ pid, ...labelled }]);
    await until(async () => (await sidecar.call('port/find', { port })).inUse, 'its port');
    expect((await sidecar.call('port/find', { port })).entries).toMatchObject([{ owners: [{ pid, ...labelled }] }]);
    const { entries } = await sidecar.call('port/list', { protocol: 'tcp' });
    expect(entries.filter((entry) => entry.port === port)).toMatchObject([{ owners: [{ pid, ...labelled }] }]);
    const own = (await sidecar.call('process/get', { target: { pid: process.pid } })).process;
    expect(own).not.toHaveProperty('service');
    expect(own).not.toHaveProperty('ownerTag');
  });

  test('an owner’s are listed with all that they have started, wherever it went, and nobody else’s', async () => {
    await using sidecar = await startSidecar({ initialize: { options: { ownerTag: 'window' } } });
    await sidecar.call('service/start', { spec: { name: 'one', ...family, ownerTag: 'tab 1' } });
    await sidecar.call('service/start', { spec: { name: 'two', ...family, ownerTag: 'tab 2' } });
    await sidecar.call('service/start', { spec: { name: 'rest', ...family } });
    await until(async () => (await list(sidecar, 'tab 1')).length === 3, 'a shell and two sleeps');
    const members = await list(sidecar, 'tab 1');
    for (const member of members) expect(member).toMatchObject({ service: 'one', ownerTag: 'tab 1' });
    await until(async () => (await list(sidecar, 'window')).length === 3, 'those without a tag of their own');
    const pids = members.map(({ pid }) => pid);
    expect((await list(sidecar, 'tab 2')).some(({ pid }) => pids.includes(pid))).toBe(false);
    const narrowed = await sidecar.call('process/list', { filter: { ownerTag: 'tab 1', name: 'sleep', pids: [process.pid, ...pids] } });
    expect(narrowed.processes).toHaveLength(2);
    const first = await sidecar.call('process/list', { filter: { ownerTag: 'tab 1' }, limit: 2 });
    const second = await sidecar.call('process/list', { filter: { ownerTag: 'tab 1' }, limit: 2, cursor: first.nextCursor });
    expect([...first.processes, ...second.processes].map(({ pid }) => pid)).toEqual(pids);
    expect(await list(sidecar, 'nobody')).toEqual([]);
  });
});

test('all of an owner end at once, when that is allowed, and nobody else does', async () => {
  await using sidecar = await startSidecar();
  await sidecar.call('service/start', { spec: { name: 'one', ...family, ownerTag: 'tab 1' } });
  await sidecar.call('service/start', { spec: { name: 'two', ...family, ownerTag: 'tab 2' } });
  await until(async () => (await list(sidecar, 'tab 1')).length === 3 && (await list(sidecar, 'tab 2')).length === 3, 'both families');
  const [mine, theirs] = [await list(sidecar, 'tab 1'), await list(sidecar, 'tab 2')];
  const target = { kind: 'owner', ownerTag: 'tab 1' } as const;
  const refused = await sidecar.call('process/kill', { target });
  expect(refused.outcomes).toHaveLength(3);
  expect(refused.outcomes.every(({ outcome }) => outcome === 'protected')).toBe(true);
  const { outcomes } = await sidecar.call('process/kill', { target, allowProtected: true });
  expect(outcomes.map(({ process: { pid } }) => pid).sort()).toEqual(mine.map(({ pid }) => pid).sort());
  expect(mine.filter(({ pid }) => isAlive(pid))).toEqual([]);
  expect(theirs.filter(({ pid }) => !isAlive(pid))).toEqual([]);
  // As service/stop would have it: no crash, and no restart.
  expect((await sidecar.call('service/get', { name: 'one' })).service).toMatchObject({ state: 'stopped', restarts: 0, process: null });
  expect((await sidecar.call('service/get', { name: 'two' })).service).toMatchObject({ state: 'running' });
  expect((await sidecar.call('process/kill', { target: { kind: 'owner', ownerTag: 'nobody' } })).outcomes).toEqual([]);
});

describe('a kill that may touch what is protected', () => {
  test.each([
    ['of its process', (pid: number) => pid],
    ['of a child of it', (_pid: number, child: number) => child],
  ])('stops the service: %s', async (_, choose) => {
    await using sidecar = await startSidecar();
    const restart = { policy: 'always', backoffMs: 0 } as const;
    const { service } = await sidecar.call('service/start', { spec: { name: 'one', ...family, restart, ownerTag: 'tab 1' } });
    await sidecar.call('service/start', {
      spec: { name: 'needs', command: 'sleep', args: ['300'], dependsOn: [{ name: 'one', condition: 'started' }], restart },
    });
    await until(async () => (await list(sidecar, 'tab 1')).length === 3, 'the family');
    const all = (await list(sidecar, 'tab 1')).map(({ pid }) => pid);
    const root = service.process?.pid as number;
    const child = (await list(sidecar, 'tab 1')).find(({ ppid }) => ppid === root)?.pid as number;
    const pid = choose(root, child);
    const refused = await sidecar.call('process/kill', { target: { kind: 'process', pid } });
    expect(refused.outcomes).toMatchObject([{ outcome: 'protected' }]);
    const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'process', pid }, allowProtected: true });
    expect(outcomes.map(({ process }) => process.pid)).toContain(pid);
    expect(all.filter(isAlive)).toEqual([]);
    const { services } = await sidecar.call('service/list', {});
    expect(services).toMatchObject([
      { name: 'needs', state: 'stopped', restarts: 0 },
      { name: 'one', state: 'stopped', restarts: 0, cause: 'It was ended by a kill that was asked for.' },
    ]);
  });

  test('without force asks it, and what stays can be stopped', async () => {
    await using sidecar = await startSidecar();
    const deaf = "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done";
    const spec: ServiceSpec = { name: 'one', command: 'sh', args: ['-c', deaf], readiness: { kind: 'log', pattern: 'up' } };
    const { service } = await sidecar.call('service/start', { spec });
    const pid = service.process?.pid as number;
    const order = { target: { kind: 'process', pid }, allowProtected: true, tree: false, force: false, graceMs: 50 } as const;
    expect((await sidecar.call('process/kill', order)).outcomes).toMatchObject([{ outcome: 'survived' }]);
    expect(isAlive(pid)).toBe(true);
    expect((await sidecar.call('service/get', { name: 'one' })).service).toMatchObject({ state: 'stopping' });
    await sidecar.call('service/stop', { name: 'one', graceMs: 0 });
    expect(isAlive(pid)).toBe(false);
    expect((await sidecar.call('service/get', { name: 'one' })).service).toMatchObject({ state: 'stopped', restarts: 0 });
  });
});

describe('how a process ended', () => {
  test.each([
    ['an exit code', 'read line; exit 3', { exitCode: 3, signal: null }],
    ['a signal', 'read line; kill -KILL $$', { exitCode: null, signal: 'SIGKILL' }],
  ])('is known to process/wait for our own: %s', async (_, script, end) => {
    await using sidecar = await startSidecar();
    const spec: ServiceSpec = { name: 'one', command: 'sh', args: ['-c', script], stdin: 'pipe', restart: { policy: 'never' } };
    const { service } = await sidecar.call('service/start', { spec });
    const { pid = 0, identity } = service.process ?? {};
    const waits = [{ pid }, { pid, identity }].map((target) => sidecar.call('process/wait', { target, timeoutMs: 20_000 }));
    await sidecar.call('service/write', { name: 'one', dataBase64: Buffer.from('go\n').toString('base64') });
    for (const answer of await Promise.all(waits)) expect(answer).toMatchObject({ exited: true, ...end });
    // Also afterwards, for whoever says exactly whom it means.
    expect(await sidecar.call('process/wait', { target: { pid, identity }, timeoutMs: 1_000 })).toMatchObject({ exited: true, ...end });
  });
});

async function list(sidecar: TestSidecar, ownerTag: string) {
  return (await sidecar.call('process/list', { filter: { ownerTag } })).processes;
}
