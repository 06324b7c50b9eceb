import { describe, expect, test } from 'vitest';
import { startSidecar } from '../harness/sidecar.ts';

describe('what there is', () => {
  test('services are listed by name, all or those of a group', async () => {
    await using sidecar = await startSidecar();
    const spec = { command: 'sleep', args: ['300'] };
    await sidecar.call('service/start', { spec: { ...spec, name: 'web', group: 'front' } });
    await sidecar.call('service/start', { spec: { ...spec, name: 'api', group: 'back' } });
    expect((await sidecar.call('service/list', {})).services.map(({ name }) => name)).toEqual(['api', 'web']);
    expect((await sidecar.call('service/list', { group: 'front' })).services).toMatchObject([{ name: 'web', state: 'running' }]);
    expect((await sidecar.call('service/list', { group: 'none' })).services).toEqual([]);
  });
});
