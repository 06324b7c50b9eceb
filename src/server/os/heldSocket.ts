import { networkInterfaces } from 'node:os';
import { type BindSocket, type BoundSocket, loadBindSocket } from '../../native/linux/bindSocket.ts';
import { fail } from '../../protocol/errors.ts';
import { type Address, isLinkLocal, parseAddress } from '../../workers/platform/parse/address.ts';

/** A TCP port that is bound, without SO_REUSEADDR and not listening, so that nobody else can bind it. */
export interface HeldSocket {
  close(): void;
}

/**
 * Takes the port on these local addresses, or on both wildcards; null when that is not possible on all of them. An IPv6 address
 * on a machine without IPv6 is left out. Throws Unsupported without native calls: libuv, and so Node, sets SO_REUSEADDR
 * on whatever it binds (uv__tcp_bind), and a second socket with that option would get the port too.
 */
export type HoldPort = (port: number, hosts: string[] | null) => HeldSocket | null;

export function createHoldPort({ native, platform }: { native: boolean; platform: string }): HoldPort {
  return function holdPort(port, hosts) {
    const sockets = native && platform === 'linux' ? loadBindSocket() : null;
    if (sockets === null) throw unsupported(platform);
    const descriptors: number[] = [];
    const close = (): void => {
      for (const fd of descriptors.splice(0)) sockets.close(fd);
    };
    for (const host of hosts ?? ['0.0.0.0', '::']) {
      const answer = bindOne(sockets, host, port);
      if ('fd' in answer) descriptors.push(answer.fd);
      else if (!(host.includes(':') && withoutFamily.has(answer.errno))) {
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

function bindOne(sockets: BindSocket, host: string, port: number): BoundSocket {
  const address = parseAddress(host);
  if (address === null) throw new Error(`${JSON.stringify(host)} is not an address.`);
  const { family, bytes } = address;
  return sockets.bind({ protocol: 'tcp', family, address: bytes, port, scopeId: scopeOf(address), reuseAddress: false });
}

export function scopeOf(address: Address): number {
  if (!isLinkLocal(address)) return 0;
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) if (entry.family === 'IPv6' && entry.address === address.text) return entry.scopeid;
  }
  return 0;
}

function unsupported(platform: string) {
  const sentence =
    platform === 'linux'
      ? 'Holding a port needs native calls, which this sidecar has none of here; allocate it without hold, or install koffi.'
      : 'sidewarden holds ports on Linux only, so far; allocate it without hold.';
  return fail('Unsupported', sentence, { capability: 'hold', platform });
}

function tooManySockets(errno: string) {
  return fail(
    'Conflict',
    `The system gives this sidecar no more sockets (${errno}); release some held ports, or raise its limit of open files.`,
    {},
  );
}
