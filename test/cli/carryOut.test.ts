import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Asker, carryOut, type KillAnswer, type Killing } from '../../clients/cli/carryOut.ts';
import { SidecarError } from '../../clients/typescript/errors.ts';
import type { KillOutcome } from '../../src/protocol/types/kill.ts';

/* A question that is answered late: a plan lives for 30 s, and people go for coffee. */

let printed: string;
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test('a plan that has expired is made anew, and carried out if it names the same processes', async () => {
  const scene = createScene([
    ['a', 'b'],
    ['b', 'a'],
  ]);
  const { stage } = await carryOut(scene.killing, {}, scene.asker);
  expect({ stage, executed: scene.executed, asked: scene.asked }).toEqual({ stage: 'done', executed: ['plan 2'], asked: ['End these 2?'] });
});

test('if it names others by now, they are shown and asked about', async () => {
  const scene = createScene([['a'], ['a', 'c']]);
  const { stage } = await carryOut(scene.killing, {}, scene.asker);
  expect({ stage, executed: scene.executed, asked: scene.asked }).toEqual({
    stage: 'done',
    executed: ['plan 2'],
    asked: ['End it?', 'End these 2?'],
  });
  expect(printed).toMatch(/Somebody has come or gone since that was shown/);
  expect(printed.split('command-c')).toHaveLength(2);
});

test('if nobody is left by now, nobody is asked about', async () => {
  const scene = createScene([['a'], []]);
  const { stage, answer } = await carryOut(scene.killing, {}, scene.asker);
  expect({ stage, outcomes: answer.outcomes, executed: scene.executed }).toEqual({ stage: 'seen', outcomes: [], executed: [] });
  expect(scene.asked).toEqual(['End it?']);
});

/** The first plan has expired when it is executed; each plan names those processes. */
function createScene(plans: string[][]) {
  const asked: string[] = [];
  const executed: string[] = [];
  let made = 0;
  const killing: Killing<KillAnswer> = {
    plan: async () => ({ outcomes: (plans[made++] ?? []).map(planned), planId: `plan ${made}` }),
    async execute(planId) {
      if (planId === 'plan 1')
        throw new SidecarError('InvalidState', 'This plan is too old.', { code: 1007, data: { kind: 'InvalidState', state: 'expired' } });
      executed.push(planId);
      return { outcomes: [] };
    },
    direct: () => Promise.reject(new Error('nobody said --yes')),
  };
  const asker: Asker = {
    canAsk: () => true,
    confirm: async (question) => asked.push(question) > 0,
  };
  return { killing, asker, asked, executed };
}

function planned(identity: string): KillOutcome {
  const process = { pid: 7, identity, name: 'node', commandLine: ['node', `command-${identity}`] };
  return { process, outcome: 'planned', signal: 'SIGTERM', reason: 'SIGTERM, then SIGKILL.', elapsedMs: 0, freedPorts: [] };
}
