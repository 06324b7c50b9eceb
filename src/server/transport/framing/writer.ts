import type { Clock } from '../../../clock.ts';
import { limits, outboundCloseBytes, outboundStallMs, writeChunkBytes } from '../limits.ts';
import type { Framing } from './frames.ts';
import { createOutgoing } from './outgoing.ts';
import { createStallWatch } from './stallWatch.ts';
import { toWellFormedJson } from './unicode.ts';
import { type Schedule, whenQuiet } from './whenQuiet.ts';

export interface FrameWriterOptions {
  /**
   * Hands one chunk to the system; `done` when it was taken, or with the error. The next chunk follows only
   * then, so that what nobody reads stays in this queue, where it is counted.
   */
  write(chunk: Buffer, done: (error?: Error | null) => void): void;
  clock: Pick<Clock, 'monotonicMs' | 'setTimer'>;
  /** When to write what is queued after the queue was idle; by default `whenQuiet`. */
  schedule?: Schedule;
  bounds?: WriterBounds;
  /** Queued bytes went over the high water, and came back to it. They alternate, beginning with over. */
  onOverHighWater?(): void;
  onBelowHighWater?(): void;
  /** More than `closeBytes` are queued and none was taken for `stallMs`. Called once; close the connection. */
  onStalled?(): void;
  /** Writing failed, by EPIPE for instance: the peer is gone. Called once; the queue is dropped. */
  onClosed?(error: Error): void;
}

export interface WriterBounds {
  bodyBytes: number;
  highWaterBytes: number;
  closeBytes: number;
  stallMs: number;
  chunkBytes: number;
}

/** `tooLarge`: over `outboundBodyBytes` and not queued, so the caller still owes an answer. `closed`: swallowed. */
export type SendResult = 'queued' | 'tooLarge' | 'closed';

export interface FrameWriter {
  /** For the frames from here on. LSP until the peer has shown what it speaks. */
  setFraming(framing: Framing): void;
  /**
   * Queues a response or another message that must not be lost. Text must be JSON without line breaks. What
   * JSON.stringify throws (BigInt, a cycle) comes out here, with nothing queued.
   */
  send(message: object | string): SendResult;
  /** Queues an event unless the queue is over the high water; false when it was dropped. */
  offerEvent(message: object | string): boolean;
  /** Writes what is queued without waiting for more: for the caller who knows that no more is due. */
  flush(): void;
  /** Resolves when everything queued was taken, or can be no more. Never rejects. */
  flushed(): Promise<void>;
  /** Drops the queue; nothing is written or called any more. */
  close(): void;
  /** Bytes that the system has not taken, frames included. */
  readonly queuedBytes: number;
  readonly overHighWater: boolean;
  /** Messages that were sent after the end. */
  readonly swallowed: number;
}

const contractBounds: WriterBounds = {
  bodyBytes: limits.outboundBodyBytes,
  highWaterBytes: limits.outboundHighWaterBytes,
  closeBytes: outboundCloseBytes,
  stallMs: outboundStallMs,
  chunkBytes: writeChunkBytes,
};

/** The one queue of a connection’s output: whole frames in order, in as few writes as may be. */
export function createFrameWriter(options: FrameWriterOptions): FrameWriter {
  const { write, clock, bounds = contractBounds } = options;
  const { schedule = whenQuiet(bounds.chunkBytes) } = options;
  const outgoing = createOutgoing(bounds.chunkBytes);
  const stall = createStallWatch({ clock, ...bounds, queuedBytes: () => outgoing.bytes, onStalled: () => options.onStalled?.() });
  let framing: Framing = 'lsp';
  let open = true;
  let isOver = false;
  let isWriting = false;
  let isFlushing = false;
  let isScheduled = false;
  let swallowed = 0;
  let waiters: (() => void)[] = [];

  return {
    setFraming(chosen) {
      framing = chosen;
    },
    send,
    offerEvent: (message) => open && outgoing.bytes <= bounds.highWaterBytes && send(message) === 'queued',
    flush,
    flushed() {
      flush();
      if (outgoing.bytes === 0) return Promise.resolve();
      return new Promise((resolve) => waiters.push(resolve));
    },
    close,
    get queuedBytes() {
      return outgoing.bytes;
    },
    get overHighWater() {
      return outgoing.bytes > bounds.highWaterBytes;
    },
    get swallowed() {
      return swallowed;
    },
  };

  function send(message: object | string): SendResult {
    if (!open) {
      swallowed += 1;
      return 'closed';
    }
    const json = toWellFormedJson(typeof message === 'string' ? message : JSON.stringify(message));
    const bodyBytes = Buffer.byteLength(json);
    if (bodyBytes > bounds.bodyBytes) return 'tooLarge';
    if (framing === 'messages') outgoing.appendWhole(json, bodyBytes);
    else if (framing === 'ndjson') outgoing.append(`${json}\n`, bodyBytes + 1);
    else {
      const header = `Content-Length: ${bodyBytes}\r\n\r\n`;
      outgoing.append(header + json, header.length + bodyBytes);
    }
    if (!isWriting && !isScheduled) {
      isScheduled = true;
      stall.progressed();
      const sinceMs = clock.monotonicMs();
      schedule(flush, { bytes: () => outgoing.bytes, ageMs: () => clock.monotonicMs() - sinceMs });
    }
    stall.queued();
    if (!isOver && outgoing.bytes > bounds.highWaterBytes) {
      isOver = true;
      options.onOverHighWater?.();
    }
    return 'queued';
  }

  function flush(): void {
    isScheduled = false;
    // A `done` that is called inside `write` comes back here: the loop goes on, not the stack.
    if (isFlushing) return;
    isFlushing = true;
    while (open && !isWriting) {
      const chunk = outgoing.take();
      if (chunk === null) break;
      hand(chunk);
    }
    isFlushing = false;
  }

  function hand(chunk: Buffer): void {
    isWriting = true;
    let isSettled = false;
    const done = (error?: Error | null) => {
      if (isSettled || !open) return;
      isSettled = true;
      if (error) fail(error);
      else progress(chunk.length);
    };
    try {
      write(chunk, done);
    } catch (error) {
      done(error as Error);
    }
  }

  function progress(bytes: number): void {
    isWriting = false;
    outgoing.taken(bytes);
    stall.progressed();
    flush();
    if (outgoing.bytes === 0) releaseWaiters();
    if (isOver && outgoing.bytes <= bounds.highWaterBytes) {
      isOver = false;
      options.onBelowHighWater?.();
    }
  }

  function fail(error: Error): void {
    if (!open) return;
    close();
    options.onClosed?.(error);
  }

  function close(): void {
    if (!open) return;
    open = false;
    outgoing.drop();
    stall.stop();
    releaseWaiters();
  }

  function releaseWaiters(): void {
    const released = waiters;
    waiters = [];
    for (const release of released) release();
  }
}
