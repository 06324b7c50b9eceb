import { access } from '../../../native/win32/processHandle.ts';
import { loadHandleWaits, mostHandles } from '../../../native/win32/waitForHandles.ts';
import type { Hold, SignalAnswer, Signals } from '../types.ts';
import { askToEnd, foreseeWays } from './asking.ts';
import { holdProcess, processHandles } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';
import { kinOf, type ProcessList } from './processList.ts';
import { createToolSignals } from './toolSignals.ts';
import type { Win32Options } from './tools.ts';

/**
 * Windows has no signals. SIGKILL is TerminateProcess through the handle that was opened before the identity was checked, SIGSTOP and
 * SIGCONT suspend and resume all threads; for the polite ones there is `asking`, which is no short step.
 */
export function createWin32Signals({ native, tools }: Win32Options, list: ProcessList): Signals {
  if (!native) return createToolSignals(tools, list);
  return {
    hold,
    release(handle) {
      if (handle !== null) processHandles().close(handle);
    },
    send,
    rung: () => 'terminate',
    readKin: () => kinOf(list.listHere()),
    atRest(pid) {
      const row = list.findHere(pid);
      return row === null || row.isSuspended ? { isStopped: row !== null, isAlone } : null;
    },
    awaitEnds,
    asking: { ask: askToEnd, foresee: foreseeWays },
  };
}

/** Who has a child is in the list that is read anyway. */
const isAlone = () => false;

function hold(pid: number, identity: string): Hold {
  const held = holdProcess(pid, access.terminate | access.suspendResume);
  if (held === null) return { kind: 'gone' };
  if (held === 'denied') return { kind: 'denied' };
  if (sameIdentity(identity, formatIdentity(held))) return { kind: 'held', handle: held.handle };
  held.close();
  return { kind: 'identityMismatch' };
}

function send({ pid, identity, handle }: Parameters<Signals['send']>[0], signal: string): SignalAnswer {
  if (handle !== null) return act(handle, signal);
  const found = hold(pid, identity);
  if (found.kind === 'zombie') return 'gone';
  if (found.kind !== 'held') return found.kind;
  try {
    return act(found.handle as number, signal);
  } finally {
    processHandles().close(found.handle as number);
  }
}

function act(handle: number, signal: string): SignalAnswer {
  const handles = processHandles();
  if (handles.hasEnded(handle)) return 'gone';
  switch (signal) {
    case 'SIGKILL':
      // Refused too for one that ends at this very moment.
      if (handles.terminate(handle) === 0) return 'sent';
      return handles.hasEnded(handle) ? 'gone' : 'denied';
    case 'SIGSTOP':
      return handles.suspend(handle) ? 'sent' : 'denied';
    case 'SIGCONT':
      return handles.resume(handle) ? 'sent' : 'denied';
    default:
      return 'noWay';
  }
}

function awaitEnds(handles: readonly number[], withinMs: number): Set<number> {
  const waits = loadHandleWaits();
  const ended = new Set<number>();
  const untilMs = performance.now() + withinMs;
  for (let remainingMs = withinMs; waits !== null && ended.size < handles.length && remainingMs >= 0; ) {
    const living = handles.filter((handle) => !ended.has(handle)).slice(0, mostHandles);
    const one = waits.waitHere(living, Math.ceil(remainingMs));
    if (one === null || one === 'failed') break;
    ended.add(one);
    remainingMs = untilMs - performance.now();
  }
  return ended;
}
