import { expect, test } from 'vitest';
import { readReached } from '../../src/workers/platform/win32/asking.ts';

/* What the helper says of whom it has reached with Ctrl-Break. */

test.each([
  ['', false, []],
  ['to 4 5\nsent\nto 9\nrefused\n', false, [4, 5]],
  ['to 4 5\nsent\nto 9\n', false, [4, 5]],
  // Ended by its own Ctrl-Break, which it could not tell any more.
  ['to 4 5\n', true, [4, 5]],
  ['to 4\nrefused\n', true, []],
  ['sent\n', true, []],
] as const)('%j, ended by it: %s', (text, wasBroken, reached) => {
  expect([...readReached(text, wasBroken)]).toEqual(reached);
});
