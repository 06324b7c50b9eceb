import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../clock.ts';
import { courierMessageBytes } from '../../protocol/courier.ts';
import { isDeeper } from '../transport/framing/jsonDepth.ts';
import { limits } from '../transport/limits.ts';

/** Whole messages over a socket: four bytes of length, most significant first, and that many bytes of JSON. */
export interface Messages {
  /** False when it is larger than a message may be; nothing was sent then. */
  send(message: object): boolean;
  close(): void;
}

export interface MessageHandlers {
  onMessage(message: unknown): void;
  /** Called once: the other end is gone, or sent what cannot be read, or stopped in the middle of it. */
  onClosed(): void;
}

/** How long the other end may take from the first byte of a message to its last. */
const messageMs = 2_000;
/** Answers that it does not read. */
const mostUnreadBytes = 4 * courierMessageBytes;

export function openMessages(socket: Socket, { onMessage, onClosed }: MessageHandlers, clock: Clock): Messages {
  let chunks: Buffer[] = [];
  let held = 0;
  let overdue: Timer | null = null;
  const close = () => void socket.destroy();

  socket.on('error', close);
  socket.once('close', () => {
    overdue?.cancel();
    onClosed();
  });
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    if (!takeAll()) close();
  });

  return {
    send(message) {
      const body = Buffer.from(JSON.stringify(message));
      if (body.length > courierMessageBytes) return false;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      if (socket.writableLength > mostUnreadBytes) close();
      else socket.write(Buffer.concat([length, body]));
      return true;
    },
    close,
  };

  /** Takes what is whole; false when it can never be. */
  function takeAll(): boolean {
    const began = held;
    while (held >= 4 && !socket.destroyed) {
      const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      chunks = [bytes];
      const length = bytes.readUInt32BE();
      if (length > courierMessageBytes) return false;
      if (held < 4 + length) break;
      const text = bytes.toString('utf8', 4, 4 + length);
      chunks = [bytes.subarray(4 + length)];
      held -= 4 + length;
      const message = parse(text);
      if (message === undefined) return false;
      onMessage(message);
    }
    if (held < began || held === 0) {
      overdue?.cancel();
      overdue = null;
    }
    if (held > 0) overdue ??= clock.setTimer(messageMs, close);
    return true;
  }
}

function parse(text: string): unknown {
  if (isDeeper(text, limits.jsonDepth)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
