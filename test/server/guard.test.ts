import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseProcStat } from '../../src/workers/platform/parse/procStat.ts';
import { isLinux } from '../harness/needs.ts';
import { onLinux, only } from '../harness/only.ts';
import { until } from '../harness/until.ts';

/* guard.sh by itself, in every shell that is here: told of what runs, and left alone. */

const script = readFileSync(fileURLToPath(new URL('../../src/server/supervisor/containment/guard.sh', import.meta.url)), 'utf8');
const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([command, ...args]) => spawnSync(command as string, [...args, '-c', 'true']).status === 0,
);

only(isLinux && shells.length > 0, 'needs Linux and a shell')(describe).for(shells.map((shell) => ({ shell, name: shell.join(' ') })))(
  '$name',
  ({ shell }) => {
    test('at the end of its input it asks, waits for the grace, kills, and ends', async () => {
      const guard = startGuard(shell);
      const [polite, deaf] = [startProgram('sleep 300'), startProgram("trap '' TERM; echo ready; while :; do sleep 1; done")];
      await once(deaf.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
      guard.tell(`add 1 ${polite.id} TERM 30 -`, `led 1 ${mark(polite.pid)}`, `add 2 ${deaf.id} TERM 30 -`, `led 2 ${mark(deaf.pid)}`);
      await guard.end();
      expect(await polite.ended).toBe('SIGTERM');
      expect(await deaf.ended).toBe('SIGKILL');
    });

    test('what left its session is found by its mark alone, and told signals are sent', async () => {
      const guard = startGuard(shell);
      const program = startProgram('exec sleep 300');
      guard.tell(`add 1 ${program.id} INT 300 -`);
      await guard.end();
      expect(await program.ended).toBe('SIGINT');
    });

    test('another process under the same pid, one that was taken back, and a bystander are left alone', async () => {
      const guard = startGuard(shell);
      const [reused, removed, bystander] = [
        startProgram('exec sleep 300', false),
        startProgram('exec sleep 300'),
        startProgram('exec sleep 300'),
      ];
      const member = startProgram('exec sleep 300');
      guard.tell(`add 1 ${randomUUID()} TERM 30 -`, `led 1 ${reused.pid} 1`, `own 1 ${reused.pid} 1`);
      guard.tell(`add 2 ${removed.id} TERM 30 -`, `led 2 ${mark(removed.pid)}`, `add 3 ${member.id} TERM 30 -`, 'del 2');
      await guard.end();
      expect(await member.ended).toBe('SIGTERM');
      for (const { child } of [reused, removed, bystander]) expect(child.signalCode).toBeNull();
    });

    test('it ends at once when there is nothing left, and no signal to a group ends it before', async () => {
      const guard = startGuard(shell);
      const program = startProgram('exec sleep 300');
      guard.tell(`add 1 ${program.id} TERM 30 -`, 'del 1');
      const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;
      // A shell sets its traps one after the other.
      await until(() => signals.every((signal) => isIgnored(guard.pid, constants.signals[signal])), 'its traps');
      for (const signal of signals) process.kill(guard.pid, signal);
      await guard.end();
      expect(program.child.signalCode).toBeNull();
    });
  },
);

onLinux(test)('a sidecar that hangs when its host is gone is killed, and so its services end', { timeout: 60_000 }, async () => {
  const host = startProgram('exec sleep 300');
  const hanging = startProgram('exec sleep 300');
  const guard = startGuard(['sh'], mark(hanging.pid), mark(host.pid));
  process.kill(hanging.pid, 'SIGSTOP');
  host.child.kill('SIGKILL');
  expect(await hanging.ended).toBe('SIGKILL');
  await guard.end();
});

/** SigIgn of proc_pid_status(5): a mask in hex, the bit of a signal is its number less one. */
function isIgnored(pid: number, signal: number): boolean {
  const mask = /^SigIgn:\s*([\da-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
}

/** pid and ticks, as the guard has them. */
function mark(pid: number): string {
  return `${pid} ${parseProcStat(readFileSync(`/proc/${pid}/stat`))?.startTicks}`;
}

function startGuard([command, ...options]: string[], ...marks: string[]) {
  const watched = marks.length === 0 ? [mark(process.pid)] : marks;
  const args = [...options, '-c', 'eval "$SIDEWARDEN_GUARD"', 'sidewarden-guard', ...watched.flatMap((one) => one.split(' '))];
  // An outermost bash whose input is a socket reads ~/.bashrc, unless it is called sh, as the guard’s is.
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

function startProgram(line: string, detached = true) {
  const id = randomUUID();
  const env = { PATH: process.env['PATH'], SIDEWARDEN_START: id };
  const child = spawn('sh', ['-c', line], { env, detached, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit').then(([, signal]) => signal as string | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { id, child, pid: child.pid as number, ended };
}
