import { expect, test } from 'vitest';
import { helloParams, startSidecar } from '../harness/sidecar.ts';

/* The built bundle on Windows (or under Wine), over its pipes. */

test('initialize tells the platform and what works there', async () => {
  await using sidecar = await startSidecar({ initialize: false });
  const answer = await sidecar.request('initialize', helloParams);
  expect(answer.result).toMatchObject({ protocol: 1, serverInfo: { name: 'sidewarden', platform: 'win32', pid: sidecar.pid } });
});

test('sidecar/ping comes back, and an end of input ends it', async () => {
  await using sidecar = await startSidecar();
  expect(await sidecar.call('sidecar/ping', { echo: 'ä' })).toMatchObject({ echo: 'ä' });
  expect(await sidecar.end()).toEqual({ code: 1, signal: null });
});

test('what works there is told, and what does not is Unsupported with a sentence', async () => {
  await using sidecar = await startSidecar({ initialize: false });
  const { result } = await sidecar.request('initialize', helloParams);
  expect(result).toMatchObject({
    capabilities: { native: true, killIdentity: 'handle', portOwners: 'all', socketSource: 'kernel' },
  });
  for (const [method, params] of [
    ['process/kill', { target: { kind: 'group', pgid: 5 } }],
    ['process/list', { filter: { pgid: 5 } }],
    ['process/list', { filter: { sid: 5 } }],
    ['port/allocate', { hold: true }],
  ] as const) {
    const { error } = await sidecar.request(method, params);
    expect(error?.data, method).toMatchObject({ kind: 'Unsupported', platform: 'win32' });
  }
});

test('without native calls processes are not looked at, ports by netstat alone, and the reason is told', async () => {
  await using sidecar = await startSidecar({ env: { SIDEWARDEN_NATIVE: 'off' } });
  const { error } = await sidecar.request('process/get', { target: { pid: sidecar.pid } });
  expect(error).toMatchObject({ message: expect.stringContaining('switched off'), data: { kind: 'Unsupported', platform: 'win32' } });
  const check = await sidecar.request('port/check', { port: 18_080 });
  // Wine’s netstat prints neither listeners nor pids, and that is not taken for a machine without any.
  if (process.env.SIDEWARDEN_WINE === undefined) expect(check.result).toMatchObject({ inUse: false });
  else expect(check.error).toMatchObject({ message: expect.stringContaining('netstat'), data: { kind: 'Unsupported', platform: 'win32' } });
});
