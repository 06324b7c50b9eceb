import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createClientPipeTransport,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { makeDirectory } from '../harness/directory.ts';
import { isRoot, nobody } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { type HostCallAnswers, helloParams, sidewardenCommand, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { memoryOf, untilQuiet } from '../harness/watching.ts';

const mebibyte = 1024 * 1024;
const chatter = new URL('../fixtures/programs/chatter.mjs', import.meta.url);
const [node, bin] = sidewardenCommand() as [string, string];

/* The same sidecar whatever carries the connection. The other end-to-end tests go over stdio alone. */
onLinux(describe).each(['stdio', 'pipe', 'nodeIpc'] as const)('over %s', (carrier) => {
  test('calls of every lane are answered, text of any script as it went', async () => {
    await using sidecar = await startSidecar({ carrier });
    const echo = { '\u{1F600}': 'ἄλφα\u0000\n"\\', long: 'ü'.repeat(300_000) };
    expect((await sidecar.call('sidecar/ping', { echo })).echo).toEqual(echo);
    await using held = await listen({ port: 0, host: '127.0.0.1' });
    expect(await sidecar.call('port/find', { port: held.port })).toMatchObject({ inUse: true });
    await sidecar.call('port/register', { port: held.port, name: 'mine' });
    expect((await sidecar.call('port/registered', {})).ports).toMatchObject([{ port: held.port, name: 'mine' }]);
    expect((await sidecar.request('port/find', { port: 0 })).error?.data.kind).toBe('InvalidParams');
    expect((await sidecar.request('no/such')).error?.data.kind).toBe('MethodNotFound');
    // Half of a surrogate pair is refused by the parsers of other languages.
    sidecar.sendBytes(sidecar.frame({ jsonrpc: '2.0', id: 's', method: 'sidecar/ping', params: { echo: 'a\ud800b' } }));
    expect((await sidecar.answerTo('s')).result).toMatchObject({ echo: 'a\ufffdb' });
  });

  test('a wait is cancelled, an event arrives', async () => {
    await using sidecar = await startSidecar({ carrier });
    sidecar.send({ jsonrpc: '2.0', id: 'w', method: 'process/wait', params: { target: { pid: process.pid }, timeoutMs: 60_000 } });
    sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 'w' } });
    expect((await sidecar.answerTo('w')).error).toMatchObject({ code: -32800 });
    const port = await findFreePort();
    await sidecar.call('events/subscribe', { topics: ['port'], filter: { ports: [port] }, intervalMs: 250 });
    await using _held = await listen({ port, host: '127.0.0.1' });
    const event = await sidecar.message(({ method }) => method === 'event/port', 'the event');
    expect(event.params).toMatchObject({ port, seq: 1 });
  });

  test('the limits hold: size, depth, requests in flight', { timeout: 60_000 }, async () => {
    await using sidecar = await startSidecar({ carrier });
    sidecar.send({ jsonrpc: '2.0', id: 'huge', method: 'sidecar/ping', params: { echo: 'x'.repeat(9 * mebibyte) } });
    expect((await sidecar.answerTo(null)).error?.data).toMatchObject({ kind: 'LimitExceeded', limit: 'bodyBytes' });
    const deep = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) as unknown;
    expect((await sidecar.request('sidecar/ping', { echo: deep })).error?.data).toMatchObject({ limit: 'jsonDepth' });
    const usage = (id: string) =>
      sidecar.frame({ jsonrpc: '2.0', id, method: 'process/usage', params: { target: { pid: process.pid }, intervalMs: 1_000 } });
    sidecar.sendBytes(Buffer.concat(Array.from({ length: 65 }, (_, index) => usage(`u${index}`))));
    expect((await sidecar.answerTo('u64')).error?.data.kind).toBe('Overloaded');
    for (let index = 0; index < 64; index += 1) expect((await sidecar.answerTo(`u${index}`)).result).toHaveProperty('cpuPercent');
  });

  test('a host that stops reading loses no answer, and memory stays within the limits', { timeout: 60_000 }, async () => {
    await using fat = await spawnProgram(['sh', '-c', 'echo ready; read line', 'x'.repeat(31_000)]);
    await using sidecar = await startSidecar({ carrier });
    const ask = (name: string) =>
      Array.from({ length: 60 }, (_, index) => {
        const params = { filter: { pids: [fat.pid] } };
        sidecar.send({ jsonrpc: '2.0', id: `${name} ${index}`, method: 'process/list', params });
        return `${name} ${index}`;
      });
    for (const id of ask('read')) await sidecar.answerTo(id);
    const before = memoryOf(sidecar.pid);
    sidecar.stdout.pause();
    const ids: string[] = [];
    // Four times what may be queued before the sidecar reads no more.
    for (let round = 0; round < 8; round += 1) {
      ids.push(...ask(`unread ${round}`));
      await untilQuiet(sidecar.pid);
    }
    expect(memoryOf(sidecar.pid) - before).toBeLessThan(60 * mebibyte);
    sidecar.stdout.resume();
    const answers = await Promise.all(ids.map((id) => sidecar.answerTo(id, 40_000)));
    for (const { result, error } of answers) expect(result !== undefined || error?.data.kind === 'Overloaded').toBe(true);
    expect(answers.filter(({ result }) => result !== undefined).length).toBeGreaterThan(60);
    expect(new Set(sidecar.messages.map(({ id }) => id)).size).toBe(sidecar.messages.length);
  });

  test('shutdown and exit end it with 0', async () => {
    await using sidecar = await startSidecar({ carrier });
    expect(await sidecar.call('shutdown', {})).toMatchObject({ ok: true });
    expect((await sidecar.request('sidecar/ping')).error?.data).toMatchObject({ reason: 'afterShutdown' });
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
    expect(sidecar.stderr()).toBe('');
  });

  test('the host runs its shutdown handlers: what it answers, refuses and leaves open is in the report', async () => {
    const hostCalls: HostCallAnswers = {
      'host/runShutdownHandler'({ name }) {
        if (name === 'broken') throw new Error('the disk is full');
        return name === 'hung' ? undefined : null;
      },
    };
    await using sidecar = await startSidecar({ carrier, hostCalls, initialize: { capabilities: { shutdownHandlers: true } } });
    for (const [order, name] of ['first', 'broken', 'hung', 'last'].entries()) {
      await sidecar.call('shutdown/addHandler', { name, order, ...(name === 'hung' && { timeoutMs: 100 }) });
    }
    const { ok, steps } = await sidecar.call('shutdown', { reason: 'quit' });
    expect(sidecar.hostCalls('host/runShutdownHandler').map(({ name }) => name)).toEqual(['first', 'broken', 'hung', 'last']);
    expect([ok, ...steps.slice(0, 4)]).toMatchObject([
      true,
      { name: 'first', status: 'done' },
      { name: 'broken', status: 'failed', error: 'the disk is full' },
      { name: 'hung', status: 'timeout' },
      { name: 'last', status: 'done' },
    ]);
    await sidecar.message(({ method }) => method === '$/cancelRequest', 'the host to be told of the time-out');
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
  });

  test('a host that closes the connection has ended: exit code 1, no crash', async () => {
    await using sidecar = await startSidecar({ carrier });
    sidecar.send({ jsonrpc: '2.0', id: 'w', method: 'process/wait', params: { target: { pid: process.pid }, timeoutMs: 60_000 } });
    sidecar.stdout.destroy();
    sidecar.stdin.destroy();
    expect(await sidecar.exited).toEqual({ code: 1, signal: null });
    // Nobody can be told of the shutdown, so its report is the last line of the log, and the only one.
    expect(
      sidecar
        .stderr()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    ).toEqual(['shut down']);
  });

  test('it ends with a host that is killed, though that named no process to watch', async () => {
    await using directory = await makeDirectory();
    const params = JSON.stringify({ ...helloParams, options: { stateDir: directory.at('state') } });
    await using host = await spawnProgram(nodeProgram('carryingHost', carrier, bin, params));
    const sidecar = Number(host.ready);
    expect(isAlive(sidecar)).toBe(true);
    await host.kill();
    await until(() => !isAlive(sidecar), 'the sidecar to end after its host', 5_000);
  });

  test('its children get nothing of the connection', async () => {
    await using sidecar = await startSidecar({ carrier });
    // What this very test got from whoever started it, the sidecar has as well; and a pipe of the child’s own has one name at both its ends.
    const inherited = descriptorsOf(process.pid);
    const ours = descriptorsOf(sidecar.pid).filter((target) => /^(socket|pipe):/.test(target) && !inherited.includes(target));
    const { service } = await sidecar.call('service/start', {
      spec: { name: 'child', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1_000)'] },
    });
    const child = service.process?.pid as number;
    const environment = readFileSync(`/proc/${child}/environ`, 'utf8').split('\0');
    expect(environment.filter((variable) => variable.startsWith('NODE_CHANNEL'))).toEqual([]);
    expect(ours).not.toEqual([]);
    expect(descriptorsOf(child).filter((target) => ours.includes(target))).toEqual([]);
  });
});

