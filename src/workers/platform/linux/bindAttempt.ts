import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { openBindProbe } from '../../../native/linux/bindProbe.ts';
import type { Address } from '../parse/address.ts';
import type { MaybePromise, SocketRow } from '../types.ts';

export interface BindTarget {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
  /** The interface of a link-local address. */
  scope: { id: number; name: string } | null;
}

/** Binds once without listening and undoes it: null when that worked, else the errno’s name. TCP with SO_REUSEADDR, UDP without; IPv6 v6only. */
export type BindAttempt = (target: BindTarget) => MaybePromise<string | null>;

/** The system calls themselves; without koffi Node’s own handles. Null for a protocol that neither can bind without listening. */
export function openBindAttempt({ native }: { native: boolean }): Record<SocketRow['protocol'], BindAttempt | null> {
  const probe = native ? openBindProbe() : null;
  // UDP attempts of two sidecars would refuse each other, and without native calls nothing marks them as such.
  if (probe === null) return { tcp: hasServerHandles ? bindServerHandle : null, udp: null };
  const attempt: BindAttempt = ({ protocol, address: { family, bytes }, port, scope }) =>
    probe({ protocol, family, address: bytes, port, scopeId: scope?.id ?? 0, reuseAddress: protocol === 'tcp' });
  return { tcp: attempt, udp: attempt };
}

/** What lib/net.js binds with before it listens: undocumented, unchanged since Node 12, and the only way to bind TCP without listening. */
type CreateServerHandle = (address: string, port: number, addressType: 4 | 6, fd: undefined, flags: number) => number | ServerHandle;
interface ServerHandle {
  getsockname(out: object): number;
  close(): void;
}

const { _createServerHandle: createServerHandle } = net as unknown as { _createServerHandle?: CreateServerHandle };
const hasServerHandles = typeof createServerHandle === 'function';
const UV_TCP_IPV6ONLY = 1;

function bindServerHandle({ address, port, scope }: BindTarget): string | null {
  const isIpv6 = address.family === 'ipv6';
  const handle = (createServerHandle as CreateServerHandle)(
    spell(address, scope),
    port,
    isIpv6 ? 6 : 4,
    undefined,
    isIpv6 ? UV_TCP_IPV6ONLY : 0,
  );
  if (typeof handle === 'number') return getSystemErrorName(handle);
  // libuv sets SO_REUSEADDR, and keeps EADDRINUSE back until the next call: uv__tcp_bind, delayed_error.
  const delayed = handle.getsockname({});
  handle.close();
  return delayed === 0 ? null : getSystemErrorName(delayed);
}

const spell = ({ text }: Address, scope: BindTarget['scope']): string => (scope === null ? text : `${text}%${scope.name}`);
