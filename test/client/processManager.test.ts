import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchNode } from '../../clients/typescript/index.ts';
import {
  createProcessManager,
  getProcessManager,
  type ProcessManager,
  resetProcessManager,
} from '../../clients/typescript/processManager/index.ts';
import { makeUserLock } from '../harness/instances.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { root } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

/* The nine scenarios by which the old class was verified, over a real sidecar. */

let stateDir: string;
const problems: unknown[] = [];
const log: string[] = [];
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-manager-'));
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));
afterEach(async () => {
  await resetProcessManager();
  log.length = 0;
  expect(problems.splice(0)).toEqual([]);
});

const appId = `manager.test.${process.pid}`;
const options = () => ({
  appId,
  options: { stateDir },
  onError: (error: unknown) => problems.push(error),
  onLog: (line: string) => log.push(line),
});
const get = (): ProcessManager => getProcessManager(options());
const heldPort = async () => {
  const port = await findFreePort();
  return { port, holder: await spawnProgram(nodeProgram('listen', port, '127.0.0.1')) };
};

/** A program that has a process manager, and says the pid of its sidecar when that runs. */
async function spawnHost(name: string, handlers: string) {
  const file = join(stateDir, `${name}.ts`);
  writeFileSync(
    file,
    `import { readFileSync } from 'node:fs';
    import { getProcessManager } from '${pathToFileURL(join(root, 'clients/typescript/processManager/index.ts'))}';
    const manager = getProcessManager({ appId: '${appId}.${name}', options: { stateDir: ${JSON.stringify(stateDir)} } });
    ${handlers}
    manager.registerShutdownHandlers();
    await manager.isPortInUse(1);
    console.log(readFileSync('/proc/' + process.pid + '/task/' + process.pid + '/children', 'utf8').trim());
    setInterval(() => {}, 1_000);`,
  );
  return spawnProgram([process.execPath, file]);
}

