import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { HostCallName, HostCallParams, HostCallResult, MethodName, Params, Result } from '../../src/protocol/methods/index.ts';
import { type Carrier, carriers } from './carriers.ts';
import { until } from './until.ts';

/** What came back over the wire, as it is. */
export interface WireMessage {
  jsonrpc: '2.0';
  id?: number | string | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code: number; message: string; data: { kind: string } & Record<string, unknown> };
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartOptions {
  args?: string[];
  env?: Record<string, string>;
  uid?: number;
  /** The default sends `initialize` and waits for its answer. */
  initialize?: boolean | Partial<Params<'initialize'>>;
  framing?: 'lsp' | 'ndjson';
  /** What this host answers when it is asked; one that it has nothing for hangs. What is thrown is an error, undefined no answer. */
  hostCalls?: HostCallAnswers;
  /** What carries the connection; stdio by default. */
  carrier?: Carrier;
  /** A command to run the sidecar under: its arguments go before node. */
  under?: string[];
}

export type HostCallAnswers = {
  [Name in HostCallName]?: (params: HostCallParams<Name>) => HostCallResult<Name> | undefined | Promise<HostCallResult<Name> | undefined>;
};

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The built sidecar, or, with SIDEWARDEN_FROM_SOURCE set, the sources as they are. */
export function sidewardenCommand(): string[] {
  const fromSource = process.env['SIDEWARDEN_FROM_SOURCE'] !== undefined;
  const bin = `${root}${fromSource ? 'src/bin.ts' : 'dist/bin.js'}`;
  if (!existsSync(bin)) throw new Error(`${bin} is missing: run npm run build first`);
  return [process.execPath, bin];
}

/** Wine starts a program ten times as slowly as Linux does, and a busy machine that much more so. */
const patienceMs = process.env.SIDEWARDEN_WINE === undefined ? 20_000 : 80_000;

/** Native calls may be switched off for a whole run, and a test then expects less. */
export const hasNative = process.env['SIDEWARDEN_NATIVE'] !== 'off' && existsSync(`${root}node_modules/koffi`);

/** A real sidecar and a host’s end of its pipes, without any client library of ours in between. */
export async function startSidecar(options: StartOptions = {}) {
  const { env = {}, initialize = true, under = [], carrier = 'stdio' } = options;
  const carried = await carriers[carrier]();
  const { args = [carried.flag], framing = carried.framing } = options;
  const [command, ...rest] = [...under, ...sidewardenCommand(), ...args] as [string, ...string[]];
  const child = spawn(command, rest, {
    stdio: carried.stdio,
    env: { ...process.env, ...carried.env, ...env },
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  });
  // A host that is killed leaves its own behind; whoever names another has no use for it.
  const isElsewhere = typeof initialize === 'object' && initialize.options?.stateDir !== undefined;
  const stateDir = isElsewhere ? null : makeStateDirectory(options.uid);
  const streams = { child, ...(await carried.streamsOf(child)) };
  const sidecar = createSidecar(streams, framing, options.hostCalls ?? {}, () => {
    carried.cleanUp();
    if (stateDir !== null) rmSync(stateDir, { recursive: true, force: true });
  });
  if (initialize) {
    const answer = await sidecar.request('initialize', {
      ...helloParams,
      ...(stateDir !== null && { options: { stateDir } }),
      ...(initialize === true ? {} : initialize),
    });
    if (answer.error) throw new Error(`initialize failed: ${JSON.stringify(answer.error)}; stderr: ${sidecar.stderr()}`);
  }
  return sidecar;
}

export const helloParams: Params<'initialize'> = {
  protocol: { min: 1, max: 1 },
  clientInfo: { name: 'test' },
  processId: null,
  appId: 'sidewarden.test',
  capabilities: {},
};

/** A sidecar’s state away from the real home, and gone with it. */
function makeStateDirectory(uid: number | undefined): string {
  const made = mkdtempSync(join(tmpdir(), 'sidewarden-state-'));
  if (uid !== undefined) chownSync(made, uid, uid);
  return made;
}

export type TestSidecar = ReturnType<typeof createSidecar>;

interface Streams {
  child: ChildProcess;
  /** What the host writes to and reads from, whatever it is. */
  stdin: Writable;
  stdout: Readable;
}

