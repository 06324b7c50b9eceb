import { constants } from 'node:os';
import { type ChildChange, loadProcessSpawn } from '../../native/linux/spawnProcess.ts';
import type { ChildExit } from './launch.ts';

/* Our children of which Node knows nothing: each is collected here, by its own pid, and by nobody else. A process has one such list. */

export interface OwnChild {
  pid: number;
  hasExited(): boolean;
  exited: Promise<ChildExit>;
}

/** Starts one, and knows of it before anybody can collect it: in one turn of the event loop. */
export function startOwnChild<Refusal extends { errno: number }>(start: () => { pid: number } | Refusal): OwnChild | Refusal {
  // First: the end of one that ends at once is told by a signal that is lost where nobody listens.
  listen();
  const answer = start();
  if ('errno' in answer) return answer;
  const { pid } = answer;
  const ended = Promise.withResolvers<ChildExit>();
  let hasExited = false;
  children.set(pid, (exit) => {
    hasExited = true;
    ended.resolve(exit);
  });
  return { pid, hasExited: () => hasExited, exited: ended.promise };
}

export const isOwnChild = (pid: number): boolean => children.has(pid);

const children = new Map<number, (exit: ChildExit) => void>();

let isListening = false;
function listen(): void {
  if (!isListening) process.on('SIGCHLD', collectAll);
  isListening = true;
}

/** One signal may stand for many ends. */
function collectAll(): void {
  const calls = loadProcessSpawn();
  for (const [pid, end] of children) {
    const change = calls?.wait(pid) ?? null;
    if (change === null || change.kind === 'stopped') continue;
    children.delete(pid);
    end(exitOf(change));
  }
}

export function exitOf(change: Exclude<ChildChange, { kind: 'stopped' }>): ChildExit {
  switch (change.kind) {
    case 'exited':
      return { exitCode: change.exitCode, signal: null };
    case 'signaled':
      return { exitCode: null, signal: nameOf(change.signal) };
    case 'lost':
      return { exitCode: null, signal: null };
  }
}

function nameOf(signal: number): NodeJS.Signals | null {
  const [name] = Object.entries(constants.signals).find(([, number]) => number === signal) ?? [];
  return (name as NodeJS.Signals | undefined) ?? null;
}
