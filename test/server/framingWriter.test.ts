import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { whenQuiet } from '../../src/server/transport/framing/whenQuiet.ts';
import {
  createFrameWriter,
  type FrameWriter,
  type FrameWriterOptions,
  type WriterBounds,
} from '../../src/server/transport/framing/writer.ts';
import { readAll } from './framingVectors.ts';

const bounds: WriterBounds = { bodyBytes: 1000, highWaterBytes: 300, closeBytes: 600, stallMs: 30_000, chunkBytes: 100 };

describe('frames', () => {
  it('go out in order and in one write for what is ready together', async () => {
    const wire = fakeWire();
    wire.writer.send({ id: 1 });
    wire.writer.send('{"id":2}');
    wire.writer.offerEvent({ id: 3 });
    expect(wire.chunks).toEqual([]);
    wire.runTurn();
    expect(wire.text()).toBe('Content-Length: 8\r\n\r\n{"id":1}Content-Length: 8\r\n\r\n{"id":2}Content-Length: 8\r\n\r\n{"id":3}');
    expect(wire.chunks).toHaveLength(1);
    wire.takeAll();
    expect(wire.writer.queuedBytes).toBe(0);
    await wire.writer.flushed();
  });

  it('are lines once the peer has shown that it speaks lines', () => {
    const wire = fakeWire();
    wire.writer.setFraming('ndjson');
    wire.writer.send({ text: 'a\nb' });
    wire.writer.send({ text: 'é' });
    wire.takeAll();
    expect(wire.text()).toBe('{"text":"a\\nb"}\n{"text":"é"}\n');
  });

  it('count bytes, not characters, and carry well-formed text only', () => {
    const wire = fakeWire();
    const texts = ['é€🦊', '\ud800', 'a\udc00b', 'C:\\udata', '\\\ud800'];
    for (const [id, text] of texts.entries()) wire.writer.send({ jsonrpc: '2.0', id, result: text });
    wire.takeAll();
    expect(wire.text()).not.toMatch(/(?<!\\)(\\\\)*\\ud/);
    expect(readAll([wire.bytes()]).events.map(({ result }) => result)).toEqual(['é€🦊', '\ufffd', 'a\ufffdb', 'C:\\udata', '\\\ufffd']);
  });

  it('larger than a chunk are cut, and put together again by the peer', () => {
    const wire = fakeWire();
    const echo = '🦊'.repeat(150);
    wire.writer.send({ jsonrpc: '2.0', id: 1, result: 'before' });
    wire.writer.send({ jsonrpc: '2.0', id: 2, result: echo });
    wire.writer.send({ jsonrpc: '2.0', id: 3, result: 'after' });
    wire.takeAll();
    expect(Math.max(...wire.chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(bounds.chunkBytes);
    expect(readAll(wire.chunks).events.map(({ result }) => result)).toEqual(['before', echo, 'after']);
  });

  it('that cannot be written as JSON throw and leave nothing behind', () => {
    const wire = fakeWire();
    expect(() => wire.writer.send({ big: 1n })).toThrow(TypeError);
    expect(wire.writer.queuedBytes).toBe(0);
    wire.writer.send({ id: 1 });
    wire.takeAll();
    expect(wire.text()).toMatch(/{"id":1}$/);
  });

  it('over the limit are refused, exact to the byte', () => {
    const wire = fakeWire();
    expect(wire.writer.send(JSON.stringify('x'.repeat(bounds.bodyBytes - 2)))).toBe('queued');
    expect(wire.writer.send(JSON.stringify(`é${'x'.repeat(bounds.bodyBytes - 3)}`))).toBe('tooLarge');
    wire.takeAll();
    expect(wire.writer.offerEvent(JSON.stringify('x'.repeat(bounds.bodyBytes)))).toBe(false);
  });
});

describe('when quiet', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  function scheduled(queue: { bytes: number; ageMs: number }) {
    let flushes = 0;
    const flush = () => {
      flushes += 1;
    };
    whenQuiet(100)(flush, { bytes: () => queue.bytes, ageMs: () => queue.ageMs });
    return () => flushes;
  }

  it('it is written two turns after the last frame, once', async () => {
    const queue = { bytes: 1, ageMs: 0 };
    const flushes = scheduled(queue);
    for (let count = 0; count < 10; count += 1) {
      queue.bytes += 1;
      await turn();
    }
    expect(flushes()).toBe(0);
    await turn();
    await turn();
    await turn();
    expect(flushes()).toBe(1);
  });

  it.each([
    ['a write is full', { bytes: 100, ageMs: 0 }],
    ['the first frame has waited a millisecond', { bytes: 1, ageMs: 1 }],
  ])('it is written at once if %s', async (_, queue) => {
    const flushes = scheduled(queue);
    expect(flushes()).toBe(0);
    await turn();
    expect(flushes()).toBe(1);
  });

  it('answers that become ready one a turn share a write', async () => {
    const chunks: Buffer[] = [];
    const writer = createFrameWriter({
      write(chunk, done) {
        chunks.push(chunk);
        done();
      },
      // Time stands still, so that a slow machine changes nothing.
      clock: { monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) },
    });
    for (let id = 0; id < 5; id += 1) {
      writer.send({ id });
      await turn();
    }
    await writer.flushed();
    expect(chunks).toHaveLength(1);
  });
});

