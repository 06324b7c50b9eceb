import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Result } from '../../src/protocol/methods/index.ts';
import { makeDirectory } from '../harness/directory.ts';
import { isLinux } from '../harness/needs.ts';
import { only } from '../harness/only.ts';
import { helloParams, sidewardenCommand, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

/*
 * The sidecar as it is on macOS without koffi, on the ps(1) of this Linux: whole and as a process, but told that its system is
 * another one. What needs netstat(1) and lsof(8) of macOS cannot be asked so, and says so.
 */

const asMacos = { NODE_OPTIONS: `--import=data:text/javascript,Object.defineProperty(process,'platform',{value:'darwin'})` };
const hasPs = isLinux && spawnSync('/bin/ps', ['-ax', '-o', 'pid=', '-o', 'lstart=']).status === 0;

only(hasPs, 'needs a ps(1) that knows the columns of macOS')(describe)('taken for macOS', { timeout: 90_000 }, () => {
  test('it says what works there, and looks by ps', async () => {
    await using sidecar = await startSidecar({ env: asMacos, initialize: false });
    const { capabilities, serverInfo, hostWatch } = await sidecar.call('initialize', { ...helloParams, processId: process.pid });
    expect(serverInfo.platform).toBe('darwin');
    expect(capabilities).toMatchObject({ native: false, socketSource: 'command', killIdentity: 'checked', containment: ['processGroup'] });
    expect(hostWatch).toBe('pid');
    const { process: self } = await sidecar.call('process/get', { target: { pid: sidecar.pid } });
    expect(self).toMatchObject({ pid: sidecar.pid, ppid: process.pid, executable: null, commandLine: null, visibility: 'partial' });
    expect((await sidecar.call('process/tree', { root: { pid: process.pid } })).processes.map(({ pid }) => pid)).toContain(sidecar.pid);
  });

  test('the table of sockets that it may not ask is no empty one', async () => {
    await using sidecar = await startSidecar({ env: asMacos });
    const { error } = await sidecar.request('port/find', { port: 3000 });
    expect(error).toMatchObject({
      message: expect.stringMatching(/\/usr\/sbin\/netstat/),
      data: { kind: 'Unsupported', platform: 'darwin' },
    });
  });

  test('who is killed is who was meant, and its end is seen', async () => {
    await using sidecar = await startSidecar({ env: asMacos });
    const child = spawn('sh', ['-c', 'sleep 300 & wait'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const pid = child.pid as number;
    const wrong = await sidecar.call('process/kill', { target: { kind: 'process', pid, identity: 'd-1-1' } });
    expect(wrong.outcomes).toMatchObject([{ outcome: 'identityMismatch' }]);
    // A kill looks some forty times, and each look is a run of ps.
    const { result } = await sidecar.request('process/kill', { target: { kind: 'process', pid } }, undefined, 60_000);
    expect((result as Result<'process/kill'>).outcomes.map(({ outcome, rung }) => [outcome, rung])).toEqual([
      ['exited', 'signal'],
      ['exited', 'signal'],
    ]);
    expect(await exited).toEqual([null, 'SIGTERM']);
  });

  test('a service that has children ends with a stop, and with a sidecar that was killed', async () => {
    await using sidecar = await startSidecar({ env: asMacos });
    const spec = { name: 'tree', command: 'sh', args: ['-c', 'sleep 300 & sleep 300 & wait'], stop: { graceMs: 1_000 } };
    const first = await startTree();
    expect(first.containment).toBe('processGroup');
    await sidecar.call('service/stop', { name: 'tree' });
    expect(first.pids.filter(isAlive)).toEqual([]);

    const second = await startTree();
    sidecar.child.kill('SIGKILL');
    await until(() => !second.pids.some(isAlive), 'the guard ends what was left', 20_000);

    async function startTree() {
      const { service } = await sidecar.call('service/start', { spec, waitFor: 'running' });
      const pid = service.process?.pid as number;
      const pids = await until(async () => {
        const { processes } = await sidecar.call('process/tree', { root: { pid } });
        return processes.length === 3 ? processes.map((one) => one.pid) : null;
      }, 'the whole tree');
      return { pids, containment: service.containment };
    }
  });

  test('it ends with its host, whoever keeps the connection open', async () => {
    const under = ['sh', '-c', '"$@" & wait', 'host'];
    await using sidecar = await startSidecar({ env: asMacos, carrier: 'pipe', under, initialize: false });
    const { serverInfo } = await sidecar.call('initialize', { ...helloParams, processId: sidecar.pid });
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(serverInfo.pid), 'the sidecar ends', 10_000);
  });

  test('sidewarden run has its exit code, ends what it leaves behind, and ends with it when it is asked to', async () => {
    await using directory = await makeDirectory();
    const state = directory.at('state');
    const [node, ...rest] = [...sidewardenCommand(), 'run', '--state-dir', state, '--grace', '500', '--'] as unknown as [
      string,
      ...string[],
    ];
    // One that ends before ps has looked at it once leaves no trace without koffi.
    const leaving = spawnSync(node, [...rest, 'sh', '-c', 'sleep 300 >/dev/null & echo $!; sleep 2; exit 3'], {
      env: { ...process.env, ...asMacos },
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(leaving).toMatchObject({ status: 3, stderr: '' });
    await until(() => !isAlive(Number(leaving.stdout)), 'what it has left behind to end');
    const running = spawn(node, [...rest, 'sh', '-c', 'echo $$; exec sleep 300'], {
      env: { ...process.env, ...asMacos },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void running.kill('SIGKILL'));
    const exited = once(running, 'exit');
    const [pid] = (await once(running.stdout, 'data')) as [Buffer];
    running.kill('SIGTERM');
    expect(await exited).toEqual([143, null]);
    expect(isAlive(Number(pid))).toBe(false);
  });
});
