import { constants } from 'node:os';
import { loadLibproc } from '../../../native/darwin/libproc.ts';
import { fail } from '../../../protocol/errors.ts';
import type { Hold, Kin, SignalAnswer, Signals } from '../types.ts';
import { sameIdentity } from './identity.ts';
import { openProcessList, type ProcessList } from './processList.ts';
import type { DarwinOptions } from './tools.ts';

/**
 * macOS has no handle that names a process: what is signalled is checked right before, in the same step of the same thread
 * (`killIdentity: checked`). The pid would have to come around, through 99,998 others, between the two calls.
 */
export function createDarwinSignals(options: DarwinOptions): Signals {
  const list = openProcessList(options);
  return {
    hold: (pid, identity) => hold(pid, identity, list),
    release() {},
    send: (target, signal) => send(target, signal, list),
    rung: () => 'signal',
    readKin: () => readKin(list, options),
    atRest(pid) {
      const row = list.findHere(pid);
      const isStopped = row?.status === 'stopped';
      return row === null || isStopped || row.status === 'zombie' ? { isStopped, isAlone } : null;
    },
    awaitEnds: () => new Set(),
  };
}

/** Who has a child is in the list that is read anyway. */
const isAlone = () => false;

function hold(pid: number, identity: string, list: ProcessList): Hold {
  const row = list.findHere(pid);
  if (row === null) return { kind: 'gone' };
  if (!sameIdentity(identity, row.identity)) return { kind: 'identityMismatch' };
  return row.status === 'zombie' ? { kind: 'zombie', ppid: row.ppid } : { kind: 'held', handle: null };
}

function send({ pid, identity }: { pid: number; identity: string }, signal: string, list: ProcessList): SignalAnswer {
  const number = signalNumber(signal);
  const found = hold(pid, identity, list);
  if (found.kind !== 'held') return found.kind === 'zombie' ? 'gone' : found.kind;
  try {
    process.kill(pid, number);
    return 'sent';
  } catch (error) {
    return answerOf((error as NodeJS.ErrnoException).code);
  }
}

function answerOf(code: string | undefined): SignalAnswer {
  if (code === 'ESRCH') return 'gone';
  // Also for a zombie, and for what System Integrity Protection keeps (kill(2) there).
  if (code === 'EPERM') return 'denied';
  throw new Error(`a signal could not be sent: ${code}`);
}

function signalNumber(name: string): number {
  const number = (constants.signals as Record<string, number>)[name];
  if (number === undefined)
    throw fail('Unsupported', `This system has no signal ${name}.`, { capability: `signal/${name}`, platform: 'darwin' });
  return number;
}

/** ps(1) tells no sessions: its column is an address in the kernel, which is kept secret. 0 is nobody’s. */
function readKin(list: ProcessList, { native }: DarwinOptions): Kin[] {
  const libproc = native ? loadLibproc() : null;
  return list
    .listHere()
    .map(({ pid, ppid, pgid, startMicros }) => ({ pid, ppid, pgid, sid: libproc?.session(pid) ?? 0, startTicks: startMicros }));
}