describe('a peer that does not read', () => {
  it('gets one write at a time; the rest stays counted in the queue', () => {
    const wire = fakeWire();
    for (let id = 0; id < 20; id += 1) wire.writer.send({ id });
    const queued = wire.writer.queuedBytes;
    wire.runTurn();
    expect(wire.chunks).toHaveLength(1);
    expect(wire.writer.queuedBytes).toBe(queued);
    wire.takeOne();
    expect(wire.chunks).toHaveLength(2);
    expect(wire.writer.queuedBytes).toBe(queued - (wire.chunks[0]?.length ?? 0));
  });

  it('costs events over the high water, never responses', () => {
    const wire = fakeWire();
    const events = Array.from({ length: 50 }, (_, seq) => wire.writer.offerEvent({ seq }));
    const taken = events.filter(Boolean).length;
    expect(events.lastIndexOf(true)).toBe(taken - 1);
    expect(wire.writer.queuedBytes).toBeGreaterThan(bounds.highWaterBytes);
    expect(wire.writer.queuedBytes).toBeLessThanOrEqual(bounds.highWaterBytes + 40);
    expect(wire.writer.send({ id: 1 })).toBe('queued');
    expect(wire.calls).toEqual(['over']);
    expect(wire.writer.overHighWater).toBe(true);
    wire.takeAll();
    expect(wire.calls).toEqual(['over', 'below']);
    expect(wire.writer.overHighWater).toBe(false);
    expect(wire.text().match(/seq/g)).toHaveLength(taken);
    expect(wire.text()).toContain('{"id":1}');
    expect(wire.writer.offerEvent({ seq: 51 })).toBe(true);
  });

  it('is given up after 30 s over 16 MiB without a byte taken', () => {
    const wire = fakeWire();
    while (wire.writer.queuedBytes <= bounds.closeBytes) wire.writer.send({ id: 1 });
    wire.runTurn();
    wire.advance(29_999);
    expect(wire.calls).not.toContain('stalled');
    wire.advance(1);
    expect(wire.calls).toEqual(['over', 'stalled']);
    wire.advance(100_000);
    expect(wire.calls).toEqual(['over', 'stalled']);
  });

  it('is let be while it takes something, or owes less than that', () => {
    const wire = fakeWire();
    while (wire.writer.queuedBytes <= bounds.closeBytes + 2 * bounds.chunkBytes) wire.writer.send({ id: 1 });
    wire.runTurn();
    wire.advance(20_000);
    wire.takeOne();
    wire.advance(20_000);
    wire.takeOne();
    wire.takeOne();
    wire.takeOne();
    expect(wire.writer.queuedBytes).toBeLessThan(bounds.closeBytes);
    wire.advance(100_000);
    expect(wire.calls).not.toContain('stalled');
    wire.writer.send({ text: 'x'.repeat(400) });
    expect(wire.writer.queuedBytes).toBeGreaterThan(bounds.closeBytes);
    expect(wire.calls).not.toContain('stalled');
    wire.advance(0);
    expect(wire.calls).toContain('stalled');
  });

  it('is not blamed for the time before there was anything to read', () => {
    const wire = fakeWire();
    wire.advance(1_000_000);
    while (wire.writer.queuedBytes <= bounds.closeBytes) wire.writer.send({ id: 1 });
    wire.advance(29_000);
    expect(wire.calls).toEqual(['over']);
  });
});

describe('the end', () => {
  it.each(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])(
    'by %s is told once, and what follows is swallowed and counted',
    async (code) => {
      const wire = fakeWire();
      for (let id = 0; id < 20; id += 1) wire.writer.send({ id });
      const flushed = wire.writer.flushed();
      wire.failOne(code);
      wire.failOne(code);
      await flushed;
      expect(wire.writer.send({ id: 1 })).toBe('closed');
      expect(wire.writer.offerEvent({ id: 1 })).toBe(false);
      expect(wire.calls).toEqual(['over', `closed ${code}`]);
      expect(wire.writer).toMatchObject({ queuedBytes: 0, swallowed: 1, overHighWater: false });
      expect(wire.chunks).toHaveLength(1);
      await wire.writer.flushed();
    },
  );

  it('may come as an exception of write', () => {
    const calls: string[] = [];
    const writer = createFrameWriter({
      write() {
        throw new Error('write after end');
      },
      clock: { monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) },
      onClosed: ({ message }) => calls.push(message),
    });
    writer.send({});
    writer.flush();
    expect(calls).toEqual(['write after end']);
  });

  it('by the owner stops everything in silence', async () => {
    const wire = fakeWire();
    while (wire.writer.queuedBytes <= bounds.closeBytes) wire.writer.send({ id: 1 });
    wire.runTurn();
    const flushed = wire.writer.flushed();
    wire.writer.close();
    await flushed;
    wire.takeOne();
    wire.advance(100_000);
    expect(wire.calls).toEqual(['over']);
    expect(wire.chunks).toHaveLength(1);
  });

  it('waits for what was queued while it was flushed', async () => {
    const wire = fakeWire();
    wire.writer.send({ id: 1 });
    let isFlushed = false;
    const flushed = wire.writer.flushed().then(() => {
      isFlushed = true;
    });
    wire.writer.send({ id: 2 });
    wire.takeOne();
    await Promise.resolve();
    expect(isFlushed).toBe(false);
    wire.takeOne();
    await flushed;
    expect(wire.text()).toContain('{"id":2}');
  });
});

