import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The host’s side of a peer’s pipes: no library, one for all peers, so that what it costs cancels out. */
export interface Peer {
  readonly pid: number;
  readonly stdout: { pause(): unknown; resume(): unknown };
  /** Writes these bytes and resolves with the next body that comes back, unparsed. */
  ask(frame: Buffer): Promise<Buffer>;
  /** Writes `frames` at once and resolves when `count` bodies came back. */
  askMany(frames: Buffer, count: number): Promise<void>;
  /** Writes a request of its own and resolves with its result; other answers may come first. */
  call(method: string, params: object): Promise<unknown>;
  /** Writes without waiting for anything; false when the pipe is full. */
  send(frame: Buffer): boolean;
  end(): Promise<void>;
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: { message: string };
}

/** Starts a program that speaks JSON-RPC with LSP framing over stdio. */
export function startPeer([command, ...args]: [string, ...string[]], env: Record<string, string> = {}): Peer {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  const { stdin, stdout } = child;
  const exited = once(child, 'exit');
  const pending = new Map<string, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  let expected = 0;
  let arrived: (body: Buffer) => void = () => {};

  stdin.on('error', () => {});
  readBodies(stdout, (body) => {
    if (pending.size > 0 && settle(body)) return;
    expected -= 1;
    if (expected === 0) arrived(body);
  });

  return {
    pid: child.pid as number,
    stdout,
    ask: (frame) => expect(frame, 1),
    async askMany(frames, count) {
      await expect(frames, count);
    },
    call(method, params) {
      const answer = Promise.withResolvers<unknown>();
      const id = `c${++lastId}`;
      pending.set(id, answer);
      stdin.write(frame(method, params, id));
      return answer.promise;
    },
    send: (bytes) => stdin.write(bytes),
    async end() {
      stdin.end();
      stdout.resume();
      await exited;
    },
  };

  function expect(frames: Buffer, count: number): Promise<Buffer> {
    expected = count;
    return new Promise((resolve) => {
      arrived = resolve;
      stdin.write(frames);
    });
  }

  function settle(body: Buffer): boolean {
    const { id, result, error } = JSON.parse(body.toString()) as Answer;
    const answer = pending.get(String(id));
    if (answer === undefined) return false;
    pending.delete(String(id));
    if (error) answer.reject(new Error(error.message));
    else answer.resolve(result);
    return true;
  }
}

/** A request as it goes over the wire. */
export function frame(method: string, params: object, id: number | string = 1): Buffer {
  return frameOf({ jsonrpc: '2.0', id, method, params });
}

export function notification(method: string, params: object): Buffer {
  return frameOf({ jsonrpc: '2.0', method, params });
}

function frameOf(message: object): Buffer {
  const body = JSON.stringify(message);
  return Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** Calls back with each body of an LSP-framed stream. */
export function readBodies(stream: NodeJS.ReadableStream, onBody: (body: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end = endOfFrame(bytes, at); end !== null; end = endOfFrame(bytes, at)) {
      at = end.to;
      onBody(bytes.subarray(end.from, end.to));
    }
    rest = bytes.subarray(at);
  });
}

const lengthAt = 'Content-Length: '.length;

function endOfFrame(bytes: Buffer, start: number): { from: number; to: number } | null {
  const header = bytes.indexOf('\r\n\r\n', start);
  if (header === -1) return null;
  const from = header + 4;
  const to = from + Number.parseInt(bytes.toString('latin1', start + lengthAt, header), 10);
  return to <= bytes.length ? { from, to } : null;
}
