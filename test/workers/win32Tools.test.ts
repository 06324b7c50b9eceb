import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createGrow } from '../../src/server/processes/growth.ts';
import { createKill, type KillOptions } from '../../src/server/processes/kill.ts';
import { createLadder } from '../../src/server/processes/ladder.ts';
import { shareCandidates } from '../../src/workers/candidates.ts';
import { cimProcessScript, parseCimProcesses } from '../../src/workers/platform/parse/cimProcesses.ts';
import { parseTasklist } from '../../src/workers/platform/parse/tasklist.ts';
import { createWin32 } from '../../src/workers/platform/win32/index.ts';
import type { Tools } from '../../src/workers/platform/win32/tools.ts';
import { createWin32Waiter } from '../../src/workers/platform/win32/waiter.ts';
import { explainPort } from '../../src/workers/tasks/explainPort.ts';
import { readSockets } from '../../src/workers/tasks/readSockets.ts';
import { sampleUsage } from '../../src/workers/tasks/sampleUsage.ts';
import { scanOwners } from '../../src/workers/tasks/scanOwners.ts';
import { createDirectPool } from '../harness/directPool.ts';
import { onLinux } from '../harness/only.ts';
import { standIn } from '../harness/standIn.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';
import { program, start } from './processScenes.ts';

/*
 * Windows without native calls. What its tools print is written after Microsoft’s documents, named in each fixture, none of it recorded;
 * and on Linux programs stand in for them, which tell of the real processes here: who is ended is really ended.
 */

const fixtures = new URL('../fixtures/windows/', import.meta.url);
const tasklists = readdirSync(fixtures).filter((name) => name.startsWith('tasklist.'));

test.each(tasklists)('%s: the same names, in whatever words and code page', (name) => {
  const bytes = readFileSync(new URL(name, fixtures));
  const text = bytes.toString('utf8');
  for (const one of [text, text.replaceAll('\n', '\r\n'), bytes.toString('latin1')])
    expect([...parseTasklist(one)].slice(1)).toEqual([
      [4, 'System'],
      [1_012, 'svchost.exe'],
      [15_780, 'my, app (1).exe'],
      [20_164, 'node.exe'],
    ]);
});

test.each(['', 'INFO: No tasks are running which match the specified criteria.', '"a.exe","12a"', '"a.exe"', '"a.exe","4294967296"'])(
  'no task: %s',
  (line) => {
    expect(parseTasklist(line).size).toBe(0);
  },
);

