import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { shareCandidates } from '../../src/workers/candidates.ts';
import { createWin32 } from '../../src/workers/platform/win32/index.ts';
import { systemTools } from '../../src/workers/platform/win32/tools.ts';
import { createWin32Waiter } from '../../src/workers/platform/win32/waiter.ts';
import { explainPort } from '../../src/workers/tasks/explainPort.ts';
import { readSockets } from '../../src/workers/tasks/readSockets.ts';
import { scanOwners } from '../../src/workers/tasks/scanOwners.ts';
import { only } from '../harness/only.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { until } from '../harness/until.ts';

/*
 * Windows both ways, by native calls and by PowerShell, netstat and tasklist, each held against the other. Its authors have no Windows, and
 * Wine has no such tools: this runs on GitHub’s Windows runners.
 */

const isWindows = process.platform === 'win32' && process.env.SIDEWARDEN_WINE === undefined;

only(isWindows, 'needs a real Windows: Wine has no PowerShell, and its netstat and tasklist print nothing of use')(describe)(
  'both ways',
  () => {
    const native = createWin32({ native: true });
    const tools = createWin32({ native: false });

    test('they know the same processes, by the same identities', async () => {
      const known = new Set(await native.processes.listPids());
      const pids = (await tools.processes.listPids()).filter((pid) => known.has(pid));
      expect(pids.length).toBeGreaterThan(10);
      expect(pids).toContain(process.pid);
      for (const pid of pids) {
        const [left, right] = [await native.processes.identify(pid), await tools.processes.identify(pid)];
        // One of them may have ended in between.
        if (left !== null && right !== null) expect(native.processes.sameIdentity(left, right), String(pid)).toBe(true);
      }
      expect((await tools.processes.readParents()).get(process.pid)).toBe((await native.processes.readParents()).get(process.pid));
    });

    test('a process is what it was started as', async () => {
      await using program = await spawnProgram(nodeProgram('idle', 'an argument', 'say "so"', 'ä 中'));
      const [left, right] = [await native.processes.describe(program.pid), await tools.processes.describe(program.pid)];
      const { pid, ppid, name, executable, commandLine, startedAt } = left ?? {};
      expect(right).toMatchObject({ pid, ppid, name, executable, commandLine });
      expect(Math.abs((right?.startedAt ?? 0) - (startedAt ?? 0))).toBeLessThanOrEqual(1);
      const used = await tools.processes.sample(program.pid);
      expect(used?.rssBytes).toBeGreaterThan(1_000_000);
    });

    test('who listens is named, the same both ways', async () => {
      const server = createServer();
      onTestFinished(() => void server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      for (const platform of [native, tools]) {
        const { rows, candidates } = await readSockets({ protocols: ['tcp'], port }, platform);
        expect(rows).toMatchObject([{ address: '127.0.0.1', port, state: 'listen' }]);
        const keys = rows.map(({ key }) => key);
        const { owners } = await scanOwners({ keys, work: shareCandidates(candidates ?? [process.pid]) }, platform);
        expect(owners.map(({ pid }) => pid)).toEqual([process.pid]);
      }
      const barred = createWin32({ native: false, tools: { ...systemTools(), powershell: 'C:\\missing\\powershell.exe' } });
      expect((await explainPort({ port, protocols: ['tcp'] }, barred)).heard).toEqual([
        { protocol: 'tcp', pid: process.pid, name: 'node.exe' },
      ]);
    });

    test('an end is waited for, and only who is meant is ended', async () => {
      await using program = await spawnProgram(nodeProgram('idle'));
      const waiter = createWin32Waiter({ native: false, clock: systemClock });
      onTestFinished(() => waiter.close());
      const { pid } = program;
      const identity = (await tools.processes.identify(pid)) as string;
      const exit = waiter.waitForExit({ pid, identity }, AbortSignal.timeout(60_000));
      expect(tools.signals.send({ pid, identity: `w-${pid}-1us`, handle: null }, 'SIGKILL')).toBe('identityMismatch');
      expect(tools.signals.send({ pid, identity, handle: null }, 'SIGKILL')).toBe('sent');
      expect(await exit).toEqual({ kind: 'exited' });
      await until(() => tools.signals.send({ pid, identity, handle: null }, 'SIGKILL') === 'gone', 'it to be known as gone', 60_000);
    });
  },
);
