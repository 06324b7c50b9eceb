import { describe, test } from 'vitest';
import { needs } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { type Program, pythonProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { memoryOf, untilQuiet } from '../harness/watching.ts';

/* A host that does not read. Each question is 100 bytes and its answer hundreds of kilobytes, so that a few fill the queue. */

const mebibyte = 1024 * 1024;

onLinux(describe)('a host that stops reading', () => {
  test.concurrent('loses events, which are counted, and no answer; memory stays within the limits', { timeout: 60_000 }, async ({
    skip,
    expect,
  }) => {
    needs.python(skip);
    await using fat = await spawnFat(4);
    await using family = await spawnProgram(pythonProgram('family', 30, 1));
    const children = (JSON.parse(family.ready) as [number, number, number][]).filter(([, , depth]) => depth === 1).map(([pid]) => pid);
    await using sidecar = await startSidecar();
    const targets = children.map((pid) => ({ pid }));
    const subscriptions = await Promise.all(
      Array.from(
        { length: 4 },
        async () =>
          (await sidecar.call('events/subscribe', { topics: ['process'], filter: { targets }, intervalMs: 3_600_000 })).subscriptionId,
      ),
    );
    // The same, read: what is more afterwards is what not reading costs.
    for (const id of askAll(sidecar, fat.pids, 'read')) await sidecar.answerTo(id);
    const before = memoryOf(sidecar.pid);

    sidecar.stdout.pause();
    const ids = askAll(sidecar, fat.pids);
    await untilQuiet(sidecar.pid);
    const queuedBytes = ids.length * fat.answerBytes;
    expect(queuedBytes).toBeGreaterThan(6 * mebibyte);
    // Beyond the queue: what V8 has not collected yet of 64 answers (25 MiB were measured).
    expect(memoryOf(sidecar.pid) - before).toBeLessThan(queuedBytes + 40 * mebibyte);

    for (const pid of children) process.kill(pid, 'SIGKILL');
    await untilQuiet(sidecar.pid);
    const seen = sidecar.messages.length;
    sidecar.stdout.resume();

    for (const id of ids) expect((await sidecar.answerTo(id)).result).toMatchObject({ processes: expect.objectContaining({ length: 4 }) });
    const eventsOf = (subscriptionId: string) => sidecar.messages.filter(({ params }) => params?.['subscriptionId'] === subscriptionId);
    for (const subscriptionId of subscriptions) {
      const told = await until(() => {
        const events = eventsOf(subscriptionId);
        const exited = events.filter(({ method }) => method === 'event/process').length;
        const dropped = events
          .filter(({ method }) => method === 'event/overflow')
          .reduce((sum, { params }) => sum + (params?.['dropped'] as number), 0);
        return exited + dropped >= children.length ? { events, exited, dropped } : null;
      }, `all ends to be told or counted to ${subscriptionId}`);
      expect(told.exited + told.dropped).toBe(children.length);
      expect(told.dropped).toBeGreaterThan(0);
      expect(told.events.map(({ params }) => params?.['seq'])).toEqual(told.events.map((_, index) => index + 1));
      expect(told.events.find(({ method }) => method === 'event/overflow')?.params).toMatchObject({ topic: 'process' });
    }
    expect(sidecar.messages.length).toBeGreaterThan(seen);
    expect(await sidecar.call('sidecar/ping', { echo: 'alive' })).toMatchObject({ echo: 'alive' });
  });

  test.concurrent('over the high water nothing more is read, so what it sends stays in its own pipe', { timeout: 60_000 }, async ({
    expect,
  }) => {
    await using fat = await spawnFat(4);
    await using sidecar = await startSidecar();
    await sidecar.call('process/list', { filter: { pids: fat.pids } });
    sidecar.stdout.pause();
    const ids = askAll(sidecar, fat.pids);
    await untilQuiet(sidecar.pid);
    const before = memoryOf(sidecar.pid);
    const echo = 'x'.repeat(mebibyte);
    for (let index = 0; index < 40; index += 1)
      sidecar.send({ jsonrpc: '2.0', id: `ping ${index}`, method: 'sidecar/ping', params: { echo } });
    await untilQuiet(sidecar.pid);
    expect(sidecar.stdin.writableLength).toBeGreaterThan(30 * mebibyte);
    expect(memoryOf(sidecar.pid) - before).toBeLessThan(8 * mebibyte);
    sidecar.stdout.resume();
    for (const id of ids) expect((await sidecar.answerTo(id)).result).toHaveProperty('processes');
    for (let index = 0; index < 40; index += 1) expect((await sidecar.answerTo(`ping ${index}`)).result).toMatchObject({ echo });
  });

  test.concurrent('a thousand questions in one chunk are 64 in flight; the rest is Overloaded', { timeout: 60_000 }, async ({ expect }) => {
    await using sidecar = await startSidecar();
    sidecar.stdout.pause();
    const before = memoryOf(sidecar.pid);
    const ids = Array.from({ length: 1_000 }, (_, index) => `d${index}`);
    sidecar.sendBytes(Buffer.concat(ids.map((id) => sidecar.frame({ jsonrpc: '2.0', id, method: 'rpc.discover' }))));
    await untilQuiet(sidecar.pid);
    expect(memoryOf(sidecar.pid) - before).toBeLessThan(48 * mebibyte);
    sidecar.stdout.resume();
    const answers = await Promise.all(ids.map((id) => sidecar.answerTo(id, 40_000)));
    for (const { result, error } of answers) expect(result !== undefined || error?.code === 1011).toBe(true);
    expect(answers.filter(({ result }) => result !== undefined).length).toBeGreaterThanOrEqual(64);
    expect(answers.some(({ error }) => error !== undefined)).toBe(true);
  });

  test.concurrent('slow: with over 16 MiB queued and nothing taken for 30 s it is given up', { timeout: 90_000 }, async ({ expect }) => {
    await using fat = await spawnFat(12);
    await using sidecar = await startSidecar();
    // Not 'close', which waits until the output has been read.
    const exited = new Promise<number | null>((resolve) => sidecar.child.once('exit', resolve));
    sidecar.stdout.pause();
    const began = performance.now();
    expect(askAll(sidecar, fat.pids).length * fat.answerBytes).toBeGreaterThan(20 * mebibyte);
    expect(await exited).toBe(1);
    expect(performance.now() - began).toBeGreaterThan(29_000);
    expect(performance.now() - began).toBeLessThan(50_000);
    sidecar.stdout.resume();
  });
});

/** Processes with long command lines. */
async function spawnFat(count: number): Promise<AsyncDisposable & { pids: number[]; answerBytes: number }> {
  await using started = new AsyncDisposableStack();
  const argument = 'x'.repeat(31_000);
  const programs: Program[] = [];
  for (let index = 0; index < count; index += 1)
    programs.push(started.use(await spawnProgram(['sh', '-c', 'echo ready; read line', argument])));
  const kept = started.move();
  return { pids: programs.map(({ pid }) => pid), answerBytes: count * argument.length, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** As many questions as may be in flight. */
function askAll(sidecar: TestSidecar, pids: number[], name = 'unread'): string[] {
  const ids = Array.from({ length: 64 }, (_, index) => `${name} ${index}`);
  sidecar.sendBytes(
    Buffer.concat(ids.map((id) => sidecar.frame({ jsonrpc: '2.0', id, method: 'process/list', params: { filter: { pids } } }))),
  );
  return ids;
}