onLinux(describe)('the process manager', { timeout: 60_000 }, () => {
  test('1: is made once, and again after a reset', async () => {
    const first = get();
    expect(getProcessManager()).toBe(first);
    await resetProcessManager();
    expect(get()).not.toBe(first);
    await resetProcessManager();
    await resetProcessManager();
  });

  test('2: lets one instance run, also of two processes, and says no the second time', async () => {
    await using mine = await makeUserLock(appId, appId);
    const rival = createProcessManager(options());
    expect(await get().enforceSingleInstance()).toBe(true);
    expect(await get().enforceSingleInstance()).toBe(false);
    expect(await rival.enforceSingleInstance()).toBe(false);
    await resetProcessManager();
    expect(await rival.enforceSingleInstance()).toBe(true);
    expect(existsSync(mine.path)).toBe(true);
    await rival.close();
  });

  test('3: says whether a port is in use, and makes it available, whoever holds it', async () => {
    const { port, holder } = await heldPort();
    await using _ = holder;
    expect(await get().isPortInUse(port)).toBe(true);
    expect(await get().ensurePortAvailable(port, 3)).toBe(true);
    expect(await get().isPortInUse(port)).toBe(false);
    expect(await get().ensurePortAvailable(port)).toBe(true);
    expect(isAlive(holder.pid)).toBe(false);
  });

  test('3: says no for a port that we hold ourselves', async () => {
    await using server = await listen({ port: 0, host: '127.0.0.1' });
    expect(await get().ensurePortAvailable(server.port, 0)).toBe(false);
    expect(await get().killProcessOnPort(server.port)).toBe(false);
    expect(await get().isPortInUse(server.port)).toBe(true);
  });

  test('4: says who holds a port, and ends exactly that', async () => {
    const { port, holder } = await heldPort();
    await using _ = holder;
    const other = await heldPort();
    await using __ = other.holder;
    expect(await get().findProcessByPort(port)).toEqual({ pid: holder.pid, name: expect.any(String) });
    expect(await get().killProcessOnPort(port)).toBe(true);
    expect(await get().findProcessByPort(port)).toEqual({ pid: null, name: null });
    expect(await get().killProcessOnPort(port)).toBe(false);
    expect(await get().killProcessById(other.holder.pid)).toBe(true);
    expect(await get().killProcessById(other.holder.pid)).toBe(false);
    expect(await get().killProcessById(4_000_000)).toBe(false);
  });

  test('5 and 9: knows, on startup, the port that the last run registered, and cleans it up', async () => {
    const { port, holder } = await heldPort();
    await using _ = holder;
    await get().registerManagedPort(port, 'backend');
    await resetProcessManager();
    await get().cleanupOnStartup();
    expect(await get().isPortInUse(port)).toBe(false);
    expect(isAlive(holder.pid)).toBe(false);
    // As its callers do: clean up first, register afterwards. Now there is nobody to be ended.
    await get().registerManagedPort(port, 'backend');
    await using server = await listen({ port, host: '127.0.0.1' });
    expect(server.port).toBe(port);
  });

  test('6: tells its status', async () => {
    const before = Date.now();
    const [used, free] = [await findFreePort(), await findFreePort()];
    await using _ = await listen({ port: used, host: '127.0.0.1' });
    await get().registerManagedPort(used, 'backend');
    await get().registerManagedPort(free, 'frontend');
    const { isRunning, startTime, ports } = await get().getProcessStatus();
    expect(isRunning).toBe(true);
    expect(startTime.getTime()).toBeGreaterThanOrEqual(before);
    expect(ports).toEqual(
      expect.arrayContaining([
        { port: used, name: 'backend', inUse: true },
        { port: free, name: 'frontend', inUse: false },
      ]),
    );
  });

  test('7: runs every shutdown handler, sync or async, in order, also behind one that fails', async () => {
    const ran: string[] = [];
    get().addShutdownHandler(() => ran.push('sync'));
    get().addShutdownHandler(() => {
      throw new Error('the disk is full');
    });
    get().addShutdownHandler(async () => {
      await new Promise(setImmediate);
      ran.push('async');
    });
    get().addShutdownHandler(async () => {
      throw new Error('the network is down');
    });
    get().addShutdownHandler(() => ran.push('last'));
    await get().executeShutdownHandlers();
    expect(ran).toEqual(['sync', 'async', 'last']);
    await until(() => ['the disk is full', 'the network is down'].every((text) => log.some((line) => line.includes(text))), 'the log');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('7: runs them at %s, ends the sidecar, and then the process with code 0', async (signal) => {
    await using program = await spawnHost(
      signal,
      `manager.addShutdownHandler(async () => console.log('first'));
      manager.addShutdownHandler(() => { throw new Error('no'); });
      manager.addShutdownHandler(() => console.log('second'));`,
    );
    program.child.kill(signal);
    expect([await program.line(), await program.line()]).toEqual(['first', 'second']);
    await until(() => program.child.exitCode !== null, 'its end', 30_000);
    expect(program.child.exitCode).toBe(0);
  });

  test('7: does not wait for a handler that hangs, when it is asked a second time', async () => {
    await using program = await spawnHost('hangs', `manager.addShutdownHandler(() => new Promise(() => console.log('hangs')));`);
    program.child.kill('SIGINT');
    expect(await program.line()).toBe('hangs');
    program.child.kill('SIGINT');
    await until(() => program.child.exitCode !== null, 'its end', 30_000);
    expect(program.child.exitCode).toBe(1);
    await until(() => !isAlive(Number(program.ready)), 'the end of its sidecar', 30_000);
  });

  test('8: writes an error to the log of the sidecar, with its context', async () => {
    await get().logError(new TypeError('no such file'), 'reading the settings');
    await get().logError('just words');
    await until(() => log.some((line) => line.includes('just words')), 'the log');
    const line = log.find((one) => one.includes('no such file')) ?? '';
    expect(line).toContain('TypeError');
    expect(line).toContain('reading the settings');
  });

  test('never throws, and says why it could not', async () => {
    expect(await get().isPortInUse(0)).toBe(false);
    expect(await get().killProcessById(-1)).toBe(false);
    expect(problems.splice(0)).toMatchObject([{ kind: 'InvalidParams' }, { kind: 'InvalidParams' }]);
    const unstarted = createProcessManager({ ...options(), launch: () => Promise.reject(new Error('no Node.js')) });
    expect(await unstarted.isPortInUse(80)).toBe(false);
    expect(await unstarted.findProcessByPort(80)).toEqual({ pid: null, name: null });
    expect(await unstarted.getProcessStatus()).toMatchObject({ isRunning: true, ports: [] });
    expect(problems.splice(0)).toMatchObject(
      Array.from({ length: 3 }, () => ({ kind: 'Disconnected', message: 'The sidecar could not be started: no Node.js' })),
    );
  });

  test('many calls at once start one sidecar', async () => {
    let starts = 0;
    const manager = createProcessManager({
      ...options(),
      launch: () => {
        starts += 1;
        return launchNode()();
      },
    });
    const port = await findFreePort();
    expect(await Promise.all(Array.from({ length: 50 }, () => manager.isPortInUse(port)))).toEqual(Array.from({ length: 50 }, () => false));
    expect(starts).toBe(1);
    await manager.close();
  });
});
