import { expect, test } from 'vitest';
import { withoutSignals } from '../../src/server/processes/planned.ts';

/* What a dry run says on a system without signals: nothing is promised that may not come, and force is called by its name. */

const options = { tree: true, signal: 'SIGTERM', graceMs: 5_000, force: true, allowProtected: false };

test('one that can be asked is asked first, and on which condition', () => {
  expect(withoutSignals('ctrlBreak', options)).toEqual({
    rung: 'ctrlBreak',
    signal: 'SIGTERM',
    reason:
      'Ctrl-Break, if only what is ended here uses its console, then TerminateProcess; else WM_CLOSE if it has windows, or TerminateProcess at once.',
  });
  expect(withoutSignals('wmClose', options)).toEqual({
    rung: 'wmClose',
    signal: 'SIGTERM',
    reason: 'WM_CLOSE to its windows, then TerminateProcess.',
  });
});

test('one that cannot is terminated at once', () => {
  const { rung, signal, reason } = withoutSignals(null, options);
  expect({ rung, signal }).toEqual({ rung: 'terminate', signal: 'SIGKILL' });
  expect(reason).toMatch(/^TerminateProcess at once: /);
  expect(withoutSignals('wmClose', { ...options, signal: 'SIGKILL' })).toEqual({
    rung: 'terminate',
    signal: 'SIGKILL',
    reason: 'TerminateProcess.',
  });
});

test('without force nobody is said to be terminated', () => {
  for (const way of ['ctrlBreak', 'wmClose', null] as const) {
    const { rung, reason } = withoutSignals(way, { ...options, force: false });
    expect(rung).toBe(way ?? undefined);
    expect(reason).toMatch(/no force|or nothing|^Nothing: /);
    expect(reason).not.toContain('TerminateProcess');
  }
});
