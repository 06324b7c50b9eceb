import type { BindAnswer, ClosingSockets, Platform, PortRules, SocketRow } from '../platform/types.ts';
import { tellDualStack } from './dualStack.ts';
import { listCandidatesFor } from './readSockets.ts';

export interface PortFacts {
  /** TCP that is bound and does not listen included, where the system tells. */
  rows: SocketRow[];
  closing: ClosingSockets;
  rules: PortRules;
  /** Canonical, without wildcards. */
  localAddresses: string[];
  /** Both wildcards of each protocol. */
  binds: { protocol: SocketRow['protocol']; address: string; answer: BindAnswer }[];
  /** As in `SocketsSeen`. */
  candidates: number[] | null;
}

/** Everything that can be known about a port, undecided. */
export async function explainPort(
  { port, protocols }: { port: number; protocols: SocketRow['protocol'][] },
  { sockets }: Platform,
): Promise<PortFacts> {
  const rows = await tellDualStack(await sockets.read({ protocols, port, withBoundTcp: true }), sockets);
  const binds: PortFacts['binds'] = [];
  for (const protocol of protocols) {
    for (const address of ['0.0.0.0', '::']) binds.push({ protocol, address, answer: await sockets.tryBind(protocol, address, port) });
  }
  return {
    rows,
    closing: await sockets.readClosing(port),
    rules: await sockets.readRules(),
    localAddresses: await sockets.readLocalAddresses(),
    binds,
    candidates: await listCandidatesFor(rows, sockets),
  };
}
