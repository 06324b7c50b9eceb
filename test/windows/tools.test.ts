import { expect, test } from 'vitest';
import { type Address, parseAddress } from '../../src/workers/platform/parse/address.ts';
import { openBindAttempt } from '../../src/workers/platform/win32/bindAttempt.ts';
import { openProcessList, type ProcessList } from '../../src/workers/platform/win32/processList.ts';
import { createToolSignals } from '../../src/workers/platform/win32/toolSignals.ts';
import { askHere, systemTools } from '../../src/workers/platform/win32/tools.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { until } from '../harness/until.ts';

/*
 * How programs are ended without native calls, by the real taskkill. Wine has no PowerShell, so who runs is told here by the kernel, and
 * no more exactly than PowerShell would.
 */

const tools = systemTools();
const kernel = openProcessList({ native: true, tools });
const listHere = () => kernel.listHere().map((row) => ({ ...row, isExact: false }));
const list: ProcessList = {
  ...kernel,
  listHere,
  findHere: (pid) => listHere().find((row) => row.pid === pid) ?? null,
};
const signals = createToolSignals(tools, list);
const identityOf = (pid: number) => `w-${pid}-${(list.findHere(pid)?.created ?? 0n) / 10n}us`;

test('SIGKILL ends who is meant, and nobody else of that pid', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const { pid } = program;
  const identity = identityOf(pid);
  expect(signals.send({ pid, identity: `w-${pid}-1us`, handle: null }, 'SIGKILL')).toBe('identityMismatch');
  expect(signals.send({ pid, identity, handle: null }, 'SIGTERM')).toBe('noWay');
  expect(signals.send({ pid, identity, handle: null }, 'SIGKILL')).toBe('sent');
  await until(() => program.child.exitCode !== null || program.child.signalCode !== null, 'it ends');
  expect(signals.send({ pid, identity, handle: null }, 'SIGKILL')).toBe('gone');
});

test('taskkill /F ends a process by its number, and says by its exit code that there is none', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  expect(askHere(tools, 'taskkill', ['/F', '/PID', String(program.pid)]).code).toBe(0);
  await until(() => program.child.exitCode !== null || program.child.signalCode !== null, 'it ends');
  const none = 0x7fff_fff0;
  expect(list.findHere(none)).toBeNull();
  expect(askHere(tools, 'taskkill', ['/F', '/PID', String(none)]).code).not.toBe(0);
});

test('one without a window is not taken to have been asked', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const targets = [{ pid: program.pid, identity: identityOf(program.pid) }];
  expect(signals.asking?.ask({ targets, others: [] })).toEqual([null]);
  expect(signals.asking?.foresee(program.pid)).toEqual([{ rung: 'wmClose', isSure: false }]);
});

test('a program with a window is asked to close it', async ({ skip }) => {
  await using program = await spawnProgram(nodeProgram('window'), { windowsHide: false });
  if (program.ready === 'no desktop') skip('there is no desktop that a window could be on');
  const targets = [{ pid: program.pid, identity: identityOf(program.pid) }];
  // Under Wine the first window of all brings a desktop along, as a child.
  const others = listHere().map(({ pid }) => pid);
  expect(signals.asking?.ask({ targets, others })).toEqual(['wmClose']);
  await until(() => program.child.exitCode === 5, 'it ends by itself');
});

test('a bind is tried by Node’s own handles where there are no native calls', async () => {
  const { tcp, udp } = openBindAttempt({ native: false });
  expect(udp).toBeNull();
  await using server = await listen({ port: 0, host: '127.0.0.1' });
  const address = parseAddress('127.0.0.1') as Address;
  const attempt = (port: number) => tcp?.({ protocol: 'tcp', address, port, scope: null });
  expect(attempt(server.port)).toMatch(/EADDRINUSE|EACCES/);
  expect(attempt(await findFreePort())).toBeNull();
});
