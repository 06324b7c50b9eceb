import type { BindAnswer, ClosingSockets, HeardOwner, Platform, PortRules, SocketRow, Sockets } from '../platform/types.ts';
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
  /** Where there are none: whom the system names all the same. */
  heard: HeardOwner[];
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
  const candidates = await listCandidatesFor(rows, sockets);
  return {
    rows,
    closing: await sockets.readClosing(port),
    rules: await sockets.readRules(),
    localAddresses: await sockets.readLocalAddresses(),
    binds,
    candidates,
    heard: candidates === null ? await hearOwners(rows, sockets) : [],
  };
}

async function hearOwners(rows: SocketRow[], sockets: Sockets): Promise<HeardOwner[]> {
  const places = new Map(rows.map(({ protocol, port }) => [`${protocol} ${port}`, { protocol, port }]));
  const heard = await Promise.all([...places.values()].map(({ protocol, port }) => sockets.hearOwners?.(protocol, port) ?? []));
  return heard.flat();
}
