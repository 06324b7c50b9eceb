import type { HttpProbe, TcpProbe } from '../../../protocol/types/probe.ts';
import { numbersOf, replacePorts } from '../placeholders.ts';

/* Where a probe asks. What cannot be made sense of was refused with the spec. */

type NamedPorts = readonly { name: string; port: number }[];

const loopback = '127.0.0.1';

export function httpTarget({ url, port, path = '/' }: HttpProbe, ports: NamedPorts): URL {
  if (url !== undefined) return new URL(replacePorts(url, numbersOf(ports)));
  return new URL(`http://${loopback}:${portNumber(port, ports)}${replacePorts(path, numbersOf(ports))}`);
}

export function tcpTarget({ port }: TcpProbe, ports: NamedPorts): { host: string; port: number } {
  return { host: loopback, port: portNumber(port, ports) };
}

function portNumber(port: number | string | undefined, ports: NamedPorts): number {
  if (typeof port === 'number') return port;
  return port === undefined ? (ports[0]?.port ?? 0) : Number(replacePorts(port, numbersOf(ports)));
}