onLinux(describe)('nothing is written to fd 1, whatever prints', () => {
  test.each(['pipe', 'nodeIpc'] as const)('over %s', async (carrier) => {
    await using sidecar = await startSidecar({ carrier, env: { NODE_OPTIONS: `--import ${chatter.href}` } });
    let printed = '';
    sidecar.child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
    for (let round = 0; round < 5; round += 1) await sidecar.call('process/get', { target: { pid: process.pid } });
    for (const place of ['main', 'thread'])
      await until(() => sidecar.stderr().includes(`chatter console.log ${place}`), `"console.log ${place}" on stderr`);
    await sidecar.end();
    expect(printed).toBe('');
  });
});

onLinux(describe)('a host in the words of its library', () => {
  const started: { child: ChildProcess; connection?: MessageConnection }[] = [];
  afterEach(async () => {
    for (const { child, connection } of started.splice(0)) {
      connection?.dispose();
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  test('vscode-jsonrpc over node-ipc', async () => {
    const child = fork(bin, ['--node-ipc', `--clientProcessId=${process.pid}`], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
    started.push({ child, connection });
    // It may have ended before the rest of this is through.
    const exited = once(child, 'exit');
    await drive(connection);
    expect(await exited).toEqual([0, null]);
  });

  test('vscode-jsonrpc over its own pipe', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('host.sock');
    const { onConnected } = await createClientPipeTransport(path);
    const child = spawn(node, [bin, `--pipe=${path}`, `--clientProcessId=${process.pid}`], { stdio: ['ignore', 'ignore', 'inherit'] });
    started.push({ child });
    const connection = createMessageConnection(...(await onConnected()));
    started.push({ child, connection });
    // It may have ended before the rest of this is through.
    const exited = once(child, 'exit');
    await drive(connection);
    expect(await exited).toEqual([0, null]);
  });

  test('what JSON cannot say is refused and the connection lives', async () => {
    const child = fork(bin, ['--node-ipc'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], serialization: 'advanced' });
    started.push({ child });
    const cycle: Record<string, unknown> = { jsonrpc: '2.0', id: 1, method: 'sidecar/ping' };
    cycle['params'] = { echo: cycle };
    for (const message of [cycle, { jsonrpc: '2.0', id: 7n, method: 'sidecar/ping' }, 'text', 5, [{}]]) {
      child.send(message);
      const [answer] = (await once(child, 'message')) as [{ id: unknown; error: { code: number } }];
      expect([-32600, -32700]).toContain(answer.error.code);
      expect(answer.id).toBeNull();
    }
    child.send({ jsonrpc: '2.0', id: 2, method: 'rpc.discover' });
    expect((await once(child, 'message'))[0]).toMatchObject({ id: 2, result: { openrpc: '1.3.2' } });
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([1, null]);
  });

  async function drive(connection: MessageConnection): Promise<void> {
    await using directory = await makeDirectory();
    connection.listen();
    const options = { stateDir: directory.at('state') };
    expect(await connection.sendRequest('initialize', { ...helloParams, processId: process.pid, options })).toMatchObject({ protocol: 1 });
    await connection.sendNotification('initialized', {});
    expect(await connection.sendRequest('sidecar/ping', { echo: 1 })).toMatchObject({ echo: 1 });
    await expect(connection.sendRequest('port/find', { port: -1 })).rejects.toMatchObject({
      code: -32602,
      data: { kind: 'InvalidParams' },
    });
    await connection.sendRequest('shutdown');
    await connection.sendNotification('exit');
  }
});

onLinux(describe)('over node-ipc, where reading cannot be paused', () => {
  test('a host that reads nothing and sends over 64 MiB has ended', { timeout: 60_000 }, async () => {
    await using sidecar = await startSidecar({ carrier: 'nodeIpc' });
    const exited = new Promise<number | null>((resolve) => sidecar.child.once('exit', resolve));
    sidecar.stdout.pause();
    for (let index = 0; index < 50; index += 1) sidecar.send(ping(index, 150_000));
    await untilQuiet(sidecar.pid);
    const before = memoryOf(sidecar.pid);
    let most = before;
    for (let index = 0; index < 100 && sidecar.child.exitCode === null; index += 1) {
      sidecar.send(ping(`more ${index}`, mebibyte));
      await until(() => sidecar.stdin.writableLength === 0 || sidecar.child.exitCode !== null, 'the message to be taken');
      most = Math.max(most, memoryOf(sidecar.pid));
    }
    expect(await exited).toBe(1);
    expect(most - before).toBeLessThan(160 * mebibyte);
    sidecar.stdout.resume();
  });

  const ping = (id: number | string, bytes: number) => ({
    jsonrpc: '2.0',
    id: `ping ${id}`,
    method: 'sidecar/ping',
    params: { echo: 'x'.repeat(bytes) },
  });
});

describe('what cannot be started is a sentence and exit code 4', () => {
  test.each([
    ['two transports', ['--stdio', '--node-ipc'], /--stdio and --node-ipc exclude each other/],
    ['three transports', ['--stdio', '--node-ipc', '--pipe=/x'], /--stdio and --node-ipc and --pipe exclude/],
    ['--node-ipc without a channel', ['--node-ipc'], /needs a channel/],
    ['--pipe without a path', ['--pipe='], /--pipe takes the path/],
    ['--pipe to nowhere', ['--pipe=/nowhere/at/all'], /There is no socket \/nowhere\/at\/all .*ENOENT/],
    ['a log file without a path', ['--stdio', '--log-file='], /--log-file takes the path/],
    ['a rotation without a log file', ['--stdio', '--log-keep=3'], /--log-keep is about the file that --log-file names/],
    ['a size that is none', ['--stdio', '--log-file=/tmp/x', '--log-max-bytes=10M'], /--log-max-bytes takes a whole number from 1 on/],
    ['an unknown flag', ['--stdio', '--log-flie=/tmp/x'], /log-flie/],
  ])('%s', async (_name, args, sentence) => {
    expect(await refusal(args)).toMatch(sentence);
  });

  test('--pipe to a file, and to a socket that nobody listens on', async () => {
    await using directory = await makeDirectory();
    writeFileSync(directory.at('file'), '');
    expect(await refusal([`--pipe=${directory.at('file')}`])).toMatch(/is no socket/);
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(node, ['-e', script, directory.at('stale')], { stdio: 'ignore' }), 'exit');
    expect(await refusal([`--pipe=${directory.at('stale')}`])).toMatch(/Nobody listens on .* \(ECONNREFUSED\)/);
  });

  test('--pipe to the socket of another user', async ({ skip }) => {
    skip(!isRoot, 'needs root, to give a socket away');
    await using directory = await makeDirectory();
    const server = createServer().listen(directory.at('theirs'));
    await once(server, 'listening');
    chownSync(directory.at('theirs'), nobody, nobody);
    expect(await refusal([`--pipe=${directory.at('theirs')}`])).toMatch(/belongs to the user 65534/);
    server.close();
  });

  async function refusal(args: string[]): Promise<string> {
    const child = spawn(node, [bin, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    expect((await once(child, 'close'))[0]).toBe(4);
    expect(out).toBe('');
    expect(err.trim().split('\n')).toHaveLength(1);
    return err;
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const descriptorsOf = (pid: TestSidecar['pid']): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return [];
    }
  });
