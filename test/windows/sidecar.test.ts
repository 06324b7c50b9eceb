import { expect, test } from 'vitest';
import { startSidecar } from '../harness/sidecar.ts';

/* The built bundle on Windows (or under Wine), over its pipes. */

test('initialize tells the platform and what works there', async () => {
  await using sidecar = await startSidecar({ initialize: false });
  const answer = await sidecar.request('initialize', {
    protocol: { min: 1, max: 1 },
    clientInfo: { name: 'test' },
    processId: null,
    appId: 'sidewarden.test',
    capabilities: {},
  });
  expect(answer.result).toMatchObject({ protocol: 1, serverInfo: { name: 'sidewarden', platform: 'win32', pid: sidecar.pid } });
});

test('sidecar/ping comes back, and an end of input ends it', async () => {
  await using sidecar = await startSidecar();
  expect(await sidecar.call('sidecar/ping', { echo: 'ä' })).toMatchObject({ echo: 'ä' });
  expect(await sidecar.end()).toEqual({ code: 1, signal: null });
});

test('port/check answers', async () => {
  await using sidecar = await startSidecar();
  const answer = await sidecar.request('port/check', { port: 18080 });
  expect(answer.error?.data.kind ?? answer.result).toBe('Unsupported');
});
