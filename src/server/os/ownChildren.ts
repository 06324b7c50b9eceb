import { constants } from 'node:os';
import { type ChildChange, loadProcessSpawn } from '../../native/linux/spawnProcess.ts';
import type { ChildExit } from './launch.ts';

/* Our children of which Node knows nothing: each is collected here, by its own pid, and by nobody else. A process has one such list. */

/** A child that was started in this turn of the event loop: it has not been collected yet. */
export function ownChild(pid: number): { hasExited(): boolean; exited: Promise<ChildExit> } {
  if (children.size === 0) process.on('SIGCHLD', collectAll);
  const ended = Promise.withResolvers<ChildExit>();
  let hasExited = false;
  children.set(pid, (exit) => {
    hasExited = true;
    ended.resolve(exit);
  });
  return { hasExited: () => hasExited, exited: ended.promise };
}

export const isOwnChild = (pid: number): boolean => children.has(pid);

const children = new Map<number, (exit: ChildExit) => void>();

/** One signal may stand for many ends. */
function collectAll(): void {
  const calls = loadProcessSpawn();
  for (const [pid, end] of children) {
    const change = calls?.wait(pid) ?? null;
    if (change === null || change.kind === 'stopped') continue;
    children.delete(pid);
    end(exitOf(change));
  }
  if (children.size === 0) process.off('SIGCHLD', collectAll);
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
