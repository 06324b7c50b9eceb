import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { Scope } from '../localAddresses.ts';
import type { Address } from '../parse/address.ts';

/** Binds TCP once without listening and undoes it, without koffi: null when that worked, else the errno’s name. With SO_REUSEADDR, but on Windows; IPv6 v6only. */
export function bindServerHandle({ address, port, scope }: { address: Address; port: number; scope: Scope | null }): string | null {
  const isIpv6 = address.family === 'ipv6';
  const handle = (createServerHandle as CreateServerHandle)(
    scope === null ? address.text : `${address.text}%${scope.name}`,
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

/** What lib/net.js binds with before it listens: undocumented, unchanged since Node 12, and the only way to bind TCP without listening. */
type CreateServerHandle = (address: string, port: number, addressType: 4 | 6, fd: undefined, flags: number) => number | ServerHandle;
interface ServerHandle {
  getsockname(out: object): number;
  close(): void;
}

const { _createServerHandle: createServerHandle } = net as unknown as { _createServerHandle?: CreateServerHandle };
export const hasServerHandles = typeof createServerHandle === 'function';
const UV_TCP_IPV6ONLY = 1;
