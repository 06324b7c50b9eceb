import type { Params, Result } from '../../src/protocol/methods/index.ts';
import { watchAct } from './act.ts';
import type { Killing } from './carryOut.ts';
import { type ExitCode, exitCode } from './exitCode.ts';
import { type Addresses, exitCodeOf } from './outcomes.ts';
import { addressOf } from './portTable.ts';
import type { SidecarConnection } from './sidecar.ts';
import { isInteractive } from './terminal.ts';

export type PortParams = Params<'port/kill'> & { port: number };
type Answer = Result<'port/kill'>;

/** The holders of a port, as carryOut ends them. */
export function portKilling(
  sidecar: SidecarConnection,
  params: PortParams,
  { json = false }: { json?: boolean | undefined },
): Killing<Answer> {
  const act = (what: Params<'port/kill'>) =>
    watchAct(sidecar, { isQuiet: json || !isInteractive() }, ({ workDoneToken, signal }) =>
      sidecar.call('port/kill', { ...what, workDoneToken }, { signal }),
    );
  return {
    plan: (options) => sidecar.call('port/kill', { ...params, ...options, dryRun: true }),
    execute: (planId) => act({ planId }),
    direct: () => act(params),
    addresses: () => findAddresses(sidecar, params),
  };
}

async function findAddresses(sidecar: SidecarConnection, { port, protocol }: PortParams): Promise<Addresses> {
  const { entries } = await sidecar.call('port/find', { port, protocol });
  const addresses = new Map<string, string[]>();
  for (const entry of entries) {
    for (const { identity } of entry.owners) addresses.set(identity, [...(addresses.get(identity) ?? []), addressOf(entry)]);
  }
  return addresses;
}

/** How the port stands, in a sentence. */
export function portVerdict({ port, protocol = 'tcp' }: PortParams, { freed, cause, outcomes }: Answer): string {
  const name = `${protocol.toUpperCase()} port ${port}`;
  if (freed) return outcomes.length === 0 ? `Nobody holds ${name}.` : `${name} is free.`;
  switch (cause) {
    case 'hidden':
      return `${name} is held by somebody whom this user may not see; root may, and can end it.`;
    case 'closing':
      return `Nobody holds ${name}, but closing connections keep it for a while yet, mostly for a minute.`;
    case 'reservedByOs':
      return `Nobody holds ${name}, but the system has reserved it.`;
    default:
      return `${name} is still held.`;
  }
}

/** What the tool ends with after port/kill was answered. */
export function portExitCode({ cause, outcomes }: Answer, isDone: boolean): ExitCode {
  const code = exitCodeOf(outcomes);
  if (code === exitCode.none && cause === 'hidden') return exitCode.notAll;
  const isHeld = cause === 'hidden' || cause === 'heldByOther';
  return isDone && isHeld && code !== exitCode.refused ? exitCode.notAll : code;
}
