import { networkInterfaces } from 'node:os';
import type { PortEntry } from '../../../protocol/types/port.ts';
import type { ProcessInfo } from '../../../protocol/types/process.ts';
import type { ProbedRun, ProbeParts } from './types.ts';

/**
 * Why what answers on this port is not this run, as a sentence; null when it is, or when nobody can tell. A service that could not
 * bind its port may be answered for by a stranger, or by an orphan of an earlier start that runs old code.
 */
export async function whoseElse(
  { host, port }: { host: string; port: number },
  run: ProbedRun,
  { ports, findStarted }: ProbeParts,
  signal: AbortSignal,
): Promise<string | null> {
  if (!isOurs(host)) return null;
  const entries = await ports.find({ protocols: ['tcp'], port, host: host === '0.0.0.0' || host === '::' ? undefined : host }, signal);
  // Closed again since it answered; the next question will tell.
  if (entries.length === 0) return `port ${port} is not listened on any more`;
  if (entries.every(({ visibility }) => visibility === 'unknown')) return null;
  const owners = entries.flatMap((entry) => entry.owners);
  if (owners.some((owner) => isOfRun(owner, run))) return null;
  const started = await findStarted({ startId: run.startId, leader: null });
  if (owners.some((owner) => started.some(({ identity }) => identity === owner.identity))) return null;
  return `port ${port} answers, but it is held by ${describeHolders(entries)} and not by ${run.spec.name}`;
}

/** The process that was started leads its session. */
function isOfRun({ identity, sid }: ProcessInfo, { process }: ProbedRun): boolean {
  return process !== null && (identity === process.identity || sid === process.pid);
}

function describeHolders(entries: PortEntry[]): string {
  const owners = new Map(entries.flatMap((entry) => entry.owners).map((owner) => [owner.pid, `${owner.name} (pid ${owner.pid})`]));
  return owners.size === 0 ? 'a process that this user may not see' : [...owners.values()].join(', ');
}

/** Whether an address is one of this machine. A name is not resolved: what it means may change from one question to the next. */
function isOurs(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '::' || host === '0.0.0.0' || host.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}
