import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A real program of its own that holds a port. */
export interface Actor {
  name: string;
  protocol: 'tcp' | 'udp';
  port: number;
  /** Those that hold it, the first being the program itself. */
  pids: number[];
  about: string;
  /** Ends it and waits until it has ended; may be called twice. */
  end(): Promise<void>;
}

/** Starts everybody; if one does not start, the others are ended again. */
export async function startActors(): Promise<Actor[]> {
  const starts = await Promise.allSettled([
    startNode('web', 'tcp', 'every address, IPv6 and IPv4 in one socket'),
    startPython().catch(() => startNode('loopback', 'tcp', 'this machine only')),
    startNode('shared', 'tcp', 'one socket, shared with a worker that it forked'),
    startNode('names', 'udp', 'a UDP socket'),
    startNode('stubborn', 'tcp', 'ignores SIGTERM'),
  ]);
  const actors = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value);
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed === undefined) return actors;
  await endActors(actors);
  throw failed.reason;
}

export async function endActors(actors: readonly Actor[]): Promise<void> {
  await Promise.all(actors.map((actor) => actor.end()));
}

function startNode(role: string, protocol: Actor['protocol'], about: string): Promise<Actor> {
  return start(process.execPath, [path('actor.ts'), role], { name: `demo-${role}`, protocol, about });
}

function startPython(): Promise<Actor> {
  return start('python3', [path('loopback.py')], { name: 'python3', protocol: 'tcp', about: 'this machine only; not Node.js' });
}

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

async function start(command: string, args: string[], description: Pick<Actor, 'name' | 'protocol' | 'about'>): Promise<Actor> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${description.name} ended before it listened (${signal ?? `exit code ${code}`}).`)),
    );
  });
  failed.catch(() => {});
  const end = () => endChild(child, gone);
  try {
    const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed]);
    const { port, pids } = JSON.parse(line) as Pick<Actor, 'port' | 'pids'>;
    return { ...description, port, pids, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function endChild(child: ChildProcess, gone: Promise<void>): Promise<void> {
  child.stdin?.on('error', () => {});
  child.stdin?.end();
  const overdue = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(overdue);
}
