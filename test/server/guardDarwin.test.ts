import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parsePsTable, psColumns } from '../../src/workers/platform/parse/psTable.ts';
import { only } from '../harness/only.ts';

/*
 * guardDarwin.sh by itself, in every shell that is here: told of what runs, and left alone. ps(1) of procps knows the columns that
 * it asks for, so it can be run on Linux.
 */

const script = readFileSync(fileURLToPath(new URL('../../src/server/supervisor/containment/guardDarwin.sh', import.meta.url)), 'utf8');
const hasPs = readPs(['-p', String(process.pid)]).status === 0;
const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['zsh', '--emulate', 'sh']].filter(
  ([command, ...args]) => spawnSync(command as string, [...args, '-c', 'true']).status === 0,
);

only(
  hasPs && shells.length > 0,
  'needs a shell, and a ps(1) that knows the columns of macOS',
)(describe).for(shells.map((shell) => ({ shell, name: shell.join(' ') })))('$name', ({ shell }) => {
  test('at the end of its input it asks, waits for the grace, kills, and ends', async () => {
    const guard = startGuard(shell);
    const [polite, deaf] = [startProgram('exec sleep 300'), startProgram("trap '' TERM; echo ready; while :; do sleep 1; done")];
    await said(deaf);
    guard.tell('add 1 x TERM 30 -', `led 1 ${mark(polite.pid)}`, 'add 2 y TERM 30 -', `led 2 ${mark(deaf.pid)}`);
    await guard.end();
    expect(await polite.ended).toBe('SIGTERM');
    expect(await deaf.ended).toBe('SIGKILL');
  });

  test('whoever is in the group of what was started, or descends from that, ends with it, and told signals are sent', async () => {
    const guard = startGuard(shell);
    const orphan = startProgram('sh -c "sleep 300 & echo \\$!"');
    const orphanPid = Number(await said(orphan));
    const parent = startProgram(`exec "${process.execPath}" -e '${strayChild}'`);
    const strayPid = Number(await said(parent));
    guard.tell('add 1 x INT 300 -', `led 1 ${mark(orphan.pid)}`, 'add 2 y TERM 30 -', `led 2 ${mark(parent.pid)}`);
    await orphan.ended;
    await guard.end();
    expect(await parent.ended).toBe('SIGTERM');
    for (const pid of [orphanPid, strayPid]) expect(isThere(pid), String(pid)).toBe(false);
  });

  test('another process under the same pid, one that was taken back, one that is older, and a bystander are left alone', async () => {
    const older = startProgram('exec sleep 300');
    const [reused, removed, bystander, owned] = [1, 2, 3, 4].map(() => startProgram('exec sleep 300')) as [
      Program,
      Program,
      Program,
      Program,
    ];
    const guard = startGuard(shell, later(process.pid, 0));
    const [pid, seconds] = mark(reused.pid).split(' ') as [string, string];
    guard.tell('add 1 x TERM 30 -', `led 1 ${pid} ${Number(seconds) - 1}`, `own 1 ${pid} ${Number(seconds) - 1}`);
    guard.tell('add 2 y TERM 30 -', `led 2 ${mark(removed.pid)}`, 'add 3 z TERM 30 -', `own 3 ${mark(owned.pid)}`, 'del 2');
    await guard.end();
    expect(await owned.ended).toBe('SIGTERM');
    for (const { child } of [older, reused, removed, bystander]) expect(child.signalCode).toBeNull();
  });

  test('what began before the sidecar is nobody’s', async () => {
    const older = startProgram('exec sleep 300');
    const guard = startGuard(shell, later(older.pid, 2));
    guard.tell('add 1 x TERM 30 -', `led 1 ${mark(older.pid)}`);
    await guard.end();
    expect(older.child.signalCode).toBeNull();
  });

  test('it ends at once when there is nothing left', async () => {
    const guard = startGuard(shell);
    const program = startProgram('exec sleep 300');
    guard.tell(`add 1 x TERM 30 -`, `led 1 ${mark(program.pid)}`, 'del 1');
    await guard.end();
    expect(program.child.signalCode).toBeNull();
  });

  test('a deputy leaves it to the guard, also to one that was stopped, and ends behind it', async () => {
    const [guard, deputy] = [startGuard(shell), startGuard(shell)];
    const program = startProgram('exec sleep 300');
    guard.tell('add 1 x TERM 300 -', `led 1 ${mark(program.pid)}`);
    deputy.tell(`guard ${mark(guard.pid)}`, 'add 1 x USR1 300 -', `led 1 ${mark(program.pid)}`);
    process.kill(guard.pid, 'SIGSTOP');
    await Promise.all([deputy.end(), guard.end()]);
    expect(await program.ended).toBe('SIGTERM');
  });

  test('a deputy does it when the guard dies, and waits for none that has its pid no more', async () => {
    const [guard, bystander] = [startProgram('exec sleep 300'), startProgram('exec sleep 300')];
    const deputies = [startGuard(shell), startGuard(shell)] as const;
    const programs = [startProgram('exec sleep 300'), startProgram('exec sleep 300')] as const;
    deputies[0].tell('add 1 x TERM 300 -', `led 1 ${mark(programs[0].pid)}`, `guard ${mark(guard.pid)}`);
    const [pid, seconds] = mark(bystander.pid).split(' ') as [string, string];
    deputies[1].tell('guard', 'guard x y', `guard ${pid} ${Number(seconds) - 1}`, 'add 1 x TERM 300 -', `led 1 ${mark(programs[1].pid)}`);
    const ends = deputies.map((deputy) => deputy.end());
    expect(await programs[1].ended).toBe('SIGTERM');
    expect(programs[0].child.signalCode).toBeNull();
    guard.child.kill('SIGKILL');
    await Promise.all(ends);
    expect(await programs[0].ended).toBe('SIGTERM');
    expect(bystander.child.signalCode).toBeNull();
  });

  test('dates of every month and of leap days are what ps means', () => {
    const dates = [
      'Jan 1 00:00:00 1970',
      'Feb 29 08:09:08 2028',
      'Mar 1 00:00:01 2028',
      'Dec 31 23:59:59 2026',
      'Aug 9 09:08:07 2026',
      'Feb 28 12:00:00 2100',
    ];
    const [command, ...options] = shell as [string, ...string[]];
    const epoch = script.slice(script.indexOf('\nepoch() {'), script.indexOf('\n}\n', script.indexOf('\nepoch() {')) + 3);
    const lines = dates.map((date) => `epoch ${date} && echo "$seconds"`);
    const { stdout } = spawnSync(command, [...options, '-c', [epoch, ...lines].join('\n')], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').map(Number)).toEqual(dates.map((date) => Date.parse(`${date} UTC`) / 1_000));
  });
});

only(hasPs, 'needs a ps(1) that knows the columns of macOS')(test)(
  'a sidecar that hangs when its host is gone is killed, and so its services end',
  { timeout: 60_000 },
  async () => {
    const host = startProgram('exec sleep 300');
    const hanging = startProgram('exec sleep 300');
    const guard = startGuard(['sh'], mark(hanging.pid), mark(host.pid));
    process.kill(hanging.pid, 'SIGSTOP');
    host.child.kill('SIGKILL');
    expect(await hanging.ended).toBe('SIGKILL');
    await guard.end();
  },
);

/** A child in a session of its own, whose parent lives. */
const strayChild = `const { pid } = require("node:child_process").spawn("sleep", ["300"], { detached: true, stdio: "ignore" }); console.log(pid);`;

function readPs(args: string[]) {
  return spawnSync('/bin/ps', [...args, ...psColumns], { encoding: 'utf8', env: { LC_ALL: 'C', TZ: 'UTC0' } });
}

/** pid and start in seconds, as the guard has them. */
function mark(pid: number): string {
  return later(pid, 0);
}

function later(pid: number, seconds: number): string {
  return `${pid} ${(parsePsTable(readPs(['-p', String(pid)]).stdout)[0]?.startSeconds ?? 0) + seconds}`;
}

function isThere(pid: number): boolean {
  return parsePsTable(readPs(['-p', String(pid)]).stdout).some(({ state }) => state !== 'Z');
}

async function said({ child }: Program): Promise<string> {
  const [line] = await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  return String(line);
}

function startGuard([command, ...options]: string[], ...marks: string[]) {
  const watched = marks.length === 0 ? [mark(process.pid)] : marks;
  const args = [...options, '-c', 'eval "$SIDEWARDEN_GUARD"', 'sidewarden-guard', ...watched.flatMap((one) => one.split(' '))];
  const env = { PATH: process.env['PATH'], SHLVL: '2', SIDEWARDEN_GUARD: script };
  const child = spawn(command as string, args, { env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const exited = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    pid: child.pid as number,
    tell: (...lines: string[]) => void child.stdin.write(lines.map((line) => `${line}\n`).join('')),
    async end() {
      child.stdin.end();
      expect(await exited).toEqual([0, null]);
    },
  };
}

type Program = ReturnType<typeof startProgram>;

function startProgram(line: string) {
  const child = spawn('sh', ['-c', line], { env: { PATH: process.env['PATH'] }, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit').then(([, signal]) => signal as string | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { id: randomUUID(), child, pid: child.pid as number, ended };
}
