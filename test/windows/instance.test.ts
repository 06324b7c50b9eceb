import { expect, test } from 'vitest';
import { access, loadProcessHandles } from '../../src/native/win32/processHandle.ts';
import { contend } from '../harness/contention.ts';
import { makeMeetingPlace, makeUserLock } from '../harness/instances.ts';
import { until } from '../harness/until.ts';

/* Single-instance locks on Windows, through the built sidecar: a mutex, and a named pipe to whoever has it. */

test('a lock is held by one, told to the other, and taken by that when it was released', async () => {
  await using place = await makeMeetingPlace();
  await using first = await place.start({ initialize: { processId: process.pid } });
  await using second = await place.start();
  expect(await first.call('instance/query', place.here())).toEqual({ holder: null });
  const got = await first.call('instance/acquire', place.here());
  expect(got).toEqual({ acquired: true, lockId: expect.any(String) });
  expect(await first.call('instance/acquire', place.here())).toEqual({ acquired: false, lockId: got.lockId, reason: 'alreadyHeld' });
  const refused = await second.call('instance/acquire', place.here());
  expect(refused).toEqual({
    acquired: false,
    holder: {
      host: { pid: process.pid, startedAt: expect.any(Number), identity: expect.any(String) },
      sidecar: { pid: first.pid, startedAt: expect.any(Number), identity: expect.any(String) },
      closing: false,
    },
  });
  expect(await second.call('instance/query', place.here())).toEqual({ holder: refused.holder });
  expect(await second.call('instance/acquire', place.here({ name: 'another' }))).toMatchObject({ acquired: true });
  expect(await first.call('instance/release', { lockId: got.lockId as string })).toEqual({ released: true });
  expect(await second.call('instance/query', place.here())).toEqual({ holder: null });
  expect(await second.call('instance/acquire', place.here())).toMatchObject({ acquired: true });
});

test('it goes with its sidecar, however that ends; whoever waits has it then', async () => {
  await using place = await makeMeetingPlace();
  await using second = await place.start();
  for (const end of ['kill', 'shutdown'] as const) {
    await using first = await place.start();
    await until(async () => (await first.call('instance/acquire', place.here())).acquired, 'the lock');
    const waiting = second.request('instance/acquire', place.here({ waitMs: 60_000 }), `w-${end}`, 60_000);
    await second.call('instance/query', place.here());
    if (end === 'kill') first.child.kill('SIGKILL');
    else await first.call('shutdown', {});
    const { result } = await waiting;
    expect(result).toMatchObject({ acquired: true });
    await second.call('instance/release', { lockId: (result as { lockId: string }).lockId });
  }
});

test('what the loser says reaches the host of the winner, and the reply comes back', async () => {
  await using place = await makeMeetingPlace();
  await using winner = await place.start({
    initialize: { capabilities: { secondInstance: true } },
    hostCalls: { 'host/secondInstance': ({ payload }) => ({ handled: true, reply: { heard: payload } }) },
  });
  await using loser = await place.start({ initialize: { clientInfo: { name: 'loser', version: '2' } } });
  const { lockId } = await winner.call('instance/acquire', place.here());
  const payload = { argv: ['my-app', 'ä b', '\u{1F9FF}'], cwd: 'C:\\Users\\Ada', data: 'x'.repeat(60_000) };
  expect(await loser.call('instance/acquire', place.here({ payload }))).toMatchObject({
    acquired: false,
    holder: { sidecar: { pid: winner.pid } },
    delivered: true,
    reply: { heard: payload },
  });
  expect(winner.hostCalls('host/secondInstance')).toEqual([
    { lockId, payload, from: { pid: loser.pid, clientInfo: { name: 'loser', version: '2' } } },
  ]);
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, data) => loser.call('instance/acquire', place.here({ payload: { data } }))),
  );
  expect(many.map(({ reply }) => (reply as { heard: { data: number } }).heard.data)).toEqual(Array.from({ length: 20 }, (_, data) => data));
});

test('a winner whose sidecar was suspended is said not to answer, and is left alone', async () => {
  await using place = await makeMeetingPlace();
  await using winner = await place.start({ initialize: { capabilities: { secondInstance: true } } });
  await using loser = await place.start();
  await winner.call('instance/acquire', place.here());
  using _suspended = suspend(winner.pid);
  const answer = await loser.call('instance/acquire', place.here({ payload: {} }));
  expect(answer).toMatchObject({ acquired: false, delivered: false, reason: expect.stringMatching(/hangs, or is stopped/) });
});

test('many who want it, again and again, have it one at a time', async () => {
  const rounds = await contend({ sidecars: 3, programs: 0, rounds: 6 });
  expect(rounds).toHaveLength(6);
});

test('of scope user it is one for all environments', async () => {
  await using mine = await makeUserLock();
  await using place = await makeMeetingPlace();
  const { name } = mine;
  await using first = await place.start({ env: { USERPROFILE: place.directory, LOCALAPPDATA: place.directory } });
  await using second = await place.start();
  expect(await first.call('instance/acquire', { name })).toMatchObject({ acquired: true });
  expect(await second.call('instance/acquire', { name })).toMatchObject({ acquired: false, holder: { sidecar: { pid: first.pid } } });
});

/** Stops all threads of a process until the end of the block. */
function suspend(pid: number): Disposable {
  const handles = loadProcessHandles();
  const opened = handles?.open(pid, access.suspendResume) ?? null;
  if (handles === null || opened === null || opened === 'denied') throw new Error('it could not be suspended');
  handles.suspend(opened.handle);
  return {
    [Symbol.dispose]() {
      handles.resume(opened.handle);
      handles.close(opened.handle);
    },
  };
}
