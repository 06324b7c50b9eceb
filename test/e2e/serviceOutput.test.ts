import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { NotificationParams } from '../../src/protocol/methods/index.ts';
import { makeDirectory } from '../harness/directory.ts';
import { withKoffi } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { mostGrowthBytes, periodMs, playFlood } from '../soak/flood.ts';

const node = process.execPath;
const placeholder = (name: string) => `$\{port:${name}}`;

describe('what a service writes', () => {
  test('is kept, line by line, over all its starts, and can be followed', async () => {
    await using sidecar = await startSidecar();
    const script =
      "console.log('one'); console.error('two'); process.stdout.write(Buffer.from([0xff, 0x0a])); process.stdout.write('no end')";
    const spec = { name: 'api', command: node, args: ['-e', script] };
    await sidecar.call('service/start', { spec });
    const first = await untilLines(sidecar, 4);
    expect(first.lines.filter(({ stream }) => stream === 'stderr').map(({ text }) => text)).toEqual(['two']);
    expect(first.lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual(['one', '\ufffd', 'no end']);
    await until(async () => (await sidecar.call('service/get', { name: 'api' })).service?.state === 'exited', 'its end');
    await sidecar.call('service/start', { name: 'api' });
    const second = await untilLines(sidecar, 8);
    expect((await sidecar.call('service/logs', { name: 'api', sinceSeq: first.nextSeq })).lines.map(({ seq }) => seq)).toEqual([
      5, 6, 7, 8,
    ]);
    expect((await sidecar.call('service/logs', { name: 'api', tail: 1 })).lines).toEqual(second.lines.slice(-1));
    expect((await sidecar.request('service/logs', { name: 'nobody' })).error).toMatchObject({ data: { kind: 'NotFound' } });
  });

  test('is told in batches, of those services that were asked for', async () => {
    await using sidecar = await startSidecar();
    const { subscriptionId, snapshot } = await sidecar.call('events/subscribe', { topics: ['serviceLog'], filter: { services: ['loud'] } });
    expect(snapshot).toEqual({});
    const args = ['-e', "for (let i = 1; i <= 20000; i++) console.log('line ' + i)"];
    for (const name of ['quiet', 'loud']) await sidecar.call('service/start', { spec: { name, command: node, args } });
    const told = () =>
      sidecar.messages
        .filter(({ method }) => method === 'event/serviceLog')
        .map(({ params }) => params as unknown as NotificationParams<'event/serviceLog'>);
    await until(() => told().at(-1)?.lines.at(-1)?.text === 'line 20000', 'the last line');
    expect(new Set(told().map(({ name }) => name))).toEqual(new Set(['loud']));
    expect(told().map(({ seq, subscriptionId: id }) => [seq, id])).toEqual(told().map((_, index) => [index + 1, subscriptionId]));
    expect(told().flatMap(({ lines }) => lines.map(({ seq, text }) => `${seq} ${text}`))).toEqual(
      Array.from({ length: 20_000 }, (_, index) => `${index + 1} line ${index + 1}`),
    );
    for (const { lines } of told()) expect(lines.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(65_536);
    expect(told().length).toBeLessThan(2_000);
  });

  test('goes to a file that rotates and loses no line, while the ring stays within its size', async () => {
    await using directory = await makeDirectory();
    await using sidecar = await startSidecar();
    const file = directory.at('api.log');
    const args = ['-e', "for (let i = 1; i <= 30000; i++) console.log('line ' + i)"];
    const logs = { file, ringBytes: 1_000, maxBytes: 100_000, keep: 10 };
    await sidecar.call('service/start', { spec: { name: 'api', command: node, args, logs } });
    await until(async () => (await sidecar.call('service/get', { name: 'api' })).service?.state === 'exited', 'its end');
    const read = async () => {
      const parts = ['.4', '.3', '.2', '.1', ''].map((suffix) => readFile(`${file}${suffix}`, 'utf8').catch(() => ''));
      return (await Promise.all(parts)).join('');
    };
    const written = await until(async () => {
      const text = await read();
      return text.endsWith('line 30000\n') ? text : null;
    }, 'the last line in the file');
    expect(written).toBe(Array.from({ length: 30_000 }, (_, index) => `line ${index + 1}\n`).join(''));
    const { lines, dropped } = await sidecar.call('service/logs', { name: 'api' });
    expect(lines.length + dropped).toBe(30_000);
    expect(lines.length).toBeLessThan(100);
  });

  test('costs neither memory nor the probes of another service when it is a flood', async () => {
    const { lines, growthBytes, longestGapMs, isUnharmed } = await playFlood(200);
    expect(lines).toBe(2_000_000);
    expect(growthBytes).toBeLessThan(mostGrowthBytes);
    expect(isUnharmed).toBe(true);
    // Late by no more than its period.
    expect(longestGapMs).toBeLessThan(2 * periodMs);
  }, 120_000);

  test('is part of the cause when it fails', async () => {
    await using sidecar = await startSidecar();
    const args = ['-e', "console.error('cannot read config.json'); process.exit(3)"];
    await sidecar.call('service/start', { spec: { name: 'api', command: node, args, restart: { policy: 'never' } } });
    const status = await until(async () => {
      const { service } = await sidecar.call('service/get', { name: 'api' });
      return service?.state === 'exited' ? service : null;
    }, 'its end');
    expect(status.cause).toContain('exit code 3');
    expect(status.cause).toContain('cannot read config.json');
  });

  test('never holds it up: 100 MB without one end of line, which nobody reads', async () => {
    await using sidecar = await startSidecar();
    const script =
      "const chunk = 'x'.repeat(1_000_000); let left = 100; (function next() { left-- ? process.stdout.write(chunk, next) : process.exit(0); })()";
    await sidecar.call('service/start', { spec: { name: 'flood', command: node, args: ['-e', script] } });
    await until(async () => (await sidecar.call('service/get', { name: 'flood' })).service?.state === 'exited', 'its end', 60_000);
    const { lines } = await sidecar.call('service/logs', { name: 'flood' });
    expect(lines).toMatchObject([{ truncated: true }]);
    expect(lines[0]?.text.length).toBe(16_384);
  });
});

describe('what a service reads', () => {
  const echo = { name: 'echo', command: 'cat', stdin: 'pipe' as const };

  test('is what is written to it, and ends when it is told to', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: echo });
    await sidecar.call('service/write', { name: 'echo', dataBase64: Buffer.from('grüße\n').toString('base64') });
    await sidecar.call('service/write', { name: 'echo', dataBase64: Buffer.from('end').toString('base64'), end: true });
    await until(async () => (await sidecar.call('service/get', { name: 'echo' })).service?.state === 'exited', 'its end');
    expect((await sidecar.call('service/logs', { name: 'echo' })).lines.map(({ text }) => text)).toEqual(['grüße', 'end']);
  });

  test('is nothing where it runs no more, has no input, or what comes is no base64', async () => {
    await using sidecar = await startSidecar();
    const write = (name: string, dataBase64 = 'eA==') =>
      sidecar.request('service/write', { name, dataBase64 }).then(({ error }) => error?.data.kind);
    await sidecar.call('service/start', { spec: echo });
    await sidecar.call('service/start', { spec: { name: 'deaf', command: 'sleep', args: ['300'] } });
    expect(await write('echo', 'no base64!')).toBe('InvalidParams');
    expect(await write('deaf')).toBe('Conflict');
    expect(await write('nobody')).toBe('NotFound');
    await sidecar.call('service/stop', { name: 'echo' });
    expect(await write('echo')).toBe('InvalidState');
  });
});