it('a write that is done at once does not grow the stack', () => {
  let writes = 0;
  const writer = createFrameWriter({
    write(_, done) {
      writes += 1;
      done();
    },
    clock: { monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) },
    bounds: { ...bounds, bodyBytes: 10_000_000 },
  });
  writer.send(JSON.stringify('x'.repeat(5_000_000)));
  writer.flush();
  expect(writes).toBeGreaterThan(50_000);
  expect(writer.queuedBytes).toBe(0);
});

describe('through a socket', () => {
  it('nothing is lost, split or out of order, however slowly it is read', async () => {
    await using pair = await socketPair();
    const writer = socketWriter(pair.ours);
    const count = 300;
    for (let id = 0; id < count; id += 1) writer.send({ jsonrpc: '2.0', id, result: 'é🦊'.repeat(id * 40) });
    const total = writer.queuedBytes;
    const chunks: Buffer[] = [];
    let received = 0;
    while (received < total) {
      const chunk: Buffer | null = pair.theirs.read();
      if (chunk === null) await once(pair.theirs, 'readable');
      else {
        chunks.push(chunk);
        received += chunk.length;
      }
    }
    await writer.flushed();
    const { events } = readAll(chunks);
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: count }, (_, id) => id));
    expect(events.every(({ id, result }) => result === 'é🦊'.repeat((id as number) * 40))).toBe(true);
  });

  it('a peer that is gone ends it without an exception', async () => {
    await using pair = await socketPair();
    const closed: Error[] = [];
    const writer = socketWriter(pair.ours, { onClosed: (error) => closed.push(error) });
    const gone = new Promise((resolve) => pair.ours.once('close', resolve));
    pair.theirs.resetAndDestroy();
    await gone;
    for (let id = 0; id < 1000; id += 1) {
      writer.send({ id });
      if (id % 100 === 0) await writer.flushed();
    }
    expect(closed).toHaveLength(1);
    expect(writer.swallowed).toBeGreaterThan(900);
  });
});

/** A system that takes a chunk when the test says so, and a clock that stands still until it is moved. */
function fakeWire() {
  const chunks: Buffer[] = [];
  const pending: ((error?: Error) => void)[] = [];
  const turns: (() => void)[] = [];
  const calls: string[] = [];
  let nowMs = 0;
  let timers: { atMs: number; action: () => void }[] = [];
  const writer = createFrameWriter({
    write(chunk, done) {
      chunks.push(chunk);
      pending.push(done);
    },
    clock: {
      monotonicMs: () => nowMs,
      setTimer(delayMs, action) {
        const timer = { atMs: nowMs + delayMs, action };
        timers.push(timer);
        return {
          cancel: () => {
            timers = timers.filter((other) => other !== timer);
          },
        };
      },
    },
    schedule: (flush) => turns.push(flush),
    bounds,
    onOverHighWater: () => calls.push('over'),
    onBelowHighWater: () => calls.push('below'),
    onStalled: () => calls.push('stalled'),
    onClosed: (error) => calls.push(`closed ${(error as NodeJS.ErrnoException).code}`),
  });
  const runTurn = () => {
    for (const turn of turns.splice(0)) turn();
  };
  const takeOne = () => {
    runTurn();
    pending.shift()?.();
  };
  return {
    writer,
    chunks,
    calls,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
    runTurn,
    takeOne,
    takeAll() {
      do takeOne();
      while (pending.length > 0);
    },
    failOne(code: string) {
      runTurn();
      pending.shift()?.(Object.assign(new Error(code), { code }));
    },
    advance(ms: number) {
      nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { action } of due) action();
    },
  };
}

function socketWriter(socket: Socket, handlers: Partial<FrameWriterOptions> = {}): FrameWriter {
  return createFrameWriter({
    write: (chunk, done) => socket.write(chunk, done),
    clock: { monotonicMs: () => performance.now(), setTimer: () => ({ cancel: () => {} }) },
    ...handlers,
  });
}

async function socketPair() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [ours] = (await once(server, 'connection')) as [Socket];
  ours.on('error', () => {});
  theirs.on('error', () => {});
  return {
    ours,
    theirs,
    async [Symbol.asyncDispose]() {
      ours.destroy();
      theirs.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
