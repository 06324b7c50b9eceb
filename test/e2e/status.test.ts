import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { listen } from '../harness/ports.ts';
import { helloParams, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

describe('sidecar/status', () => {
  test('tells all that is known, and of ports how they were at the last look', async () => {
    await using held = await listen({ port: 0, host: '127.0.0.1' });
    await using sidecar = await startSidecar({ initialize: { capabilities: { shutdownHandlers: true } } });
    await sidecar.call('port/register', { port: held.port, name: 'backend' });
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['300'] } });
    const { handlerId } = await sidecar.call('shutdown/addHandler', { name: 'flush', order: 3 });
    const first = await sidecar.call('sidecar/status', {});
    expect(first).toMatchObject({
      isRunning: true,
      ports: [{ port: held.port, protocol: 'tcp', name: 'backend', inUse: null, checkedAt: null }],
      services: [{ name: 'api', state: 'running' }],
      instance: null,
      handlers: [{ handlerId, name: 'flush', order: 3 }],
      outbound: { dropped: 0 },
      ledger: 'ok',
    });
    expect(first.uptimeMs).toBeLessThan(60_000);
    expect(first.rssBytes).toBeGreaterThan(10_000_000);
    const looked = await until(
      async () => (await sidecar.call('sidecar/status', {})).ports.find(({ inUse }) => inUse !== null),
      'a look at the port',
    );
    expect(looked).toMatchObject({ inUse: true, checkedAt: expect.any(Number) });
    await sidecar.call('shutdown/removeHandler', { handlerId });
  });

  test('never waits for the pool', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('port/register', { port: 15_321, name: 'backend' });
    const looks = Array.from({ length: 60 }, () =>
      sidecar.call('process/usage', { target: { pid: process.pid }, tree: true, intervalMs: 10 }),
    );
    const { pool } = await sidecar.call('sidecar/status', {});
    expect(pool.threads + pool.queued).toBeGreaterThan(0);
    await Promise.all(looks);
  });
});

describe('log/error', () => {
  test('keeps name, message, stack and context, and no secret that was planted, at any level', async () => {
    await using directory = await makeDirectory();
    const file = directory.at('sidecar.log');
    await using sidecar = await startSidecar({ args: ['--stdio', '--log-level', 'debug', '--log-file', file] });
    const secrets = ['s3cret-env-value', 's3cret-url-password', 's3cret-api-key', 's3cret-deep-token', 's3cret-json', 's3cret-nul'];
    const [env, url, key, deep, json, nul] = secrets as [string, string, string, string, string, string];
    // V8 quotes what it cannot read, and Node a path with a NUL in it.
    const unreadable = `{"k":"${'x'.repeat(5)}",${json}}`;
    sidecar.sendBytes(`Content-Length: ${unreadable.length}\r\n\r\n${unreadable}`);
    sidecar.sendBytes(`Content-Length: ${json.length}\r\n\r\n${json}`);
    await sidecar.request('service/start', { spec: { name: 'nul', command: 'sleep', args: [`${nul}\0`], env: { A: `${nul}\0` } } });
    await using refused = await startSidecar({ args: ['--stdio', '--log-level', 'debug'], initialize: false });
    const options = { stateDir: `/tmp/${nul}\0` };
    expect((await refused.request('initialize', { ...helloParams, options })).error?.data.kind).toBe('InvalidParams');
    await refused.end();
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['300'], env: { API_KEY: env } } });
    await sidecar.request('service/start', { spec: { name: 'bad', command: '/no/such/program', env: { API_KEY: env } } });
    await sidecar.request('service/start', { spec: { name: 'worse', command: 7, env: { API_KEY: env } } });
    await sidecar.call('log/error', {
      name: 'TypeError',
      message: `cannot connect to postgres://app:${url}@db/main`,
      stack: 'TypeError: x\n    at main.js:1:1',
      context: { window: 2, apiKey: key, nested: [{ accessToken: deep }] },
    });
    const text = await until(async () => {
      const written = await readFile(file, 'utf8').catch(() => '');
      return written.includes('the host reports an error') ? written : null;
    }, 'the line in the log');
    const line = text.split('\n').find((one) => one.includes('the host reports an error')) as string;
    expect(JSON.parse(line)).toMatchObject({
      level: 50,
      host: {
        name: 'TypeError',
        message: 'cannot connect to postgres://app:[redacted]@db/main',
        stack: 'TypeError: x\n    at main.js:1:1',
        context: { window: 2, apiKey: '[redacted]', nested: [{ accessToken: '[redacted]' }] },
      },
    });
    await sidecar.end();
    const errors = [...sidecar.messages, ...refused.messages].filter(({ error }) => error);
    const everything = [await readFile(file, 'utf8'), sidecar.stderr(), refused.stderr(), JSON.stringify(errors)].join('\n');
    for (const secret of secrets) expect(everything).not.toContain(secret);
  });

  test('is not told back to the host; what the sidecar itself warns of is', async () => {
    await using sidecar = await startSidecar({ args: ['--stdio', '--log-level', 'warn'] });
    await sidecar.call('log/error', { message: 'mine' });
    const told = () => sidecar.messages.filter(({ method }) => method === 'window/logMessage').map(({ params }) => params);
    sidecar.send({ jsonrpc: '2.0', method: 'sidecar/ping', params: {} });
    await until(() => told().length > 0, 'a warning');
    expect(told()).toContainEqual({ type: 2, message: expect.stringContaining('came as a notification') });
    expect(JSON.stringify(told())).not.toContain('mine');
  });
});
