import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { frame, joinParts, type Part } from './bytes.ts';
import type { Answer, Driver } from './driver.ts';
import type { Inbox } from './inbox.ts';
import { type Captures, fill, mismatch } from './match.ts';
import { type Actor, openStage, portOf, type Stage } from './stage.ts';

export interface Scenario {
  name: string;
  needs?: string;
  steps: Step[];
}

/** One step; its first member says which. */
export type Step = Record<string, unknown>;

export interface Scene {
  driver: Driver;
  appId: string;
  stateDir: string;
  /** What `start` and `welcomes` answer `initialize` with. */
  initializeResult?: { limits: object };
  /** Starts the real sidecar; without it each client gets a scripted one. */
  realCommand?: [string, ...string[]];
  /** What `withinMs` is multiplied with, on a machine that others share. */
  patience: number;
}

interface Playing extends Scene {
  stage: Stage;
  captures: Captures;
  actors: Map<string, Actor>;
  answers: Map<string, Inbox<Answer>>;
  servers: Map<string, Server>;
}

/** Plays a scenario; throws at the first step that does not go as written, and names it. */
export async function play({ steps }: Scenario, scene: Scene): Promise<void> {
  await using stage = await openStage();
  const playing: Playing = { ...scene, stage, captures: new Map(), actors: new Map(), answers: new Map(), servers: new Map() };
  try {
    for (const [index, step] of steps.entries()) await playStep(step, index, playing);
  } finally {
    for (const server of playing.servers.values()) server.close();
  }
}

async function playStep(step: Step, index: number, playing: Playing): Promise<void> {
  const [name] = Object.keys(step) as [string];
  const run = kinds[name];
  if (run === undefined) throw new Error(`There is no step ${name}.`);
  try {
    await run(step, playing);
  } catch (error) {
    throw new Error(`step ${index + 1}, ${JSON.stringify(step).slice(0, 300)}: ${(error as Error).message}`, { cause: error });
  }
}

const kinds: Record<string, (step: Step, playing: Playing) => Promise<void> | void> = {
  async start({ start: client, ...options }, playing) {
    const as = `start ${String(client)}`;
    command({ do: 'spawn', client, restarts: 0, ...options }, as, playing);
    await welcome(String(client), playing);
    await answered({ answered: as, ok: {} }, playing);
  },

  welcomes: ({ welcomes: client, limits }, playing) => welcome(String(client), playing, limits as object | undefined),

  async enters({ enters: client }, { stage, actors }) {
    actors.set(String(client), await stage.enters(String(client)));
  },

  do: ({ as, ...order }, playing) => command(order, as as string | undefined, playing),

  answered,

  async tells({ tells: expected }, { driver, captures }) {
    check(expected, await driver.tells.next(`the line ${JSON.stringify(expected)}`), captures);
  },

  async receives({ receives: client, message: expected, count }, playing) {
    const { messages } = actorOf(client, playing);
    if (count === undefined) return check(expected, await messages.next(JSON.stringify(expected)), playing.captures);
    const lists = new Map<string, unknown[]>();
    for (let received = 0; received < (count as number); received += 1) {
      const captures: Captures = new Map(playing.captures);
      check(expected, await messages.next(`message ${received + 1} of ${String(count)}`), captures);
      for (const [name, value] of captures) if (!playing.captures.has(name)) lists.set(name, [...(lists.get(name) ?? []), value]);
    }
    for (const [name, list] of lists) playing.captures.set(name, list);
  },

  sends({ sends: client, message, each }, playing) {
    const { captures } = playing;
    const values = each === undefined ? [undefined] : (fill(each, captures) as unknown[]);
    const frames = values.map((value) => frame({ jsonrpc: '2.0', ...(fill(message, new Map([...captures, ['$each', value]])) as object) }));
    write(actorOf(client, playing), Buffer.concat(frames));
  },

  sendsBytes({ sendsBytes: client, input, cut }, playing) {
    write(actorOf(client, playing), joinParts(input as Part[]), cut as number | undefined);
  },

  closesOutput: ({ closesOutput: client }, playing) => actorOf(client, playing).order({ closeOutput: true }),
  exits: ({ exits: client, code }, playing) => actorOf(client, playing).order({ exit: code as number }),
  dies: ({ dies: client }, playing) => void process.kill(actorOf(client, playing).pid, 'SIGKILL'),
  gone: ({ gone: client, withinMs }, playing) =>
    goneProcess(actorOf(client, playing).pid, (withinMs as number | undefined) ?? 10_000, playing.patience),

  async listens({ listens: capture }, { captures, servers }) {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.set(String(capture), server);
    captures.set(String(capture), portOf(server));
  },

  async closes({ closes: capture }, { servers }) {
    const server = servers.get(String(capture)) as Server;
    server.close();
    await once(server, 'close');
  },
};

function command(order: Step, as: string | undefined, playing: Playing): void {
  const { driver, captures, appId, stateDir, stage, realCommand } = playing;
  const client = String(order['client']);
  const spawning = order['do'] === 'spawn' ? { command: realCommand ?? stage.command(client), appId, stateDir } : {};
  const answer = driver.command({ ...spawning, ...(fill(order, captures) as object) });
  if (as !== undefined) playing.answers.set(as, answer);
}

async function answered({ answered: as, ok, error, withinMs }: Step, { answers, captures, patience }: Playing): Promise<void> {
  const inbox = answers.get(String(as));
  if (inbox === undefined) throw new Error(`no command was called ${String(as)}`);
  const answer = await inbox.next(`the answer to ${String(as)}`, withinMs === undefined ? undefined : (withinMs as number) * patience);
  check(error === undefined ? { ok } : { error }, answer, captures);
}

/** The life cycle’s beginning, as far as a sidecar takes part in it. */
async function welcome(client: string, playing: Playing, limits?: object): Promise<void> {
  const actor = await playing.stage.enters(client);
  playing.actors.set(client, actor);
  const hello = await actor.messages.next('initialize');
  check({ method: 'initialize', params: { protocol: { min: 1, max: 1 }, appId: playing.appId } }, hello, playing.captures);
  const result = { ...playing.initializeResult, limits: { ...playing.initializeResult?.limits, ...limits } };
  write(actor, frame({ jsonrpc: '2.0', id: hello['id'], result }));
  check({ method: 'initialized', id: { $absent: true } }, await actor.messages.next('initialized'), playing.captures);
}

function check(expected: unknown, actual: unknown, captures: Captures): void {
  const problem = mismatch(expected, actual, captures);
  if (problem !== null) throw new Error(`${problem}; all of it: ${JSON.stringify(actual).slice(0, 500)}`);
}

function actorOf(client: unknown, { actors }: Playing): Actor {
  const actor = actors.get(String(client));
  if (actor === undefined) throw new Error(`no sidecar of ${String(client)} was welcomed`);
  return actor;
}

function write(actor: Actor, bytes: Buffer, cut = bytes.length): void {
  for (let at = 0; at < bytes.length; at += cut) actor.order({ write: bytes.subarray(at, at + cut).toString('base64') });
}

/** A zombie still has its pid: nobody has collected it. */
async function goneProcess(pid: number, withinMs: number, patience: number): Promise<void> {
  const deadline = performance.now() + withinMs * patience;
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    if (performance.now() > deadline) throw new Error(`process ${pid} is not gone within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
