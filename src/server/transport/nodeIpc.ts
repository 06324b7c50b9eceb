import { limits } from './limits.ts';
import { turnOutputToStderr } from './output.ts';
import type { Transport, TransportHandlers } from './transport.ts';

/**
 * The channel of a process that was forked by Node or Electron: one JSON-RPC object a message, as vscode-languageclient sends them.
 * Throws a sentence where there is no channel.
 *
 * Two things are weaker here than over bytes, because Node reads the channel by itself: a message is parsed whole before it can be found
 * too large, and reading cannot be paused. What arrives meanwhile is kept, and over 64 MiB of it the connection ends.
 */
export function takeNodeIpc(): Transport {
  if (process.send === undefined) {
    throw new Error('--node-ipc needs a channel: start the sidecar with fork() of node:child_process, or with stdio [..., "ipc"].');
  }
  turnOutputToStderr();
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let isPaused = false;
  let handlers: TransportHandlers | null = null;

  return {
    carries: 'messages',
    open(given) {
      handlers = given;
      process.on('message', take);
      process.once('disconnect', end);
      if (!process.connected) end();
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      for (let body = kept.shift(); body !== undefined; body = isPaused ? undefined : kept.shift()) {
        keptBytes -= body.length;
        handlers?.onData(body);
      }
    },
    write: (chunk, done) => send(JSON.parse(chunk.toString()) as object, done),
    close() {
      handlers = null;
      process.off('message', take);
      if (process.connected) process.disconnect();
    },
  };

  function take(message: unknown): void {
    const body = Buffer.from(textOf(message));
    if (!isPaused) return handlers?.onData(body);
    kept.push(body);
    keptBytes += body.length;
    if (keptBytes > limits.inboundBytes) end();
  }

  function end(): void {
    const ended = handlers;
    handlers = null;
    kept.length = 0;
    ended?.onEnd();
  }
}

function send(message: object, done: (error?: Error | null) => void): void {
  // On a closed channel `send` throws nothing and calls back with ERR_IPC_CHANNEL_CLOSED; without a callback it would emit an error.
  process.send?.(message, undefined, undefined, done);
}

/** With fork’s `serialization: 'advanced'` a message may be what JSON is not: a BigInt, a cycle. The empty text is refused as no JSON. */
function textOf(message: unknown): string {
  try {
    return JSON.stringify(message) ?? '';
  } catch {
    return '';
  }
}