describe('the ports of a service', () => {
  test('are assigned, leased and told by variable, argument and status', async () => {
    await using sidecar = await startSidecar();
    const fixed = await findFreePort();
    const spec = {
      name: 'api',
      command: node,
      args: [
        '-e',
        'console.log(process.env.PORT, process.argv[1], process.env.URL); setInterval(() => {}, 1e6)',
        `admin=${placeholder('admin')}`,
      ],
      env: { URL: `http://localhost:${placeholder('web')}/` },
      ports: [
        { name: 'web', env: 'PORT' },
        { name: 'admin', port: fixed },
      ],
    };
    const { service } = await sidecar.call('service/start', { spec });
    const [web] = service.ports;
    expect(service.ports).toEqual([
      { name: 'web', env: 'PORT', port: web?.port },
      { name: 'admin', port: fixed },
    ]);
    const { lines } = await untilLines(sidecar, 1);
    expect(lines[0]?.text).toBe(`${web?.port} admin=${fixed} http://localhost:${web?.port}/`);
    const leased = await sidecar.request('port/allocate', { preferred: [web?.port as number, fixed], count: 2 });
    expect((leased.result as { leases: { port: number }[] }).leases.map(({ port }) => port)).not.toContain(web?.port);
    await sidecar.call('service/stop', { name: 'api' });
    const again = await sidecar.call('service/start', { name: 'api' });
    expect(again.service.ports).toEqual(service.ports);
  });

  test('that are named and are not there, or twice, are refused', async () => {
    await using sidecar = await startSidecar();
    const refused = async (spec: object) => {
      const { error } = await sidecar.request('service/start', { spec: { name: 'api', command: 'sleep', args: ['300'], ...spec } });
      expect(error?.data.kind).toBe('InvalidParams');
      return ((error?.data['issues'] ?? []) as { path: string }[]).map(({ path }) => path);
    };
    expect(await refused({ args: [placeholder('web')] })).toEqual(['spec.args.0']);
    expect(await refused({ env: { URL: placeholder('web') } })).toEqual(['spec.env.URL']);
    expect(await refused({ ports: [{ name: 'web' }, { name: 'web' }] })).toEqual(['spec.ports.1.name']);
    expect(await refused({ ports: [{ name: 'web', host: 'localhost' }] })).toEqual(['spec.ports.0.host']);
    expect(await refused({ logs: { file: 'relative.log' } })).toEqual(['spec.logs.file']);
  });

  withKoffi(test)('handed over listening, they are there before the program is, and gone when it is stopped', async () => {
    await using sidecar = await startSidecar();
    await using directory = await makeDirectory();
    const script = directory.at('serve.mjs');
    await writeFile(
      script,
      "import { createServer } from 'node:net'; const { LISTEN_FDS, LISTEN_FDNAMES } = process.env; createServer((socket) => socket.end(LISTEN_FDS + ' ' + LISTEN_FDNAMES)).listen({ fd: 3 });",
    );
    const { service } = await sidecar.call('service/start', {
      spec: { name: 'api', command: node, args: [script], ports: [{ name: 'web', passFd: true }] },
    });
    const port = service.ports[0]?.port as number;
    expect(await ask(port)).toBe('1 web');
    await sidecar.call('service/stop', { name: 'api' });
    expect(await ask(port).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNREFUSED');
  });

  withKoffi(test)('one that a stranger holds cannot be handed over, and that is said', async () => {
    await using sidecar = await startSidecar();
    await using taken = await listen({ port: 0, host: '127.0.0.1' });
    const spec = { name: 'api', command: 'sleep', args: ['300'], ports: [{ name: 'web', port: taken.port, passFd: true }] };
    const { error } = await sidecar.request('service/start', { spec });
    expect(error).toMatchObject({ message: expect.stringContaining('somebody else has it'), data: { kind: 'Conflict' } });
  });
});

const untilLines = (sidecar: TestSidecar, count: number) =>
  until(async () => {
    const page = await sidecar.call('service/logs', { name: 'api' });
    return page.lines.length >= count ? page : null;
  }, `${count} lines`);

async function ask(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [word] = (await once(socket, 'data')) as [Buffer];
    return word.toString();
  } finally {
    socket.destroy();
  }
}