function createSidecar({ child, stdin, stdout }: Streams, framing: 'lsp' | 'ndjson', answers: HostCallAnswers, cleanUp: () => void) {
  const { stderr } = child;
  if (!stderr) throw new Error('the sidecar has no stderr');
  const messages: WireMessage[] = [];
  const errors: Buffer[] = [];
  let buffered = Buffer.alloc(0);
  let lastId = 0;
  let exit: Exit | null = null;

  stdin.on('error', () => {});
  stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  stdout.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let body = takeBody(); body !== null; body = takeBody()) receive(JSON.parse(body) as WireMessage);
  });
  const exited = new Promise<Exit>((resolve) => {
    // 'close' and not 'exit': by then the last output has been read.
    child.on('close', (code, signal) => {
      exit = { code, signal };
      cleanUp();
      resolve(exit);
    });
    child.on('error', () => resolve({ code: null, signal: null }));
  });

  const sidecar = {
    child,
    pid: child.pid as number,
    stdin,
    stdout,
    /** Everything received so far, in order. */
    messages,
    exited,
    stderr: () => Buffer.concat(errors).toString(),
    sendBytes: (bytes: Buffer | string) => stdin.write(bytes),
    send: (message: object) => stdin.write(frame(message)),
    frame,
    /** The next free id, for messages that a test builds itself. */
    nextId: () => ++lastId,
    /** Sends a request and waits for its answer, error or not. */
    async request(method: string, params?: unknown, id: number | string = `t${++lastId}`, deadlineMs = patienceMs): Promise<WireMessage> {
      sidecar.send({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
      return sidecar.answerTo(id, deadlineMs);
    },
    answerTo: (id: number | string | null, deadlineMs = patienceMs) =>
      sidecar.message((message) => message.id === id && message.method === undefined, `an answer to ${JSON.stringify(id)}`, deadlineMs),
    async message(matches: (message: WireMessage) => boolean, what: string, deadlineMs = patienceMs): Promise<WireMessage> {
      return until(
        () => {
          const found = messages.find(matches);
          if (!found && exit) throw new Error(`the sidecar ended (${JSON.stringify(exit)}) before ${what}; stderr: ${sidecar.stderr()}`);
          return found;
        },
        what,
        deadlineMs,
      );
    },
    /** Calls a method and gives its result; an error is thrown with its kind as the name. */
    async call<Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name>> {
      const { result, error } = await sidecar.request(method, params);
      if (error) throw Object.assign(new Error(error.message), { name: error.data.kind, data: error.data, code: error.code });
      return result as Result<Name>;
    },
    /** The params of each time that it asked this of its host. */
    hostCalls: <Name extends HostCallName>(name: Name) =>
      messages.filter(({ id, method }) => method === name && id !== undefined).map(({ params }) => params as HostCallParams<Name>),
    events: (name: string) => messages.filter(({ method }) => method === name),
    /** Ends it as a host does, and says how it went. */
    async end(): Promise<Exit> {
      if (exit === null) {
        stdin.end();
        stdout.resume();
      }
      return exited;
    },
    async [Symbol.asyncDispose]() {
      if (exit !== null) return;
      stdin.destroy();
      stdout.resume();
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    },
  };
  return sidecar;

  function receive(message: WireMessage): void {
    messages.push(message);
    const answer = answers[message.method as HostCallName] as ((params: unknown) => unknown) | undefined;
    if (answer !== undefined && message.id !== undefined) void reply(message, answer);
  }

  async function reply({ id, params }: WireMessage, answer: (params: unknown) => unknown): Promise<void> {
    try {
      const result = await answer(params);
      if (result !== undefined) sidecar.send({ jsonrpc: '2.0', id, result });
    } catch (error) {
      sidecar.send({ jsonrpc: '2.0', id, error: { code: -32_000, message: error instanceof Error ? error.message : String(error) } });
    }
  }

  function frame(message: object): Buffer {
    const body = Buffer.from(JSON.stringify(message));
    return framing === 'ndjson'
      ? Buffer.concat([body, Buffer.from('\n')])
      : Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
  }

  function takeBody(): string | null {
    if (framing === 'ndjson') {
      const end = buffered.indexOf('\n');
      if (end === -1) return null;
      const line = buffered.subarray(0, end).toString();
      buffered = buffered.subarray(end + 1);
      return line;
    }
    const end = buffered.indexOf('\r\n\r\n');
    if (end === -1) return null;
    const header = buffered.subarray(0, end).toString('latin1');
    const length = /^Content-Length: (\d+)$/m.exec(header)?.[1];
    if (length === undefined) throw new Error(`not a frame on stdout: ${JSON.stringify(header.slice(0, 200))}`);
    const start = end + 4;
    if (buffered.length < start + Number(length)) return null;
    const body = buffered.subarray(start, start + Number(length)).toString();
    buffered = buffered.subarray(start + Number(length));
    return body;
  }
}
