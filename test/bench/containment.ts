import { helloParams } from '../harness/sidecar.ts';
import { startPeer } from './client.ts';
import { type Measured, milliseconds } from './figure.ts';
import { compare, timed } from './measure.ts';
import type { Subject } from './sidecars.ts';

/** What holding a service together costs each start of it: a cgroup and the way into it, and the guard, which is there after the first. */
export async function measureContainment({ bin }: Subject, rounds: number): Promise<Measured[]> {
  const boot = async (env: Record<string, string>) => {
    const sidecar = startPeer([
      '/usr/bin/env',
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      bin,
      '--stdio',
    ]);
    await sidecar.call('initialize', helloParams);
    return sidecar;
  };
  const sidecars = [await boot({}), await boot({ SIDEWARDEN_CGROUPS: 'off' })];
  const spec = { name: 'one', command: 'sleep', args: ['3600'] };
  const firsts = await Promise.all(sidecars.map((sidecar) => timed(() => sidecar.call('service/start', { spec, waitFor: 'running' }))));
  const starts = sidecars.map((sidecar) => async () => {
    await sidecar.call('service/stop', { name: 'one' });
    return timed(() => sidecar.call('service/start', { spec, waitFor: 'running' }));
  });
  const { medians, ratios } = await compare(rounds, starts);
  await Promise.all(sidecars.map((sidecar) => sidecar.end()));
  const [cgroup = 0, group = 0] = medians;
  return [
    {
      what: '`service/start` until it runs, in a cgroup, against the process group alone',
      ours: milliseconds(cgroup),
      peer: milliseconds(group),
      value: ratios[1] as number,
      unit: '×',
      bound: null,
    },
    {
      what: 'the first `service/start`, which starts the guard and a thread that looks, against a later one (process group)',
      ours: milliseconds(firsts[1] as number),
      peer: milliseconds(group),
      value: (firsts[1] as number) / group,
      unit: '×',
      bound: null,
    },
  ];
}
