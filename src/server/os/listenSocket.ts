import { fail } from '../../protocol/errors.ts';
import { parseAddress } from '../../workers/platform/parse/address.ts';
import { loadListeners, type SocketSystem } from './boundSockets.ts';
import { scopeOf } from './heldSocket.ts';

/** A TCP socket that listens and that we never accept from: whoever gets its descriptor does. */
export interface ListenSocket {
  readonly fd: number;
  close(): void;
}

/**
 * Listens on a local address; `::` takes IPv4 as well. What connects while nobody accepts waits in the backlog. Throws
 * Unsupported without native calls (a listening socket of Node accepts by itself), Conflict where it cannot be had.
 */
export type ListenPort = (port: number, host: string) => ListenSocket;

/** As systemd has it (Backlog=): the kernel cuts it down to net.core.somaxconn, or kern.ipc.somaxconn. */
const backlog = 4_096;

export function createListenPort(system: SocketSystem): ListenPort {
  return function listenPort(port, host) {
    const sockets = loadListeners(system);
    if (sockets === null) throw unsupported(system.platform);
    const address = parseAddress(host);
    if (address === null) throw new Error(`${JSON.stringify(host)} is not an address.`);
    const { family, bytes } = address;
    const bound = sockets.bind({
      protocol: 'tcp',
      family,
      address: bytes,
      port,
      scopeId: scopeOf(address),
      // A server that is started again takes its port over the remains of old connections.
      reuseAddress: true,
      dualStack: family === 'ipv6' && bytes.every((byte) => byte === 0),
    });
    if ('errno' in bound) throw cannotListen(port, host, bound.errno);
    const errno = sockets.listen(bound.fd, backlog);
    if (errno !== null) {
      sockets.close(bound.fd);
      throw cannotListen(port, host, errno);
    }
    let isOpen = true;
    return {
      fd: bound.fd,
      close() {
        if (isOpen) sockets.close(bound.fd);
        isOpen = false;
      },
    };
  };
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'somebody else has it; port/find says who',
  EACCES: 'this user may not bind it',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no IPv6',
  EMFILE: 'the sidecar may have no more open files (ulimit -n)',
};

function cannotListen(port: number, host: string, errno: string) {
  return fail('Conflict', `Port ${port} on ${host} cannot be listened on: ${reasons[errno] ?? errno}.`, {});
}

function unsupported(platform: string) {
  const sentence =
    platform === 'win32'
      ? 'Windows has no descriptors that a program could be given as its numbers 3, 4 …, so no listening port is handed over there; leave passFd out.'
      : 'Handing over a listening port (passFd) needs native calls, which this sidecar has none of here; leave passFd out, or install koffi.';
  return fail('Unsupported', sentence, { capability: 'passFd', platform });
}
