import type { BindSocket } from '../../../native/bindSocket.ts';
import { loadBindSocket } from '../../../native/darwin/bindSocket.ts';
import type { Scope } from '../localAddresses.ts';
import type { Address } from '../parse/address.ts';
import { bindServerHandle, hasServerHandles } from '../posix/bindServerHandle.ts';
import type { SocketRow } from '../types.ts';

export interface BindTarget {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
  /** The interface of a link-local address. */
  scope: Scope | null;
}

/** Binds once without listening and undoes it: null when that worked, else the errno’s name. IPv6 v6only. */
export type BindAttempt = (target: BindTarget) => string | null;

export interface BindAttempts {
  /** Without SO_REUSEADDR: that succeeds only where nobody at all has the port on an address that overlaps. Null without native calls. */
  alone: BindAttempt | null;
  /** TCP with SO_REUSEADDR, as servers do: it passes beside whoever has another address of the same family. Null where there is no way. */
  asServer: BindAttempt | null;
}

export function openBindAttempt({ native }: { native: boolean }): BindAttempts {
  const sockets = native ? loadBindSocket() : null;
  if (sockets === null) return { alone: null, asServer: hasServerHandles ? bindServerHandle : null };
  return { alone: attempt(sockets, false), asServer: attempt(sockets, true) };
}

function attempt(sockets: BindSocket, reuseAddress: boolean): BindAttempt {
  return ({ protocol, address: { family, bytes }, port, scope }) => {
    const answer = sockets.bind({ protocol, family, address: bytes, port, scopeId: scope?.id ?? 0, reuseAddress });
    if ('errno' in answer) return answer.errno;
    sockets.close(answer.fd);
    return null;
  };
}
