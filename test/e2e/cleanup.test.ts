import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { killWithGuards } from '../harness/guard.ts';
import { findFreePort } from '../harness/ports.ts';
import { spawnProgram } from '../harness/processes.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { isAlive } from '../harness/watching.ts';

const stubborn = ['-c', `trap '' TERM; while :; do sleep 1; done`];
const server = (port: number): string[] => [
  process.execPath,
  '-e',
  `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'));`,
];

/** An app whose last run was killed: a service is left, and a registered port is held by a stranger. */
async function leaveRun() {
  const directory = await makeDirectory();
  const initialize = { appId: 'cleanup', options: { stateDir: directory.at('state') } };
  const port = await findFreePort();
  const crashed = await startSidecar({ initialize });
  await crashed.call('port/register', { port, name: 'backend' });
  const { service } = await crashed.call('service/start', { spec: { name: 'api', command: 'sh', args: stubborn } });
  await killWithGuards(crashed);
  const holder = await spawnProgram(server(port));
  return {
    port,
    holder,
    leftover: service.process?.pid as number,
    start: () => startSidecar({ initialize }),
    async [Symbol.asyncDispose]() {
      await holder[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('cleanup/run, shown first', () => {
  test('a dry run touches nobody; its plan ends exactly what it showed, once', async () => {
    await using run = await leaveRun();
    await using sidecar = await run.start();
    const shown = await sidecar.call('cleanup/run', { dryRun: true, evict: 'any', graceMs: 100 });
    expect(shown).toMatchObject({
      planId: expect.any(String),
      ports: [{ port: run.port, name: 'backend', freed: false, outcomes: [{ outcome: 'planned', process: { pid: run.holder.pid } }] }],
    });
    expect(shown.leftovers.map(({ outcome }) => outcome)).toContain('planned');
    expect(shown.leftovers.map(({ process: { pid } }) => pid)).toContain(run.leftover);
    expect([run.leftover, run.holder.pid].map(isAlive)).toEqual([true, true]);

    await using other = await run.start();
    const foreign = await other.request('cleanup/run', { planId: shown.planId });
    expect(foreign.error).toMatchObject({ code: 1007, data: { kind: 'InvalidState' } });
    const done = await sidecar.call('cleanup/run', { planId: shown.planId as string });
    expect(done.leftovers.find(({ process: { pid } }) => pid === run.leftover)).toMatchObject({ outcome: 'killed' });
    expect(done.ports).toMatchObject([{ freed: true, outcomes: [{ outcome: 'exited', process: { pid: run.holder.pid } }] }]);
    expect([run.leftover, run.holder.pid].map(isAlive)).toEqual([false, false]);
    const again = await sidecar.request('cleanup/run', { planId: shown.planId });
    expect(again.error).toMatchObject({ code: 1007, data: { state: 'used' } });
  });

  test('owned, which is the default, leaves the stranger on the port alone and says why', async () => {
    await using run = await leaveRun();
    await using sidecar = await run.start();
    const { ports, leftovers } = await sidecar.call('cleanup/run', { graceMs: 100 });
    expect(ports).toMatchObject([{ freed: false, outcomes: [{ outcome: 'protected', process: { pid: run.holder.pid } }] }]);
    expect(ports[0]?.outcomes[0]?.reason).toMatch(/evict: any/);
    expect(leftovers.find(({ process: { pid } }) => pid === run.leftover)).toMatchObject({ outcome: 'killed' });
    expect(isAlive(run.holder.pid)).toBe(true);
  });
});

describe('what other live sidecars supervise', () => {
  test('is protected from the moment it is started, also for a sidecar that has looked before, and no longer than its sidecar lives', async () => {
    await using directory = await makeDirectory();
    const initialize = { appId: 'siblings', options: { stateDir: directory.at('state') } };
    await using sidecar = await startSidecar({ initialize });
    const kill = async (pid: number) => {
      const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'process', pid }, graceMs: 100 });
      return outcomes.find(({ process }) => process.pid === pid);
    };
    // It knows by then who lives, and does not ask anew for every kill.
    for (const _ of [1, 2]) {
      await using stranger = await spawnProgram(['sh', '-c', 'echo ready; read line']);
      expect(await kill(stranger.pid)).toMatchObject({ outcome: 'exited' });
    }

    const sibling = await startSidecar({ initialize });
    const { service } = await sibling.call('service/start', { spec: { name: 'api', command: 'sh', args: stubborn } });
    const pid = service.process?.pid as number;
    expect(await kill(pid)).toMatchObject({ outcome: 'protected', reason: expect.stringContaining('supervised as api') });
    expect(await kill(sibling.pid)).toMatchObject({ outcome: 'protected' });
    const second = await sibling.call('service/start', { spec: { name: 'other', command: 'sh', args: stubborn } });
    expect(await kill(second.service.process?.pid as number)).toMatchObject({ outcome: 'protected' });
    expect([pid, sibling.pid, second.service.process?.pid as number].map(isAlive)).toEqual([true, true, true]);

    await sibling.call('service/stop', { name: 'other', graceMs: 100 });
    await killWithGuards(sibling);
    expect((await kill(pid))?.outcome).toBe('killed');
    expect(isAlive(pid)).toBe(false);
  });
});
