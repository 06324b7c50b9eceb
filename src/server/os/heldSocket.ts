import { networkInterfaces } from 'node:os';
import type { BindSocket, BoundSocket } from '../../native/bindSocket.ts';
import { fail } from '../../protocol/errors.ts';
import { type Address, isLinkLocal, parseAddress } from '../../workers/platform/parse/address.ts';
import { loadBoundSockets, type SocketSystem } from './boundSockets.ts';

/** A TCP port that is bound, and not listening, so that nobody else can bind it. */
export interface HeldSocket {
  close(): void;
}

/**
 * Takes the port on these local addresses, or on both wildcards; null when that is not possible on all of them. An IPv6 address
 * on a machine without IPv6 is left out. Throws Unsupported without native calls: libuv, and so Node, sets SO_REUSEADDR
 * on whatever it binds on POSIX (uv__tcp_bind), and a second socket with that option would get the port too.
 */
export type HoldPort = (port: number, hosts: string[] | null) => HeldSocket | null;

export function createHoldPort(system: SocketSystem): HoldPort {
  return function holdPort(port, hosts) {
    const sockets = loadBoundSockets(system);
    if (sockets === null) throw unsupported(system.platform);
    const descriptors: number[] = [];
    const close = (): void => {
      for (const fd of descriptors.splice(0)) sockets.close(fd);
    };
    for (const place of placesOf(hosts, system.platform)) {
      const answer = bindOne(sockets, place, port);
      if ('fd' in answer) descriptors.push(answer.fd);
      else if (!(place.host.includes(':') && withoutFamily.has(answer.errno))) {
        close();
        if (exhausted.has(answer.errno)) throw tooManySockets(answer.errno);
        return null;
      }
    }
    return descriptors.length === 0 ? null : { close };
  };
}

const withoutFamily = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);
const exhausted = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

interface Place {
  host: string;
  reuseAddress: boolean;
}

/**
 * Where it is held. Beside a wildcard macOS lets a socket with SO_REUSEADDR, which every server sets, have each single address (in_pcbbind of
 * xnu compares the same address alone then), so those are held as well: by such sockets, once the wildcards have shown that nobody is there.
 */
function placesOf(hosts: string[] | null, platform: string): Place[] {
  const alone = (hosts ?? ['0.0.0.0', '::']).map((host) => ({ host, reuseAddress: false }));
  if (platform !== 'darwin' || hosts !== null) return alone;
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return [...alone, ...[...new Set(own.map(({ address }) => address))].map((host) => ({ host, reuseAddress: true }))];
}

function bindOne(sockets: BindSocket, { host, reuseAddress }: Place, port: number): BoundSocket {
  const address = parseAddress(host);
  if (address === null) throw new Error(`${JSON.stringify(host)} is not an address.`);
  const { family, bytes } = address;
  return sockets.bind({ protocol: 'tcp', family, address: bytes, port, scopeId: scopeOf(address), reuseAddress });
}

export function scopeOf(address: Address): number {
  if (!isLinkLocal(address)) return 0;
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) if (entry.family === 'IPv6' && entry.address === address.text) return entry.scopeid;
  }
  return 0;
}

function unsupported(platform: string) {
  const sentence = 'Holding a port needs native calls, which this sidecar has none of here; allocate it without hold, or install koffi.';
  return fail('Unsupported', sentence, { capability: 'hold', platform });
}

function tooManySockets(errno: string) {
  return fail(
    'Conflict',
    `The system gives this sidecar no more sockets (${errno}); release some held ports, or raise its limit of open files.`,
    {},
  );
}
