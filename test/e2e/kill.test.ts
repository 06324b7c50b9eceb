import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { KillOutcome } from '../../src/protocol/types/kill.ts';
import { asRoot } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

const started = new Set<ChildProcess>();
const extra = new Set<number>();

afterEach(async () => {
  for (const pid of extra) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  extra.clear();
  for (const child of started) {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }
  started.clear();
});

describe('process/kill', () => {
  test('a polite process exits at SIGTERM, and is gone when the answer comes', async () => {
    await using sidecar = await startSidecar();
    const child = await program('process.stdin.resume();');
    const [outcome] = await kill(sidecar, child.pid);
    expect(outcome).toMatchObject({ outcome: 'exited', rung: 'signal', signal: 'SIGTERM', process: { pid: child.pid } });
    expect(isAlive(child.pid as number)).toBe(false);
    expect(outcome?.elapsedMs).toBeLessThan(4_000);
  });

  test('one that ignores SIGTERM is killed after the grace, not before', async () => {
    await using sidecar = await startSidecar();
    const child = await program(ignoring);
    const [outcome] = await kill(sidecar, child.pid, { graceMs: 300 });
    expect(outcome).toMatchObject({ outcome: 'killed', signal: 'SIGKILL' });
    expect(outcome?.elapsedMs).toBeGreaterThanOrEqual(300);
    expect(isAlive(child.pid as number)).toBe(false);
  });

  test('without force it survives, and is told so', async () => {
    await using sidecar = await startSidecar();
    const child = await program(ignoring);
    const [outcome] = await kill(sidecar, child.pid, { graceMs: 100, force: false });
    expect(outcome).toMatchObject({ outcome: 'survived', signal: 'SIGTERM' });
    expect(outcome?.reason).toMatch(/force was not wanted/);
    expect(isAlive(child.pid as number)).toBe(true);
  });

  test('a stopped process takes note of SIGTERM', async () => {
    await using sidecar = await startSidecar();
    const child = await program('process.on("SIGTERM", () => process.exit(3)); process.stdin.resume();');
    child.kill('SIGSTOP');
    const [outcome] = await kill(sidecar, child.pid);
    expect(outcome).toMatchObject({ outcome: 'exited', signal: 'SIGTERM' });
    await until(() => child.exitCode !== null, 'the exit to be collected');
    expect(child.exitCode).toBe(3);
  });

  test('what is gone is an outcome', async () => {
    await using sidecar = await startSidecar();
    const child = await program('');
    await until(() => child.exitCode !== null, 'its end');
    expect(await kill(sidecar, child.pid)).toMatchObject([{ outcome: 'gone', freedPorts: [] }]);
  });

  test('a zombie is gone, and its parent is named', async () => {
    await using sidecar = await startSidecar();
    // A shell that never waits for the child it was given by exec.
    const parent = await program(
      `const c = require('node:child_process').spawn('sleep', ['0.01']); process.kill(process.pid, 'SIGSTOP');`,
      { untilReady: false },
    );
    const zombie = await until(async () => {
      const { processes } = await sidecar.call('process/list', { filter: { ppid: parent.pid as number } });
      return processes.find(({ status }) => status === 'zombie');
    }, 'a zombie');
    expect(await kill(sidecar, zombie.pid, { identity: zombie.identity })).toMatchObject([
      { outcome: 'gone', parent: { pid: parent.pid } },
    ]);
  });

  test('a wrong identity or start time is identityMismatch, and nothing is touched', async () => {
    await using sidecar = await startSidecar();
    const child = await program('process.stdin.resume();');
    const { process: info } = await sidecar.call('process/get', { target: { pid: child.pid as number } });
    expect(await kill(sidecar, child.pid, { identity: `${info?.identity}0` })).toMatchObject([{ outcome: 'identityMismatch' }]);
    expect(await kill(sidecar, child.pid, { startedAt: (info?.startedAt as number) - 10_000 })).toMatchObject([
      { outcome: 'identityMismatch' },
    ]);
    expect(isAlive(child.pid as number)).toBe(true);
    expect(await kill(sidecar, child.pid, { identity: info?.identity, startedAt: info?.startedAt })).toMatchObject([{ outcome: 'exited' }]);
  });

  asRoot(test)('another user’s process is denied', async () => {
    const child = await program('process.stdin.resume();');
    await using sidecar = await startSidecar({ uid: 65_534 });
    expect(await kill(sidecar, child.pid)).toMatchObject([{ outcome: 'denied' }]);
    expect(isAlive(child.pid as number)).toBe(true);
  });

  test('48 stubborn targets hold up no question', async () => {
    await using sidecar = await startSidecar();
    const children = await Promise.all(Array.from({ length: 48 }, () => shell(`trap '' TERM; echo ready; read line`)));
    let answered = 0;
    const kills = children.map(async ({ pid }) => {
      const [outcome] = await kill(sidecar, pid, { graceMs: 600_000, workDoneToken: `kill ${pid}` });
      answered += 1;
      return outcome;
    });
    for (let round = 0; round < 20; round += 1) await sidecar.call('port/find', { port: 9 });
    expect(answered).toBe(0);
    const rungs = () =>
      sidecar.events('$/progress').filter(({ params }) => (params as { value: { kind: string } }).value.kind === 'report');
    await until(() => rungs().length === children.length, 'the signals', 40_000);
    for (const { stdin } of children) stdin?.end();
    for (const outcome of await Promise.all(kills)) expect(outcome).toMatchObject({ outcome: 'exited', signal: 'SIGTERM' });
  });

  test('cancelling stops the escalation; what was begun is answered', async () => {
    await using sidecar = await startSidecar();
    const child = await program(ignoring);
    const answer = sidecar.request('process/kill', { target: { kind: 'process', pid: child.pid }, graceMs: 60_000 }, 'cancelled');
    sidecar.send({ jsonrpc: '2.0', id: 'state', method: 'sidecar/ping' });
    await sidecar.answerTo('state');
    await until(
      async () => (await sidecar.call('process/get', { target: { pid: child.pid as number } })).process?.status !== 'stopped',
      'the signal',
    );
    sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 'cancelled' } });
    const { result } = await answer;
    expect((result as { outcomes: KillOutcome[] }).outcomes).toMatchObject([{ outcome: 'survived' }]);
    expect(isAlive(child.pid as number)).toBe(true);
  });

  test('progress tells each rung under the token', async () => {
    await using sidecar = await startSidecar();
    const child = await program(ignoring);
    await kill(sidecar, child.pid, { graceMs: 50, workDoneToken: 'w1' });
    const values = sidecar.events('$/progress').map(({ params }) => params as { token: string; value: { kind: string; message?: string } });
    expect(values.every(({ token }) => token === 'w1')).toBe(true);
    expect(values.map(({ value }) => value.kind)).toEqual(['begin', 'report', 'report', 'end']);
    expect(values.map(({ value }) => value.message).join()).toMatch(/SIGTERM to 1 process.*SIGKILL to 1 process/);
  });
});