describe('Win32_Process, as JSON (learn.microsoft.com, “Win32_Process class”, “ConvertTo-Json”; not recorded)', () => {
  const text = readFileSync(new URL('processes.json', fixtures), 'utf8');

  test('all that it tells, in numbers of more digits than a double has', () => {
    expect(parseCimProcesses(text)).toEqual([
      {
        ...{ pid: 4, ppid: 0, name: 'System', executable: null, commandLine: null },
        ...numbers(134_403_001_484_866_690n, 15_625_000n, 147_456),
      },
      {
        ...{ pid: 1_012, ppid: 700, name: 'svchost.exe', executable: null, commandLine: null },
        ...numbers(134_403_001_490_000_010n, 312_500n, 18_739_200),
      },
      {
        ...{ pid: 15_780, ppid: 9_044, name: 'node.exe', executable: 'C:\\Program Files\\nodejs\\node.exe' },
        commandLine: '"C:\\Program Files\\nodejs\\node.exe" --title "Grüße 日本" server.js',
        ...numbers(134_403_101_490_000_010n, 9_007_199_254_740_993n, 53_399_552),
      },
    ]);
  });

  test('an array that PowerShell has wrapped is the same', () => {
    expect(parseCimProcesses(`{"value":${text},"Count":4}`)).toEqual(parseCimProcesses(text));
  });

  test.each(['', '[{"ProcessId":4', '{}', '[{"ProcessId":"4","ParentProcessId":0}]', '[{"ProcessId":-4,"ParentProcessId":0}]', '[4]'])(
    'no answer: %s',
    (cut) => {
      expect(() => parseCimProcesses(cut)).toThrow();
    },
  );

  test('what PowerShell is told has nothing in it but numbers of ours', () => {
    expect(cimProcessScript([4, 15_780])).toContain(`-Filter 'ProcessId=4 OR ProcessId=15780'`);
    expect(cimProcessScript(null)).not.toContain('-Filter');
    // It goes to the program as one argument, between quotation marks.
    expect(cimProcessScript([4])).not.toMatch(/["\\\n]/);
  });

  const numbers = (created: bigint, cpu: bigint, workingSetBytes: number) => ({ created, cpu, workingSetBytes });
});

onLinux(describe)('with tools that tell of Linux', { timeout: 60_000 }, () => {
  test('who a process is, and the same again; none of that pid is null', async () => {
    const { processes } = await platformOf();
    const { pid, kill } = await start('sleep', ['600']);
    const found = await processes.describe(pid);
    expect(found).toMatchObject({
      ...{ pid, ppid: process.pid, name: 'sleep', commandLine: ['sleep', '600'], status: 'running', visibility: 'partial' },
      identity: expect.stringMatching(/^w-\d+-\d+us$/),
    });
    expect(await processes.identify(pid)).toBe(found?.identity);
    const usage = await sampleUsage({ target: { pid: process.pid }, tree: true }, await platformOf());
    expect(usage.samples.map(({ ref }) => ref.pid)).toContain(pid);
    await kill();
    await until(async () => (await processes.describe(pid)) === null, 'it is gone');
    for (const none of [0, -1, 2 ** 32, 1.5]) expect(await processes.describe(none)).toBeNull();
  });

  test('only who is meant is ended, and no signal is taken for that', async () => {
    const { processes, signals } = await platformOf();
    const { pid, child } = await start('sleep', ['600']);
    const identity = (await processes.identify(pid)) as string;
    const other = identity.replace(/\d(us)$/, (_, unit) => `5${unit}`).replace(/-(\d)/, (_, digit) => `-${(Number(digit) + 1) % 10}`);
    expect(signals.send({ pid, identity: other, handle: null }, 'SIGKILL')).toBe('identityMismatch');
    for (const signal of ['SIGTERM', 'SIGSTOP', 'SIGCONT']) expect(signals.send({ pid, identity, handle: null }, signal)).toBe('noWay');
    expect(child.exitCode ?? child.signalCode).toBeNull();
    expect(signals.send({ pid, identity, handle: null }, 'SIGKILL')).toBe('sent');
    await until(() => child.signalCode === 'SIGKILL', 'it ends');
    await until(() => signals.send({ pid, identity, handle: null }, 'SIGKILL') === 'gone', 'it is known to be gone');
  });

  test('a kill: asked first, forced behind it, the tree with it, and nobody else', async () => {
    const { path, tools } = await toolsOf({ taskkill: 'exit 1' });
    const bystander = await start('sleep', ['600']);
    const tree = await start('sh', ['-c', 'sleep 600 & sleep 600 & echo ready; wait']);
    await tree.line();
    const outcomes = await killTree(tree.pid, tools);
    expect(outcomes.map(({ outcome, rung }) => [outcome, rung])).toEqual(Array(3).fill(['killed', 'terminate']));
    for (const { process: target } of outcomes) expect(isAlive(target.pid)).toBe(false);
    expect(isAlive(bystander.pid)).toBe(true);
    // Asked for the one that has started the others, and for these: never by force.
    expect(readFileSync(path, 'utf8')).not.toContain('/F');
  });

  test('one that closes when it is asked is not forced', async () => {
    const { tools } = await toolsOf({ taskkill: 'kill -TERM "$2"' });
    const { pid, child } = await start('sleep', ['600']);
    const [outcome] = await killTree(pid, tools);
    expect(outcome).toMatchObject({ outcome: 'exited', rung: 'wmClose', signal: 'SIGTERM' });
    await until(() => child.signalCode === 'SIGTERM', 'it has ended by what it was asked');
  });

  test('whose window may be a console that others use is not asked', async () => {
    const { path, tools } = await toolsOf({ taskkill: 'exit 0' });
    const tree = await start('sh', ['-c', 'sleep 600 & echo $!; wait']);
    const below = Number(await tree.line());
    onTestFinished(() => void process.kill(below, 'SIGKILL'));
    const outcomes = await killTree(tree.pid, tools, { tree: false, graceMs: 60_000 });
    expect(outcomes).toMatchObject([{ outcome: 'killed', rung: 'terminate' }]);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(isAlive(below)).toBe(true);
  });

  test('an end is waited for; of another process it has long been, and one that was given its pid is no longer waited for', async () => {
    const { tools } = await toolsOf({});
    const waiter = createWin32Waiter({ native: false, clock: systemClock, tools });
    onTestFinished(() => waiter.close());
    const { pid, kill } = await start('sleep', ['600']);
    const identity = (await createWin32({ native: false, tools }).processes.identify(pid)) as string;
    expect(await waiter.waitForExit({ pid, identity: `w-${pid}-1us` }, AbortSignal.timeout(20_000))).toEqual({ kind: 'exited' });
    const exit = waiter.waitForExit({ pid, identity }, AbortSignal.timeout(20_000));
    await kill();
    expect(await exit).toEqual({ kind: 'exited' });
    const open = waiter.waitForExit({ pid: process.pid }, AbortSignal.timeout(20_000));
    open.catch(() => {});
    await waiter.close();
    await expect(open).rejects.toMatchObject({ failure: { kind: 'ShuttingDown' } });
  });

  test('who listens is named, by the pid that netstat tells and by who that is', async () => {
    const { pid } = await start('sleep', ['600']);
    const { tools } = await toolsOf({ netstat: `echo '  TCP    127.0.0.1:18080        0.0.0.0:0              ABHÖREN         ${pid}'` });
    const platform = createWin32({ native: false, tools });
    const { rows, candidates } = await readSockets({ protocols: ['tcp'], port: 18_080 }, platform);
    const scan = await scanOwners({ keys: rows.map(({ key }) => key), work: shareCandidates(candidates as number[]) }, platform);
    expect(scan.owners.map((owner) => owner.pid)).toEqual([pid]);
  });

  test('where PowerShell is barred a port has the name that netstat and tasklist give, and no owner', async () => {
    const { tools } = await toolsOf({
      powershell: 'exit 1',
      netstat: `echo '  TCP    127.0.0.1:18080        0.0.0.0:0              ESCUTA         15780'`,
      tasklist: `[ "$*" = "/fo csv /nh" ] && cat '${fileURLToPath(new URL('tasklist.de.txt', fixtures))}'`,
    });
    const facts = await explainPort({ port: 18_080, protocols: ['tcp'] }, createWin32({ native: false, tools }));
    expect(facts).toMatchObject({ candidates: null, heard: [{ protocol: 'tcp', pid: 15_780, name: 'my, app (1).exe' }] });
    const nameless = createWin32({ native: false, tools: { ...tools, tasklist: '/missing/tasklist' } });
    expect((await explainPort({ port: 18_080, protocols: ['tcp'] }, nameless)).heard).toMatchObject([{ pid: 15_780, name: null }]);
  });

  test('whose start is not told may not be seen, and is not somebody else', async () => {
    const row = { ProcessId: process.pid, ParentProcessId: 1, Name: 'a.exe', Created: null };
    const { processes, signals } = createWin32({
      native: false,
      tools: (await toolsOf({ powershell: `echo '[${JSON.stringify(row)}]'` })).tools,
    });
    await expect(processes.describe(process.pid)).rejects.toMatchObject({ failure: { kind: 'PermissionDenied' } });
    expect(signals.send({ pid: process.pid, identity: `w-${process.pid}-1us`, handle: null }, 'SIGKILL')).toBe('denied');
  });
});

onLinux(describe)('a PowerShell that does not answer as it should is no answer', () => {
  test.each([
    ['it is missing', null, /missing/],
    ['it is barred', 'echo "cannot be loaded because running scripts is disabled" >&2; exit 1', /ended with 1 \(cannot be loaded/],
    ['it prints something else', 'echo "PS C:\\\\>"', /form/],
    ['its answer is cut', `printf '[{"ProcessId":4,'`, /form/],
    ['it is killed', 'kill -9 $$', /killed/],
  ])('%s', async (_, lines, sentence) => {
    const { tools } = await toolsOf({ ...(lines !== null && { powershell: lines }) });
    const platform = createWin32({ native: false, tools: lines === null ? { ...tools, powershell: '/missing/powershell' } : tools });
    const failure = { failure: expect.objectContaining({ kind: 'Unsupported', message: expect.stringMatching(sentence) }) };
    await expect(platform.processes.describe(1)).rejects.toMatchObject(failure);
    await expect(platform.processes.listPids()).rejects.toMatchObject(failure);
    expect(() => platform.signals.readKin()).toThrow(expect.objectContaining(failure));
    expect(() => platform.signals.hold(1, 'w-1-1us')).toThrow(expect.objectContaining(failure));
    // Then nobody is named, and the port is not free.
    const netstat = await standIn(`echo '  TCP    127.0.0.1:18080        0.0.0.0:0              LISTENING         12'`);
    const seen = await readSockets(
      { protocols: ['tcp'], port: 18_080 },
      createWin32({ native: false, tools: { ...tools, netstat, powershell: '/missing/powershell' } }),
    );
    expect(seen).toMatchObject({ rows: [{ port: 18_080, pids: null }], candidates: null });
  });
});

/** What stands in for each tool, as a line of a shell; taskkill notes in a file how it was called. */
async function toolsOf({ taskkill = 'exit 1', ...others }: Partial<Record<keyof Tools, string>>): Promise<{ tools: Tools; path: string }> {
  const path = await standIn();
  const calls = path.replace(/tool$/, 'calls');
  const powershell = `exec '${process.execPath}' '${program('powershell.mjs')}' "$@"`;
  const make = (lines: string | undefined) => (lines === undefined ? '/missing/tool' : standIn(lines));
  const tools = {
    netsh: await make(others.netsh),
    netstat: await make(others.netstat),
    powershell: await make(others.powershell ?? powershell),
    taskkill: await standIn(`echo "$*" >> '${calls}'`, taskkill),
    tasklist: await make(others.tasklist),
  };
  writeFileSync(calls, '');
  return { tools, path: calls };
}

const platformOf = async () => createWin32({ native: false, tools: (await toolsOf({})).tools });

async function killTree(pid: number, tools: Tools, more: Partial<KillOptions> = {}) {
  const platform = createWin32({ native: false, tools });
  const pool = createDirectPool(platform);
  const waiter = createWin32Waiter({ native: false, clock: systemClock, tools });
  onTestFinished(() => waiter.close());
  const ladder = createLadder(pool, waiter, systemClock);
  const kill = createKill({ pool, ladder, grow: createGrow(pool), gatherProtection: async () => ({ known: {} }), clock: systemClock });
  const options: KillOptions = { tree: true, signal: 'SIGTERM', graceMs: 1_000, force: true, allowProtected: false, ...more };
  return kill({ roots: [], meant: { pid }, options, protection: { known: {} }, signal: new AbortController().signal });
}
