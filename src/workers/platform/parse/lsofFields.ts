import type { Family } from '../types.ts';
import { readLocalAddress } from './darwinAddress.ts';

/** A TCP listener, TCP that is bound and idle, or a UDP socket, and a process that has a descriptor of it. */
export interface LsofSocket {
  pid: number;
  protocol: 'tcp' | 'udp';
  family: Family;
  address: string;
  port: number;
}

/** The fields that lsof is asked for (-F): process, descriptor, type, protocol, name, TCP/TPI information; each ended by NUL. */
export const lsofFields = 'pftPnT0';

/**
 * Reads the field output of lsof(8): a set of fields begins with `p` for a process and with `f` for each of its files. Of TCP only
 * LISTEN, and CLOSED while it is bound, whatever lsof was asked for: a connection that was accepted has the listener’s port and is
 * no holder of it. UDP that is connected (`->` in its name) is left out as well, and so are sockets that are not bound (`*:*`).
 */
export function parseLsofFields(text: string): LsofSocket[] {
  const sockets: LsofSocket[] = [];
  let pid = 0;
  let file = new Map<string, string>();
  const finish = (): void => {
    const socket = pid > 0 ? toSocket(pid, file) : null;
    if (socket !== null) sockets.push(socket);
    file = new Map();
  };
  for (const field of text.split('\0')) {
    // A set ends with a newline behind its last NUL.
    const [name = '', value] = [field.replace(/^\n+/, '')[0], field.replace(/^\n+/, '').slice(1)];
    if (name === 'p' || name === 'f') finish();
    if (name === 'p') pid = Number(value);
    else if (name === 'T') file.set(value.slice(0, 2), value.slice(3));
    else if (name !== '') file.set(name, value);
  }
  finish();
  return sockets;
}

function toSocket(pid: number, file: Map<string, string>): LsofSocket | null {
  const protocol = file.get('P')?.toLowerCase();
  const name = file.get('n') ?? '';
  if ((protocol !== 'tcp' && protocol !== 'udp') || name.includes('->')) return null;
  if (protocol === 'tcp' && !holding.has(file.get('ST') ?? '')) return null;
  const [, host, port] = /^(.*):(\d+)$/.exec(name) ?? [];
  if (host === undefined) return null;
  const address = readLocalAddress(host.replace(/^\[(.*)\]$/, '$1'), file.get('t') === 'IPv6' ? 'ipv6' : 'ipv4');
  return address === null ? null : { pid, protocol, family: address.family, address: address.text, port: Number(port) };
}

const holding = new Set(['LISTEN', 'CLOSED']);

/**
 * What the end of lsof means, for a listing of sockets: it exits with 1 also when something that it was asked for is not there. Null
 * when it has looked; else what it complained of. That file systems do not answer has nothing to do with sockets.
 */
export function whyLsofFailed({ code, stderr }: { code: number; stderr: string }): string | null {
  const complaints = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^lsof: WARNING: can't stat\(\)/.test(line) && line !== 'Output information may be incomplete.');
  if (code === 0 || (code === 1 && complaints.length === 0)) return null;
  return complaints[0] ?? `it ended with ${code}`;
}