describe('trees and groups', () => {
  test('a tree ends with all its descendants, also those that leave session and group', async () => {
    await using sidecar = await startSidecar();
    const root = await shell(
      `trap '' TERM; setsid sh -c 'sleep 300 & sleep 300' & (setsid sleep 300; true) & sleep 0.01; echo ready; wait`,
    );
    const { processes } = await until(async () => {
      const tree = await sidecar.call('process/tree', { root: { pid: root.pid as number } });
      return tree.processes.filter(({ name }) => name === 'sleep').length >= 3 ? tree : null;
    }, 'the tree to stand');
    for (const { pid } of processes) extra.add(pid);
    const outcomes = await kill(sidecar, root.pid, { graceMs: 200 });
    expect(outcomes.map(({ process: { pid } }) => pid).sort()).toEqual(processes.map(({ pid }) => pid).sort());
    for (const { pid } of processes) expect(isAlive(pid)).toBe(false);
  });

  test('tree: false ends one', async () => {
    await using sidecar = await startSidecar();
    const root = await shell('sleep 300 & echo ready $!; wait');
    const { processes } = await sidecar.call('process/tree', { root: { pid: root.pid as number } });
    const child = processes.find(({ name }) => name === 'sleep');
    extra.add(child?.pid as number);
    expect(await kill(sidecar, root.pid, { tree: false })).toHaveLength(1);
    expect(isAlive(child?.pid as number)).toBe(true);
  });

  test('a target in the host’s own group and session ends alone', async () => {
    await using sidecar = await startSidecar();
    const [target, bystander] = await Promise.all([program('process.stdin.resume();'), program('process.stdin.resume();')]);
    const outcomes = await kill(sidecar, target.pid);
    expect(outcomes).toHaveLength(1);
    expect(isAlive(bystander.pid as number)).toBe(true);
    expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
  });

  test('a tree that keeps forking ends whole', async () => {
    await using sidecar = await startSidecar();
    const marker = `sidewarden-forker-${process.pid}`;
    const root = await shell(
      `trap '' TERM; grow() { while :; do (exec -a ${marker} sleep 5) & sleep 0.02; done; }; echo ready; grow & grow & grow & wait`,
      'bash',
    );
    await until(async () => (await sidecar.call('process/tree', { root: { pid: root.pid as number } })).processes.length > 30, 'growth');
    const outcomes = await kill(sidecar, root.pid, { graceMs: 300 });
    expect(outcomes.length).toBeGreaterThan(30);
    const { processes } = await sidecar.call('process/list', {});
    const left = processes.filter(({ commandLine, status }) => commandLine?.[0] === marker && status !== 'zombie');
    for (const { pid } of left) extra.add(pid);
    expect(left).toEqual([]);
  });

  test('a group ends by its number, guarded by its leader', async () => {
    await using sidecar = await startSidecar();
    const leader = spawn('setsid', ['sh', '-c', 'sleep 300 & sleep 300 & echo ready; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    started.add(leader);
    await once(leader.stdout, 'data');
    const { processes } = await sidecar.call('process/list', { filter: { pgid: leader.pid as number } });
    expect(processes).toHaveLength(3);
    const refused = await sidecar.call('process/kill', { target: { kind: 'group', pgid: leader.pid as number, identity: 'nobody' } });
    expect(refused.outcomes).toMatchObject([{ outcome: 'identityMismatch' }]);
    const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'group', pgid: leader.pid as number } });
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['exited', 'exited', 'exited']);
  });
});

