import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { needs, python } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { pythonProgram } from '../harness/processes.ts';
import { sidewardenCommand } from '../harness/sidecar.ts';

const inNamespace = ['--pid', '--fork', '--mount-proc', '--kill-child'];

/** In rounds of four kinds: how often the pid was given away as wanted, who was hit then, and what was answered. */
type Rounds = Record<'planned' | 'stale' | 'graceful' | 'underway', { forced: number; wrong: number; outcomes: Record<string, number> }>;

const needed = 100;
const refusal = whyNotForced();

onLinux(describe)('a pid that is given away under a kill', () => {
  test('never costs a bystander anything, with handles', (context) => {
    needs.python(context.skip);
    context.skip(refusal !== null, refusal ?? '');
    context.skip(process.env['SIDEWARDEN_NATIVE'] === 'off', 'needs native calls');
    const rounds = playRounds('on');
    for (const [kind, { forced, wrong }] of Object.entries(rounds))
      expect({ kind, forced, wrong }).toEqual({ kind, forced: needed / 4, wrong: 0 });
    // The rounds are about the right moments: a stale identity is recognised, and victims do end by the polite signal.
    expect(Object.keys(rounds.stale.outcomes)).toEqual(['identityMismatch']);
    expect(Object.keys(rounds.planned.outcomes).filter((outcome) => outcome !== 'identityMismatch' && outcome !== 'gone')).toEqual([]);
    expect(rounds.graceful.outcomes['exited'] ?? 0).toBeGreaterThan(0);
  }, 120_000);

  test('may cost one without them, where a pid comes back within one clock tick', (context) => {
    needs.python(context.skip);
    context.skip(refusal !== null, refusal ?? '');
    const rounds = playRounds('off');
    const all = Object.values(rounds);
    expect(all.reduce((sum, { forced }) => sum + forced, 0)).toBe(needed);
    // docs/kill.md tells this number. It is a limit and no promise: nothing but the tick of 10 ms tells the two apart.
    const wrong = all.reduce((sum, one) => sum + one.wrong, 0);
    context.annotate(`${wrong} of ${needed} forced reuses hit the bystander without native calls: ${JSON.stringify(rounds)}`);
    expect(wrong).toBeLessThanOrEqual(needed);
  }, 120_000);
});

function playRounds(native: 'on' | 'off'): Rounds {
  const program = pythonProgram('reuseRounds', needed, ...sidewardenCommand(), '--stdio');
  const { status, stdout, stderr } = spawnSync('unshare', [...inNamespace, ...program], {
    encoding: 'utf8',
    timeout: 110_000,
    // unshare(1) lets SIGTERM pass; its child dies with it.
    killSignal: 'SIGKILL',
    env: { ...process.env, SIDEWARDEN_NATIVE: native },
  });
  if (status !== 0) throw new Error(`the rounds ended with ${status}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Rounds;
}

/** Null where pids can be chosen; else why not. */
function whyNotForced(): string | null {
  if (process.platform !== 'linux' || python === null) return null;
  const { status, stderr, error } = spawnSync('unshare', [...inNamespace, 'sh', '-c', 'echo 4000 > /proc/sys/kernel/ns_last_pid'], {
    encoding: 'utf8',
  });
  if (status === 0) return null;
  return `needs a pid namespace of its own and the right to choose pids in it: ${(error?.message ?? stderr).trim()}`;
}
