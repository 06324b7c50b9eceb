import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import { createDoors, doorDirectories } from '../../src/server/instance/doors.ts';
import { findLockBase, ownUid, placeSystemOf } from '../../src/server/instance/places.ts';
import { type FileKey, lookAt } from '../../src/server/os/fileKey.ts';
import { createFileLocks } from '../../src/server/os/fileLock.ts';
import { makeMeetingPlace } from '../harness/instances.ts';
import type { HostCallAnswers } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const listening = { capabilities: { secondInstance: true }, clientInfo: { name: 'winner' } };
/** The contract’s 3 s, and what a busy machine needs beside. */
const promisedMs = 3_000 + 2_000;

/** A winner that answers so, and a loser. */
async function makePair(answer?: HostCallAnswers['host/secondInstance'], initialize: Partial<Params<'initialize'>> = {}) {
  const place = await makeMeetingPlace();
  const winner = await place.start({
    initialize: { ...listening, ...initialize },
    hostCalls: answer === undefined ? {} : { 'host/secondInstance': answer },
  });
  const loser = await place.start({ initialize: { clientInfo: { name: 'loser', version: '2' } } });
  const { lockId } = await winner.call('instance/acquire', place.here());
  return {
    place,
    winner,
    loser,
    lockId: lockId as string,
    async [Symbol.asyncDispose]() {
      await Promise.all([winner[Symbol.asyncDispose](), loser[Symbol.asyncDispose]()]);
      await place[Symbol.asyncDispose]();
    },
  };
}

/** How long it took as well. */
async function timed<Value>(promise: Promise<Value>): Promise<{ value: Value; elapsedMs: number }> {
  const began = performance.now();
  return { value: await promise, elapsedMs: performance.now() - began };
}

describe('delivery', () => {
  test('what the loser says reaches the winner’s host, and the reply comes back', async () => {
    await using pair = await makePair(({ payload }) => ({ handled: true, reply: { window: 2, heard: payload.argv } }));
    const { place, winner, loser, lockId } = pair;
    const payload = { argv: ['my-app', 'notes.txt'], cwd: '/home/ada', data: { deep: [null, { a: 1 }] } };
    expect(await loser.call('instance/acquire', place.here({ payload }))).toMatchObject({
      acquired: false,
      holder: { sidecar: { pid: winner.pid }, closing: false },
      delivered: true,
      reply: { window: 2, heard: ['my-app', 'notes.txt'] },
    });
    expect(winner.hostCalls('host/secondInstance')).toEqual([
      { lockId, payload, from: { pid: loser.pid, clientInfo: { name: 'loser', version: '2' } } },
    ]);
  });

  test.each([
    ['64 KiB', { data: 'x'.repeat(64 * 1024 - '{"data":""}'.length) }],
    ['any Unicode', { argv: ['\0', '\u{1F9FF}', '\u202Eabc', 'é', 'e\u0301', '\uFFFF', '"\\\n\t'], cwd: '/ünï/𝔠' }],
    ['5,000 arguments', { argv: Array.from({ length: 5_000 }, (_, index) => `arg${index}`) }],
  ])('%s arrive as they were', async (_what, payload) => {
    await using pair = await makePair(({ payload: heard }) => ({ handled: true, reply: heard }));
    const { place, winner, loser } = pair;
    const { delivered, reply } = await loser.call('instance/acquire', place.here({ payload }));
    expect(delivered).toBe(true);
    expect(reply).toEqual(payload);
    expect(winner.hostCalls('host/secondInstance')[0]?.payload).toEqual(payload);
  });

  test('more than 64 KiB is refused, whoever has the lock', async () => {
    await using pair = await makePair();
    const data = 'x'.repeat(64 * 1024 - '{"data":""}'.length + 1);
    for (const one of [pair.winner, pair.loser]) {
      const { error } = await one.request('instance/acquire', pair.place.here({ payload: { data } }));
      expect(error).toMatchObject({ code: -32602, data: { kind: 'InvalidParams', issues: [{ path: 'payload' }] } });
    }
  });

  test('a reply that is too large is not passed on, and that is said', async () => {
    await using pair = await makePair(() => ({ handled: true, reply: 'x'.repeat(200_000) }));
    const answer = await pair.loser.call('instance/acquire', pair.place.here({ payload: {} }));
    expect(answer).toMatchObject({ acquired: false, delivered: true, reason: expect.stringMatching(/more than 64 KiB/) });
    expect(answer).not.toHaveProperty('reply');
  });

  test('whatever the loser calls itself', async () => {
    await using pair = await makePair(({ from }) => ({ handled: true, reply: from.clientInfo?.version?.length }));
    await using other = await pair.place.start({ initialize: { clientInfo: { name: 'other', version: '\u{1F9FF}'.repeat(500_000) } } });
    const payload = { data: 'x'.repeat(64 * 1024 - '{"data":""}'.length) };
    expect(await other.call('instance/acquire', pair.place.here({ payload }))).toMatchObject({ delivered: true, reply: 1_001 });
  });

  test('many losers at once are each answered with their own', async () => {
    await using pair = await makePair(({ payload }) => ({ handled: true, reply: payload.data }));
    const { place, loser } = pair;
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => loser.call('instance/acquire', place.here({ payload: { data: index } }))),
    );
    expect(answers.map(({ reply }) => reply)).toEqual(Array.from({ length: 40 }, (_, index) => index));
  });
});