describe('never and protected', () => {
  test('the sidecar itself, pid 1 and kernel threads, whatever the flags', async () => {
    await using sidecar = await startSidecar();
    for (const pid of [sidecar.pid, 1]) {
      expect(await kill(sidecar, pid, { allowProtected: true, tree: false })).toMatchObject([{ outcome: 'protected' }]);
    }
    const { processes } = await sidecar.call('process/list', { filter: { ppid: 2 } });
    if (processes[0])
      expect(await kill(sidecar, processes[0].pid, { allowProtected: true })).toMatchObject([
        { outcome: 'protected', reason: expect.stringMatching(/kernel/) },
      ]);
  });

  test('the host and its ancestors', async () => {
    await using sidecar = await startSidecar({ initialize: { processId: process.pid } });
    for (const pid of [process.pid, process.ppid]) {
      const [outcome] = await kill(sidecar, pid);
      expect(outcome).toMatchObject({ outcome: 'protected', process: { pid } });
      expect(outcome?.reason).toMatch(/host/);
    }
  });

  test('an interactive shell that inherited what it holds', async () => {
    await using sidecar = await startSidecar();
    const child = spawn('bash', ['--norc', '-i'], { stdio: ['pipe', 'ignore', 'ignore'] });
    started.add(child);
    await until(
      async () => (await sidecar.call('process/get', { target: { pid: child.pid as number } })).process?.name === 'bash',
      'the shell',
    );
    const [outcome] = await kill(sidecar, child.pid);
    expect(outcome).toMatchObject({ outcome: 'protected', reason: expect.stringMatching(/interactive shell/) });
    expect(await kill(sidecar, child.pid, { allowProtected: true, graceMs: 100 })).toMatchObject([{ process: { pid: child.pid } }]);
  });
});

