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

    test('a deputy leaves it to the guard, also to one that was stopped, and ends behind it', async () => {
      const [guard, deputy] = [startGuard(shell), startGuard(shell)];
      const program = startProgram('exec sleep 300');
      guard.tell(`add 1 ${program.id} TERM 300 -`, `led 1 ${mark(program.pid)}`);
      deputy.tell(`guard ${mark(guard.pid)}`, `add 1 ${program.id} USR1 300 -`, `led 1 ${mark(program.pid)}`);
      process.kill(guard.pid, 'SIGSTOP');
      const ends = [deputy.end(), guard.end()];
      await Promise.all(ends);
      expect(await program.ended).toBe('SIGTERM');
    });

    test('a deputy does it when the guard dies, collected or not', async () => {
      const guard = startProgram('sleep 300 & echo $!; exec sleep 300');
      const [guardPid] = await once(guard.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
      const deputy = startGuard(shell);
      const program = startProgram('exec sleep 300');
      deputy.tell(`add 1 ${program.id} TERM 300 -`, `led 1 ${mark(program.pid)}`, `guard ${mark(Number(guardPid))}`);
      const end = deputy.end();
      await until(() => isWaiting(deputy.pid), 'the deputy to wait');
      expect(program.child.signalCode).toBeNull();
      process.kill(Number(guardPid), 'SIGKILL');
      await end;
      expect(await program.ended).toBe('SIGTERM');
      expect(guard.child.signalCode).toBeNull();
    });

    test.for([
      ['is gone', ({ gone }) => [`guard ${gone}`]],
      ['has its pid no more', ({ alive }) => [`guard ${alive.split(' ')[0]} 1`]],
      ['was followed by another, which is gone', ({ alive, gone }) => [`guard ${alive}`, `guard ${gone}`]],
      ['was told as nonsense', ({ alive }) => [`guard ${alive}`, 'guard', 'gaurd 1 1', '', 'guard \u0000 x', 'guard ../self 0']],
    ] satisfies [string, (marks: { alive: string; gone: string }) => string[]][])(
      'a deputy waits for no guard that %s',
      async ([, lines]) => {
        const [alive, ended] = [startProgram('exec sleep 300', false), startProgram('exec sleep 300')];
        const marks = { alive: mark(alive.pid), gone: mark(ended.pid) };
        ended.child.kill('SIGKILL');
        await ended.ended;
        const deputy = startGuard(shell);
        const program = startProgram('exec sleep 300');
        deputy.tell(...lines(marks), `add 1 ${program.id} TERM 300 -`, `led 1 ${mark(program.pid)}`);
        await deputy.end();
        expect(await program.ended).toBe('SIGTERM');
        expect(alive.child.signalCode).toBeNull();
      },
    );

    test('a deputy that knows of nothing any more waits for nobody', async () => {
      const alive = startProgram('exec sleep 300');
      const deputy = startGuard(shell);
      deputy.tell(`guard ${mark(alive.pid)}`, `add 1 ${alive.id} TERM 300 -`, `led 1 ${mark(alive.pid)}`, 'del 1');
      await deputy.end();
      expect(alive.child.signalCode).toBeNull();
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

/** A shell that waits has a sleep(1). */
function isWaiting(pid: number): boolean {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== '';
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