describe('a winner that cannot be told', () => {
  const cases: [string, HostCallAnswers['host/secondInstance'] | undefined, Partial<Params<'initialize'>>, RegExp][] = [
    ['whose host does not answer', undefined, {}, /did not answer/],
    [
      'whose host fails',
      () => {
        throw new Error('no window');
      },
      {},
      /failed: no window/,
    ],
    [
      'whose host fails with a novel',
      () => {
        throw new Error('x'.repeat(1_000_000));
      },
      {},
      /failed: x{1000}…$/,
    ],
    ['whose host takes none', undefined, { capabilities: {} }, /did not declare the capability secondInstance/],
  ];
  test.each(cases)('%s', async (_what, answer, initialize, reason) => {
    await using pair = await makePair(answer, initialize);
    const { place, winner, loser } = pair;
    const { value, elapsedMs } = await timed(loser.call('instance/acquire', place.here({ payload: {} })));
    expect(value).toMatchObject({
      acquired: false,
      holder: { sidecar: { pid: winner.pid } },
      delivered: false,
      reason: expect.stringMatching(reason),
    });
    expect(elapsedMs).toBeLessThan(promisedMs);
    expect(await winner.call('sidecar/ping', {})).toHaveProperty('at');
  });

  test('whose sidecar is stopped: it is said in time, and it is left alone', async () => {
    await using pair = await makePair(() => ({ handled: true }));
    const { place, winner, loser } = pair;
    winner.child.kill('SIGSTOP');
    try {
      const { value, elapsedMs } = await timed(loser.call('instance/acquire', place.here({ payload: {} })));
      expect(value).toMatchObject({
        acquired: false,
        holder: { sidecar: { pid: winner.pid } },
        delivered: false,
        reason: expect.stringMatching(/hangs, or is stopped/),
      });
      expect(elapsedMs).toBeLessThan(promisedMs);
    } finally {
      winner.child.kill('SIGCONT');
    }
    expect(await loser.call('instance/acquire', place.here({ payload: {} }))).toMatchObject({ delivered: true });
  });

  test('whose sidecar is killed while its host thinks: the lock goes to the loser', async () => {
    await using pair = await makePair(() => undefined);
    const { place, winner, loser } = pair;
    const told = loser.call('instance/acquire', place.here({ payload: {} }));
    await until(() => winner.hostCalls('host/secondInstance').length > 0, 'the host to be asked');
    winner.child.kill('SIGKILL');
    expect(await told).toMatchObject({ acquired: true });
  });

  test('whose sidecar is of another version', async () => {
    await using place = await makeMeetingPlace();
    await using loser = await place.start();
    const lock = await createFileLocks({ native: false }).tryLock(place.lockFile);
    const base = await findLockBase(process.platform);
    const visitors: Socket[] = [];
    const answer = Buffer.from(JSON.stringify({ kind: 'welcome' }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(answer.length);
    const door = await createDoors(doorDirectories(placeSystemOf(process.platform), base, ownUid()), silent).open(
      (await lookAt(place.lockFile)) as FileKey,
      (socket) => {
        visitors.push(socket);
        socket.on('error', () => {}).on('data', () => socket.write(Buffer.concat([length, answer])));
      },
    );
    try {
      const { value, elapsedMs } = await timed(loser.call('instance/acquire', place.here({ payload: {} })));
      expect(value).toMatchObject({ acquired: false, delivered: false, reason: expect.stringMatching(/another version/) });
      expect(elapsedMs).toBeLessThan(promisedMs);
      expect(await loser.call('instance/query', place.here())).toEqual({ holder: { host: null, sidecar: null, closing: false } });
    } finally {
      await door.close();
      for (const socket of visitors) socket.destroy();
      await lock?.release();
    }
  });

  test('that has the lock and nobody at its door', async () => {
    await using place = await makeMeetingPlace();
    await using loser = await place.start();
    const lock = await createFileLocks({ native: false }).tryLock(place.lockFile);
    try {
      const { value, elapsedMs } = await timed(loser.call('instance/acquire', place.here({ payload: {} })));
      expect(value).toMatchObject({ acquired: false, delivered: false, reason: expect.stringMatching(/nobody listens/) });
      expect(elapsedMs).toBeLessThan(promisedMs);
    } finally {
      await lock?.release();
    }
  });
});

describe('a winner that is closing', () => {
  test('is waited for, also with waitMs 0, and its host is not asked any more', async () => {
    const over = Promise.withResolvers<null>();
    await using place = await makeMeetingPlace();
    await using winner = await place.start({
      initialize: { capabilities: { secondInstance: true, shutdownHandlers: true } },
      hostCalls: { 'host/runShutdownHandler': () => over.promise, 'host/secondInstance': () => ({ handled: true }) },
    });
    await using loser = await place.start();
    await winner.call('instance/acquire', place.here());
    await winner.call('shutdown/addHandler', { name: 'slow', timeoutMs: 10_000 });
    const ended = winner.request('shutdown', {});
    await until(async () => (await loser.call('instance/query', place.here())).holder?.closing, 'the winner to be closing');
    const told = loser.call('instance/acquire', place.here({ payload: {} }));
    await loser.call('instance/query', place.here());
    over.resolve(null);
    expect(await told).toMatchObject({ acquired: true });
    expect(winner.hostCalls('host/secondInstance')).toEqual([]);
    await ended;
  });

  test('because its host has closed its end, and answers what it was asked before', async () => {
    await using pair = await makePair(() => ({ handled: true }));
    const { place, winner, loser } = pair;
    winner.send({ jsonrpc: '2.0', id: 'slow', method: 'process/usage', params: { target: { pid: process.pid }, intervalMs: 1_500 } });
    await winner.call('sidecar/ping', {});
    winner.stdin.end();
    await until(async () => (await loser.call('instance/query', place.here())).holder?.closing !== false, 'the winner to be closing');
    expect(await loser.call('instance/acquire', place.here({ payload: {} }))).toMatchObject({ acquired: true });
    expect(winner.hostCalls('host/secondInstance')).toEqual([]);
    expect(await winner.answerTo('slow')).toHaveProperty('result');
  });

  test('and takes too long for that is told as such', async () => {
    await using place = await makeMeetingPlace();
    await using winner = await place.start({
      initialize: { capabilities: { secondInstance: true, shutdownHandlers: true } },
      hostCalls: { 'host/runShutdownHandler': () => undefined },
    });
    await using loser = await place.start();
    await winner.call('instance/acquire', place.here());
    await winner.call('shutdown/addHandler', { name: 'hangs', timeoutMs: 12_000 });
    winner.send({ jsonrpc: '2.0', id: 'end', method: 'shutdown' });
    await until(async () => (await loser.call('instance/query', place.here())).holder?.closing, 'the winner to be closing');
    const { value, elapsedMs } = await timed(loser.call('instance/acquire', place.here({ payload: {} })));
    expect(value).toMatchObject({ acquired: false, holder: { closing: true }, delivered: false, reason: expect.stringMatching(/closing/) });
    expect(elapsedMs).toBeGreaterThan(4_500);
    expect(elapsedMs).toBeLessThan(5_000 + promisedMs);
  });
});

const silent = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} } as never;
