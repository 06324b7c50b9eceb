import { onLines } from '../../conformance/runner/lines.ts';
import { Sidecar, SidecarError, type Subscription, type types } from '../index.ts';
import { launchCommand } from '../launch/command.ts';

/* What clients/conformance/README.md calls a driver, for the TypeScript client. */

interface Command {
  n: number;
  do: string;
  client: string;
  command: [string, ...string[]];
  appId: string;
  stateDir?: string;
  restarts: number;
  startTimeoutMs?: number;
  method: string;
  params: object;
  timeoutMs?: number;
  call?: string;
  topic: string;
  subscription: string;
  filter?: types.EventFilter;
  intervalMs?: number;
  name: string;
  fails?: string;
  answer: types.HostSecondInstanceResult;
  value: unknown;
}

const sidecars = new Map<string, Sidecar>();
const calls = new Map<string, AbortController>();
const subscriptions = new Map<string, Subscription>();
const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const commands: Record<string, (command: Command) => Promise<unknown>> = {
  async spawn({ client, command: [program, ...args], appId, stateDir, restarts, startTimeoutMs }) {
    const sidecar = await Sidecar.spawn({
      appId,
      launch: launchCommand({ command: program, args }),
      restarts: { most: restarts, withinMs: 180_000 },
      ...(stateDir !== undefined && { options: { stateDir } }),
      startTimeoutMs,
      endTimeoutMs: 5_000,
    });
    sidecars.set(client, sidecar);
    sidecar.on('overflow', (params) => tell({ overflow: { client, params } }));
    sidecar.on('restarted', ({ lost }) => {
      tell({ restarted: { client, lost: lost.map(({ what, name, error }) => ({ what, name, kind: error.kind })) } });
    });
    sidecar.on('ended', ({ error }) => tell({ ended: { client, kind: error.kind, message: error.message } }));
    return sidecar.server;
  },

  async call({ client, method, params, timeoutMs, call = '' }) {
    const cancelling = new AbortController();
    calls.set(call, cancelling);
    return sidecarOf(client).call(method as 'sidecar/ping', params, { timeoutMs, signal: cancelling.signal });
  },

  cancel: async ({ call = '' }) => calls.get(call)?.abort(),

  async subscribe({ client, topic, subscription, filter, intervalMs }) {
    const listener = (params: object) => tell({ event: { subscription, params } });
    const made = sidecarOf(client).on(topic as 'port', listener, { filter, intervalMs });
    subscriptions.set(subscription, made);
    await made.ready;
  },

  unsubscribe: async ({ subscription }) => subscriptions.get(subscription)?.end(),

  async onShutdown({ client, name, timeoutMs, fails }) {
    await sidecarOf(client).onShutdown(
      name,
      ({ reason }) => {
        tell({ handler: { client, name, reason } });
        if (fails !== undefined) throw new Error(fails);
      },
      { timeoutMs },
    ).ready;
  },

  async onSecondInstance({ client, answer }) {
    sidecarOf(client).onSecondInstance(({ payload }) => {
      tell({ secondInstance: { client, payload } });
      return answer;
    });
  },

  close: async ({ client }) => sidecarOf(client).close(),

  // What this client makes of JSON is the JSON itself; its types are the compiler's alone.
  decode: async ({ value }) => value,
};

tell({ driver: 'typescript', features: ['restart'] });
onLines(process.stdin, (line) => void run(JSON.parse(line) as Command));
process.stdin.on('end', () => void Promise.all([...sidecars.values()].map((sidecar) => sidecar.close())));

async function run(command: Command): Promise<void> {
  const { n } = command;
  try {
    tell({ n, ok: (await commands[command.do]?.(command)) ?? null });
  } catch (error) {
    if (!(error instanceof SidecarError)) throw error;
    tell({ n, error: { kind: error.kind, message: error.message, data: error.data } });
  }
}

function sidecarOf(client: string): Sidecar {
  const sidecar = sidecars.get(client);
  if (sidecar === undefined) throw new Error(`no client ${client}`);
  return sidecar;
}
