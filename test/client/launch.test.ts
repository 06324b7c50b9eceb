import { describe, expect, test } from 'vitest';
import { nodeOf } from '../../clients/typescript/launch/default.ts';
import { unpacked } from '../../clients/typescript/launch/files.ts';

/* How the sidecar is started in what surrounds us. Electron is a fake `process`: its binary is not part of these tests. */

describe('the program that runs the sidecar', () => {
  const env = { HOME: '/home/ada' };

  test('is our own Node.js', () => {
    const surroundings = { versions: { node: '24.1.0' }, execPath: '/usr/bin/node', env };
    expect(nodeOf(surroundings, '/bin.js')).toEqual({ node: '/usr/bin/node', file: '/bin.js', env });
  });

  test('is Electron as Node.js, and not the app a second time', () => {
    const surroundings = { versions: { node: '22.14.0', electron: '35.0.0' }, execPath: '/opt/app/app', env };
    expect(nodeOf(surroundings, '/bin.js')).toEqual({
      node: '/opt/app/app',
      file: '/bin.js',
      env: { ...env, ELECTRON_RUN_AS_NODE: '1' },
    });
  });

  test.each(['20.18.0', '22.11.0'])('is not the Node.js %s of an old Electron, which is said', (node) => {
    const surroundings = { versions: { node, electron: '30.0.0' }, execPath: '/opt/app/app', env };
    expect(() => nodeOf(surroundings, '/bin.js')).toThrow(`Electron 30.0.0 brings Node.js ${node}, and the sidecar needs 22.12`);
  });
});

test.each([
  [
    '/opt/app/resources/app.asar/node_modules/sidewarden/dist/bin.js',
    '/opt/app/resources/app.asar.unpacked/node_modules/sidewarden/dist/bin.js',
  ],
  ['C:\\app\\app.asar\\dist\\bin.js', 'C:\\app\\app.asar.unpacked\\dist\\bin.js'],
  ['/opt/app.asar.unpacked/dist/bin.js', '/opt/app.asar.unpacked/dist/bin.js'],
  ['/srv/app/dist/bin.js', '/srv/app/dist/bin.js'],
])('the file %s is run as %s', (path, expected) => {
  expect(unpacked(path)).toBe(expected);
});
