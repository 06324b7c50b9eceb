import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  createProcessManager,
  getProcessManager,
  type ProcessManager,
  resetProcessManager,
} from '../../clients/typescript/processManager/index.ts';
import { makeUserLock } from '../harness/instances.ts';
import { isLinux } from '../harness/needs.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';

/* The old class's calls, over a real sidecar. */

let stateDir: string;
const problems: unknown[] = [];
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-manager-'));
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));
afterEach(async () => {
  await resetProcessManager();
  expect(problems.splice(0)).toEqual([]);
});

const appId = `manager.test.${process.pid}`;
const get = (): ProcessManager => getProcessManager({ appId, options: { stateDir }, onError: (error) => problems.push(error) });

describe.skipIf(!isLinux)('the process manager', () => {
  test('is one, until it is reset', async () => {
    const first = get();
    expect(get()).toBe(first);
    await resetProcessManager();
    expect(get()).not.toBe(first);
  });

  test('lets one instance run, and says no the second time, and to another', async () => {
    await using mine = await makeUserLock(appId, appId);
    const other = createProcessManager({ appId, options: { stateDir }, onError: (error) => problems.push(error) });
    try {
      expect(await get().enforceSingleInstance()).toBe(true);
      expect(await get().enforceSingleInstance()).toBe(false);
      expect(await other.enforceSingleInstance()).toBe(false);
      await resetProcessManager();
      expect(await other.enforceSingleInstance()).toBe(true);
      expect(existsSync(mine.path)).toBe(true);
    } finally {
      await other.close();
    }
  });

  test('says whether a port is in use, and by whom', async () => {
    const port = await findFreePort();
    expect(await get().isPortInUse(port)).toBe(false);
    expect(await get().findProcessByPort(port)).toEqual({ pid: null, name: null });
    await using _server = await listen({ port, host: '127.0.0.1' });
    expect(await get().isPortInUse(port)).toBe(true);
    expect(await get().findProcessByPort(port)).toMatchObject({ pid: process.pid, name: expect.any(String) });
  });

  test('ends who holds a port, and is false on a free one', async () => {
    const port = await findFreePort();
    await using program = await spawnProgram(nodeProgram('listen', port, '127.0.0.1'));
    expect(await get().findProcessByPort(port)).toMatchObject({ pid: program.pid });
    expect(await get().killProcessOnPort(port)).toBe(true);
    expect(await get().killProcessOnPort(port)).toBe(false);
  });

  test('ends a process, and is false for one that is not there', async () => {
    await using program = await spawnProgram(nodeProgram('idle'));
    expect(await get().killProcessById(program.pid)).toBe(true);
    expect(await get().killProcessById(4_000_000)).toBe(false);
  });

  test('makes a port available, whoever holds it', async () => {
    const port = await findFreePort();
    await using program = await spawnProgram(nodeProgram('listen', port, '127.0.0.1'));
    expect(await get().findProcessByPort(port)).toMatchObject({ pid: program.pid });
    expect(await get().ensurePortAvailable(port, 3)).toBe(true);
    expect(await get().isPortInUse(port)).toBe(false);
  });

  test('cleans up, on startup, the port that the last run registered', async () => {
    const port = await findFreePort();
    await using program = await spawnProgram(nodeProgram('listen', port, '127.0.0.1'));
    expect(await get().findProcessByPort(port)).toMatchObject({ pid: program.pid });
    await get().registerManagedPort(port, 'backend');
    const { isRunning, startTime, ports } = await get().getProcessStatus();
    expect({ isRunning, ports }).toEqual({ isRunning: true, ports: [{ port, name: 'backend', inUse: true }] });
    expect(startTime).toBeInstanceOf(Date);
    await resetProcessManager();
    await get().cleanupOnStartup();
    expect(await get().isPortInUse(port)).toBe(false);
  });

  test('runs every shutdown handler, sync or async, also behind one that fails', async () => {
    const ran: string[] = [];
    get().addShutdownHandler(() => ran.push('sync'));
    get().addShutdownHandler(() => {
      throw new Error('the disk is full');
    });
    get().addShutdownHandler(async () => ran.push('async'));
    await get().executeShutdownHandlers();
    expect(ran).toEqual(['sync', 'async']);
  });

  test('never throws, and says why it could not', async () => {
    expect(await get().isPortInUse(0)).toBe(false);
    expect(problems.splice(0)).toMatchObject([{ kind: 'InvalidParams' }]);
  });
});
