import { expect, test } from 'vitest';
import { withoutSignals } from '../../src/server/processes/planned.ts';
import type { Way } from '../../src/workers/platform/types.ts';

/* What a dry run says on a system without signals: nothing is promised that may not come, and force is called by its name. */

const options = { tree: true, signal: 'SIGTERM', graceMs: 5_000, force: true, allowProtected: false };

const ctrlBreak: Way = { rung: 'ctrlBreak', isSure: false };
const wmClose: Way = { rung: 'wmClose', isSure: true };

test('one that can be asked is asked first, and on which condition', () => {
  expect(withoutSignals([ctrlBreak], options)).toEqual({
    rung: 'ctrlBreak',
    signal: 'SIGTERM',
    reason: 'Ctrl-Break, if only what is ended here uses its console, then TerminateProcess; else TerminateProcess at once.',
  });
  expect(withoutSignals([wmClose], options)).toEqual({
    rung: 'wmClose',
    signal: 'SIGTERM',
    reason: 'WM_CLOSE to its windows, then TerminateProcess.',
  });
});

test('one with both is asked in both ways, one behind the other', () => {
  expect(withoutSignals([ctrlBreak, wmClose], options)).toEqual({
    rung: 'ctrlBreak',
    signal: 'SIGTERM',
    reason:
      'Ctrl-Break, if only what is ended here uses its console, and WM_CLOSE to its windows when half of the grace is over, or else at once; then TerminateProcess.',
  });
});

test('where nobody can say whether it has windows, that is a condition', () => {
  expect(withoutSignals([{ rung: 'wmClose', isSure: false }], options).reason).toBe(
    'WM_CLOSE, if it has windows, then TerminateProcess; else TerminateProcess at once.',
  );
});

test('one that cannot is terminated at once', () => {
  const { rung, signal, reason } = withoutSignals([], options);
  expect({ rung, signal }).toEqual({ rung: 'terminate', signal: 'SIGKILL' });
  expect(reason).toMatch(/^TerminateProcess at once: /);
  expect(withoutSignals([wmClose], { ...options, signal: 'SIGKILL' })).toEqual({
    rung: 'terminate',
    signal: 'SIGKILL',
    reason: 'TerminateProcess.',
  });
});

test('without force nobody is said to be terminated', () => {
  for (const ways of [[ctrlBreak], [wmClose], [ctrlBreak, wmClose], [{ ...wmClose, isSure: false }], []]) {
    const { rung, reason } = withoutSignals(ways, { ...options, force: false });
    expect(rung).toBe(ways[0]?.rung);
    expect(reason).toMatch(/no force|^Nothing: /);
    expect(reason).not.toContain('TerminateProcess');
  }
});