describe('plans', () => {
  test('a dry run touches nobody; its plan ends exactly what it showed, once', async () => {
    await using sidecar = await startSidecar();
    const root = await shell('sleep 300 & echo ready; read line; sleep 301 & echo more; wait');
    const target = { kind: 'process', pid: root.pid } as const;
    const planned = await sidecar.call('process/kill', { target: { ...target, pid: root.pid as number }, dryRun: true });
    expect(planned.outcomes.map(({ outcome }) => outcome)).toEqual(['planned', 'planned']);
    for (const {
      process: { pid },
    } of planned.outcomes)
      expect(isAlive(pid)).toBe(true);

    root.stdin?.write('go\n');
    const late = await until(async () => {
      const { processes } = await sidecar.call('process/tree', { root: { pid: root.pid as number } });
      return processes.find(({ commandLine }) => commandLine?.[1] === '301');
    }, 'a process that the plan does not know');
    extra.add(late.pid);
    const { outcomes } = await sidecar.call('process/kill', { planId: planned.planId as string });
    expect(
      outcomes
        .filter(({ outcome }) => outcome === 'exited')
        .map(({ process: { pid } }) => pid)
        .sort(),
    ).toEqual(planned.outcomes.map(({ process: { pid } }) => pid).sort());
    expect(outcomes.find(({ process: { pid } }) => pid === late.pid)?.outcome ?? 'notPlanned').toBe('notPlanned');
    expect(isAlive(late.pid)).toBe(true);

    const again = await sidecar.request('process/kill', { planId: planned.planId });
    expect(again.error).toMatchObject({ code: 1007, data: { kind: 'InvalidState', state: 'used' } });
  });

  test('foreign plans and members beside a planId are refused', async () => {
    await using sidecar = await startSidecar();
    const child = await program('process.stdin.resume();');
    const { planId } = await sidecar.call('process/kill', { target: { kind: 'process', pid: child.pid as number }, dryRun: true });
    expect((await sidecar.request('port/kill', { planId })).error).toMatchObject({ code: 1007, data: { state: 'foreign' } });
    expect((await sidecar.request('process/kill', { planId, graceMs: 1 })).error).toMatchObject({ code: -32602 });
    expect((await sidecar.request('process/kill', { planId: 'nonsense' })).error).toMatchObject({ code: 1007, data: { state: 'foreign' } });
    expect((await sidecar.request('process/kill', {})).error).toMatchObject({ code: -32602 });
    expect((await sidecar.request('process/kill', { target: { kind: 'process', pid: child.pid, nmae: 'x' } })).error).toMatchObject({
      code: -32602,
    });
    expect(isAlive(child.pid as number)).toBe(true);
  });
});

