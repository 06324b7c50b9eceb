import * as z from 'zod/mini';
import { doc, Port, Protocol, struct, Text } from './primitives.ts';
import { ProcessInfo } from './process.ts';

export const Host = doc(
  z.string().check(z.minLength(1), z.maxLength(100)),
  'A local address: an IPv4 or IPv6 literal, or `localhost` for both loopback addresses. Other names are refused; resolve them first.',
);

export const Visibility = doc(
  z.enum(['full', 'hidden', 'unknown']),
  '`full`: all its owners are listed. `hidden`: it is held by someone whom this user may not see, or not only by those listed. `unknown`: we could not look.',
);

const Container = struct('Container', 'The container that holds a socket.', {
  engine: doc(Text, '`docker`, `podman`, `containerd`, `cri-o`, `lxc` or another one’s name.'),
  id: Text,
  name: z.optional(Text),
  image: z.optional(Text),
});

const Unit = struct('Unit', 'The systemd unit that holds a socket.', {
  name: Text,
  scope: z.enum(['system', 'user']),
});

export const PortEntry = struct('PortEntry', 'One socket that holds a port: a listener (TCP), or a bound and unconnected socket (UDP).', {
  protocol: Protocol,
  family: z.enum(['ipv4', 'ipv6']),
  dualStack: doc(z.boolean(), 'An IPv6 wildcard socket that takes IPv4 connections as well.'),
  address: doc(Text, 'The local address; `0.0.0.0` or `::` for all of them.'),
  port: Port,
  state: doc(z.enum(['listen', 'bound']), '`bound`: UDP, or TCP that was bound and does not listen.'),
  owners: doc(z.array(ProcessInfo), 'Every process with a descriptor of this socket; empty when hidden or unknown.'),
  visibility: Visibility,
  container: z.optional(Container),
  unit: z.optional(Unit),
});
export type PortEntry = z.infer<typeof PortEntry>;

export const BindObstacle = doc(
  z.nullable(z.enum(['inUse', 'boundNotListening', 'accessDenied', 'reservedByOs', 'addressUnavailable'])),
  'Why it cannot be bound; null when it can.',
);

export const PortRange = struct('PortRange', 'Ports from and to, both included.', { from: Port, to: Port });

export const PortCause = doc(
  z.enum([
    'free',
    'listening',
    'hidden',
    'boundNotListening',
    'closing',
    'privileged',
    'reservedByOs',
    'addressUnavailable',
    'udpOnly',
    'ipv6Only',
  ]),
  'The one thing that decides: what stands in the way of binding the port, or `free`.',
);

export const Suggestion = struct('Suggestion', 'Something that can be done about it.', {
  text: doc(Text, 'A sentence for a person.'),
  method: doc(z.optional(Text), 'The method that does it.'),
  params: doc(z.optional(z.record(z.string(), z.unknown())), 'The parameters to call it with.'),
});
