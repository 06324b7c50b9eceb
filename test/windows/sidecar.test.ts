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
  ] as const) {
    const { error } = await sidecar.request(method, params);
    expect(error?.data, method).toMatchObject({ kind: 'Unsupported', platform: 'win32' });
  }
});

test('without native calls it asks tools, says so, and takes none that does not answer for an answer', async () => {
  await using sidecar = await startSidecar({ env: { SIDEWARDEN_NATIVE: 'off' }, initialize: false });
  const { result } = await sidecar.request('initialize', helloParams);
  expect(result).toMatchObject({ capabilities: { native: false, killIdentity: 'checked', socketSource: 'command', containment: [] } });
  const seen = await sidecar.request('process/get', { target: { pid: sidecar.pid } });
  const check = await sidecar.request('port/check', { port: 18_080 });
  if (process.env.SIDEWARDEN_WINE === undefined) {
    expect(seen.result).toMatchObject({ process: { pid: sidecar.pid, name: 'node.exe', visibility: 'partial' } });
    expect(check.result).toMatchObject({ inUse: false });
    return;
  }
  // Wine’s PowerShell prints nothing and its netstat neither listeners nor pids: that is no machine without any.
  const refused = (tool: string) => ({ message: expect.stringContaining(tool), data: { kind: 'Unsupported', platform: 'win32' } });
  expect(seen.error).toMatchObject(refused('powershell'));
  expect(check.error).toMatchObject(refused('netstat'));
});
