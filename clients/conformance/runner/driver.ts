import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInbox, type Inbox } from './inbox.ts';
import { onLines } from './lines.ts';

/** A client’s driver, running. */
export interface Driver extends AsyncDisposable {
  name: string;
  features: string[];
  /** Sends a command; its answer may be waited for. */
  command(command: object): Inbox<Answer>;
  /** The lines that it says unasked. */
  tells: Inbox<Record<string, unknown>>;
}

export interface Answer {
  ok?: unknown;
  error?: { kind: string; message: string; data: Record<string, unknown> };
}

/** Starts a driver and waits for its first line. */
export async function startDriver(
  [program, ...args]: [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Driver> {
  const child = spawn(program, args, { ...options, env: options.env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] });
  const hello = createInbox<{ driver: string; features: string[] }>();
  const answers = new Map<number, Inbox<Answer>>();
  const tells = createInbox<Record<string, unknown>>();
  let stderr = '';
  let lastN = 0;
  let isGreeted = false;

  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4_000);
  });
  onLines(child.stdout, (line) => {
    const said = JSON.parse(line) as { n?: number } & Record<string, unknown>;
    if (!isGreeted) {
      isGreeted = true;
      hello.put(said as never);
    } else if (said.n === undefined) tells.put(said);
    else answers.get(said.n)?.put(said as Answer);
  });
  const closed = once(child, 'close').catch(() => []);
  void closed.then(([code]) => {
    for (const inbox of [hello, tells, ...answers.values()]) inbox.close(`the driver ended (${String(code)}): ${stderr}`);
  });

  const { driver: name, features } = await hello.next('the first line of the driver');
  return {
    name,
    features,
    tells,
    command(command) {
      lastN += 1;
      const inbox = createInbox<Answer>();
      answers.set(lastN, inbox);
      child.stdin.write(`${JSON.stringify({ n: lastN, ...command })}\n`);
      return inbox;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), lastPatienceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

const lastPatienceMs = 15_000;
