import { describe, expect, test } from 'vitest';
import { createRandom, type DescribedMethod, describedMethods, generateParams, type Random } from '../harness/garbage.ts';
import { onLinux } from '../harness/only.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';

/*
 * Every method gets thousands of params that nobody would send. Nothing may be an InternalError, an error may only be of a kind that
 * the method has declared, everything is answered once, and nobody is touched: what ends processes is only ever asked what it would do.
 */

const endIt = ['shutdown', 'shutdown/run'];
const callsPerMethod = 120;
const atOnce = 40;
const seed = Number(process.env['SIDEWARDEN_TEST_SEED'] ?? 20_260_821);

/** What makes a call harmless, whatever was generated. */
const harmless: Record<string, (params: Record<string, unknown>, random: Random) => void> = {
  'port/kill': onlyShow,
  'process/kill': onlyShow,
  'cleanup/run': onlyShow,
  'port/ensureAvailable'(params, random) {
    params['evict'] = random() < 0.9 ? 'none' : 'everybody';
    params['maxRetries'] = random() < 0.9 ? 0 : -1;
  },
  'service/start'({ spec }, random) {
    if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return;
    const members = spec as Record<string, unknown>;
    if ('command' in members) members['command'] = random() < 0.3 ? 'true' : random() < 0.9 ? '/no/such/program' : 'a\0b';
    delete members['logs'];
  },
};

function onlyShow(params: Record<string, unknown>, random: Random): void {
  params['dryRun'] = random() < 0.9 ? true : 'true';
}

onLinux(describe)('garbage by schema', () => {
  test.each(describedMethods.filter(({ name }) => !endIt.includes(name)).map((method) => ({ method, name: method.name })))(
    '$name',
    {
      timeout: 120_000,
    },
    async ({ method }) => {
      await using bystander = await spawnProgram(nodeProgram('idle'));
      await using sidecar = await startSidecar();
      const random = createRandom(seed);
      for (let sent = 0; sent < callsPerMethod; sent += atOnce) await ask(sidecar, method, random);
      expect(await sidecar.call('sidecar/ping', { echo: 'alive' })).toMatchObject({ echo: 'alive' });
      expect(bystander.child.exitCode ?? bystander.child.signalCode).toBeNull();
      expect(sidecar.stderr()).not.toContain('unexpected failure');
      expect(sidecar.stderr()).not.toContain('uncaught exception');
    },
  );
});

async function ask(sidecar: TestSidecar, method: DescribedMethod, random: Random): Promise<void> {
  const asked = Array.from({ length: atOnce }, () => {
    const params = generateParams(method, random, 0.15);
    harmless[method.name]?.(params, random);
    const id = sidecar.nextId();
    sidecar.send({ jsonrpc: '2.0', id, method: method.name, params });
    return { id, params };
  });
  // A length of time may be any number: nothing is waited for that does not come by itself.
  await sidecar.call('sidecar/ping', {});
  for (const { id } of asked) sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
  for (const { id, params } of asked) {
    const { error } = await sidecar.answerTo(id, 60_000);
    const what = `${method.name} ${JSON.stringify(params).slice(0, 500)} with seed ${seed}: ${JSON.stringify(error)?.slice(0, 500)}`;
    if (error === undefined) continue;
    expect(error.data.kind, what).not.toBe('InternalError');
    expect([...method.kinds], what).toContain(error.data.kind);
    expect(error.message, what).toMatch(/\S/);
  }
  for (const { id } of asked)
    expect(sidecar.messages.filter((message) => message.id === id && message.method === undefined)).toHaveLength(1);
  sidecar.messages.length = 0;
}
