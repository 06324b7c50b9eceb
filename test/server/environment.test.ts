import { expect, test } from 'vitest';
import { buildEnvironment } from '../../src/server/os/environment.ts';
import { findVariable, startVariable } from '../../src/workers/platform/parse/environ.ts';

const inherited = { PATH: '/bin', HOME: '/home/ada', LANG: 'C', UNSET: undefined };
const build = (order: Partial<Parameters<typeof buildEnvironment>[0]> = {}) =>
  buildEnvironment({ inherited, inheritEnv: true, env: {}, startId: 'id-1', ...order });

test('a child begins with the sidecar’s environment and carries the mark of its start', () => {
  expect(build()).toEqual({ PATH: '/bin', HOME: '/home/ada', LANG: 'C', SIDEWARDEN_START: 'id-1' });
});

test('env sets and replaces, and null removes', () => {
  expect(build({ env: { LANG: 'de_DE', HOME: null, NEW: '', ABSENT: null } })).toEqual({
    PATH: '/bin',
    LANG: 'de_DE',
    NEW: '',
    SIDEWARDEN_START: 'id-1',
  });
});

test('without inheritEnv there is nothing but env and the mark', () => {
  expect(build({ inheritEnv: false, env: { ONLY: '1' } })).toEqual({ ONLY: '1', SIDEWARDEN_START: 'id-1' });
});

test.each([
  'ELECTRON_RUN_AS_NODE',
  'ELECTRON_NO_ASAR',
  'NODE_OPTIONS',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'VSCODE_PID',
  'VSCODE_IPC_HOOK',
])('%s was meant for us and is not passed on, unless the spec sets it', (name) => {
  expect(build({ inherited: { ...inherited, [name]: 'x' } })).not.toHaveProperty(name);
  expect(build({ inherited: { ...inherited, [name]: 'x' }, env: { [name]: 'y' } })).toHaveProperty(name, 'y');
});

test('nobody takes the mark away: neither another sidecar above us nor a spec', () => {
  expect(build({ inherited: { [startVariable]: 'outer' } })).toEqual({ SIDEWARDEN_START: 'id-1' });
  expect(build({ env: { [startVariable]: null } })).toHaveProperty(startVariable, 'id-1');
  expect(build({ env: { [startVariable]: 'mine' } })).toHaveProperty(startVariable, 'id-1');
});

test('a name like __proto__ is a name like any other', () => {
  const env = build({ inheritEnv: false, env: Object.fromEntries([['__proto__', 'x']]) });
  expect(Object.keys(env)).toEqual(['__proto__', startVariable]);
});

test.each([
  ['SIDEWARDEN_START=a\0B=c\0', 'a'],
  ['B=c\0SIDEWARDEN_START=a', 'a'],
  ['SIDEWARDEN_START=\0', ''],
  ['SIDEWARDEN_START=a=b\0SIDEWARDEN_START=second\0', 'a=b'],
  ['XSIDEWARDEN_START=a\0', null],
  ['B=\nSIDEWARDEN_START=a\0', null],
  ['SIDEWARDEN_START\0', null],
  ['', null],
])('in the environment %j the mark is %j', (environ, mark) => {
  expect(findVariable(new TextEncoder().encode(environ), startVariable)).toBe(mark);
});