describe('port/kill', () => {
  test('all holders of the port and only those', async () => {
    await using sidecar = await startSidecar();
    const server = await listening();
    const client = await program(
      `require('node:net').connect(${server.port}, '127.0.0.1', () => console.log('ready')).on('error', () => {}); process.stdin.resume();`,
      {
        announces: true,
      },
    );
    const result = await sidecar.call('port/kill', { port: server.port });
    expect(result).toMatchObject({
      freed: true,
      cause: null,
      outcomes: [{ outcome: 'exited', process: { pid: server.child.pid }, freedPorts: [server.port] }],
    });
    expect(isAlive(client.pid as number)).toBe(true);
    expect(result.outcomes).toHaveLength(1);
  });

  test('a free port is freed already', async () => {
    await using sidecar = await startSidecar();
    expect(await sidecar.call('port/kill', { port: 9 })).toEqual({ freed: true, cause: null, outcomes: [] });
  });

  test('expect guards: one holder that differs and nobody is signalled', async () => {
    await using sidecar = await startSidecar();
    const server = await listening();
    const { entries } = await sidecar.call('port/find', { port: server.port });
    const name = entries[0]?.owners[0]?.name as string;
    expect(await sidecar.call('port/kill', { port: server.port, expect: { name: `${name}x` } })).toMatchObject({
      freed: false,
      cause: 'heldByOther',
      outcomes: [{ outcome: 'protected', reason: expect.stringMatching(/unexpected/) }],
    });
    expect(isAlive(server.child.pid as number)).toBe(true);
    expect(await sidecar.call('port/kill', { port: server.port, expect: { name } })).toMatchObject({ freed: true });
  });

  test('a plan for a port ends the holder it showed', async () => {
    await using sidecar = await startSidecar();
    const server = await listening();
    const planned = await sidecar.call('port/kill', { port: server.port, dryRun: true });
    expect(planned).toMatchObject({ freed: false, outcomes: [{ outcome: 'planned' }] });
    expect(isAlive(server.child.pid as number)).toBe(true);
    expect(await sidecar.call('port/kill', { planId: planned.planId as string })).toMatchObject({
      freed: true,
      outcomes: [{ outcome: 'exited' }],
    });
  });

  asRoot(test)('a holder that we may not see leaves the port, and is called hidden', async () => {
    const server = await listening();
    await using sidecar = await startSidecar({ uid: 65_534 });
    expect(await sidecar.call('port/kill', { port: server.port })).toMatchObject({ freed: false, cause: 'hidden', outcomes: [] });
  });

  test('UDP on an ephemeral port needs expect', async () => {
    await using sidecar = await startSidecar();
    const child = await program(
      `const s = require('node:dgram').createSocket('udp4'); s.bind(0, '127.0.0.1', () => console.log('ready', s.address().port));`,
      { announces: true },
    );
    const port = Number(child.said?.split(' ')[1]);
    expect(await sidecar.call('port/kill', { port, protocol: 'udp' })).toMatchObject({
      freed: false,
      outcomes: [{ outcome: 'protected', reason: expect.stringMatching(/^ambiguous/) }],
    });
    const name = (await sidecar.call('port/find', { port, protocol: 'udp' })).entries[0]?.owners[0]?.name as string;
    expect(await sidecar.call('port/kill', { port, protocol: 'udp', expect: { name } })).toMatchObject({ freed: true });
  });
});

test('signals go through handles where there are any', async () => {
  await using sidecar = await startSidecar({ initialize: false });
  const { capabilities } = await sidecar.call('initialize', {
    protocol: { min: 1, max: 1 },
    clientInfo: { name: 't' },
    processId: null,
    appId: 'a',
    capabilities: {},
  });
  expect(capabilities.killIdentity).toBe(hasNative ? 'handle' : 'checked');
});

const ignoring = 'process.on("SIGTERM", () => {}); process.stdin.resume();';

async function kill(sidecar: TestSidecar, pid: number | undefined, options: Record<string, unknown> = {}): Promise<KillOutcome[]> {
  const { identity, startedAt, ...rest } = options;
  const target = { kind: 'process', pid, ...(identity !== undefined && { identity }), ...(startedAt !== undefined && { startedAt }) };
  // Some of them are held open by a test while others go on.
  const { result, error } = await sidecar.request('process/kill', { target, ...rest }, undefined, 60_000);
  if (error) throw new Error(error.message);
  return (result as { outcomes: KillOutcome[] }).outcomes;
}

/** A Node program that has run to its end of the line when this resolves. */
async function program(code: string, { announces = false, untilReady = true } = {}): Promise<ChildProcess & { said?: string }> {
  const source = announces || !untilReady ? code : `${code}; console.log('ready');`;
  const child: ChildProcess & { said?: string } = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'ignore'] });
  started.add(child);
  if (untilReady && child.stdout) child.said = String((await once(child.stdout, 'data'))[0]).trim();
  return child;
}

async function shell(script: string, command = 'sh'): Promise<ChildProcess> {
  const child = spawn(command, ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  started.add(child);
  await once(child.stdout, 'data');
  return child;
}

/** On a port that nobody holds on any address: the tests end all holders of it. */
async function listening(): Promise<{ child: ChildProcess; port: number }> {
  const port = await findFreePort();
  const child = await program(`require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'));`, {
    announces: true,
  });
  return { child, port };
}

/** A zombie is gone: pid 1 may take its time to collect it. */
