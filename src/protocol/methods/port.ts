import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { BindObstacle, Host, PortCause, PortEntry, PortRange, Suggestion } from '../types/port.ts';
import { Cursor, Duration, doc, Port, Protocol, Text } from '../types/primitives.ts';

const OneProtocol = doc(z.optional(Protocol), 'Which protocol’s port.', { default: 'tcp' });
const AnyProtocol = doc(z.optional(Protocol), 'Only this protocol; both when absent.');
const OneHost = doc(z.optional(Host), 'Only sockets that serve this local address; every local address when absent.');

const exampleOwner = {
  pid: 4242,
  ppid: 4200,
  startedAt: 1_790_000_000_000,
  identity: '0f6d3c1a-4242-99120-7731',
  name: 'node',
  executable: '/usr/bin/node',
  commandLine: ['node', 'server.js'],
  cwd: '/srv/app',
  user: { id: 1000, name: 'ada' },
  pgid: 4242,
  sid: 4200,
  status: 'sleeping' as const,
  rssBytes: 48_000_000,
  visibility: 'full' as const,
};
const exampleEntry = {
  protocol: 'tcp' as const,
  family: 'ipv6' as const,
  dualStack: true,
  address: '::',
  port: 3000,
  state: 'listen' as const,
  owners: [exampleOwner],
  visibility: 'full' as const,
};

export const check = defineMethod({
  name: 'port/check',
  lane: 'look',
  summary: 'Is the port in use, and could it be bound?',
  description:
    'inUse comes from the kernel’s socket table; canBind from rules, confirmed by one bind without listen. Nothing is connected to. Without `host`: inUse is a listener on any local address, canBind means both wildcards.',
  params: z.object({ port: Port, protocol: OneProtocol, host: OneHost }),
  result: z.object({
    inUse: doc(z.boolean(), 'A listener (UDP: a bound, unconnected socket) serves it.'),
    canBind: doc(z.boolean(), 'A server that sets SO_REUSEADDR, as most do, could bind it now.'),
    reason: BindObstacle,
    reserved: doc(z.optional(PortRange), 'With the reason `reservedByOs`: the range that the system keeps from everybody.'),
  }),
  errors: ['PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [{ name: 'a free port', params: { port: 3000 }, result: { inUse: false, canBind: true, reason: null } }],
});

export const find = defineMethod({
  name: 'port/find',
  lane: 'look',
  summary: 'Who holds the port: every listener, never a client of it.',
  params: z.object({ port: Port, protocol: OneProtocol, host: OneHost }),
  result: z.object({
    inUse: z.boolean(),
    entries: doc(z.array(PortEntry), 'Empty only when nobody holds it; a holder whom we may not see is an entry without owners.'),
  }),
  errors: ['PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [
    { name: 'a development server', params: { port: 3000 }, result: { inUse: true, entries: [exampleEntry] } },
    { name: 'nobody', params: { port: 3001 }, result: { inUse: false, entries: [] } },
  ],
});

export const list = defineMethod({
  name: 'port/list',
  lane: 'look',
  summary: 'Every listener of this machine, with its owners.',
  description: 'Ordered by port, protocol and address. Each page is a fresh look; `nextCursor` is absent on the last.',
  params: z.object({
    protocol: AnyProtocol,
    cursor: z.optional(Cursor),
    limit: doc(z.optional(z.int().check(z.gte(1), z.lte(5_000))), 'Entries a page.', { default: 1_000 }),
  }),
  result: z.object({ entries: z.array(PortEntry), nextCursor: z.optional(Cursor) }),
  errors: ['PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [{ name: 'all TCP listeners', params: { protocol: 'tcp' }, result: { entries: [exampleEntry] } }],
});

export const explain = defineMethod({
  name: 'port/explain',
  lane: 'look',
  summary: 'Why a port can or cannot be used, for a person.',
  params: z.object({ port: Port, protocol: AnyProtocol }),
  result: z.object({
    summary: doc(Text, 'One sentence.'),
    cause: PortCause,
    evidence: doc(z.array(Text), 'What was seen, fact by fact.'),
    suggestions: z.array(Suggestion),
  }),
  errors: ['PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [
    {
      name: 'a listener',
      params: { port: 3000 },
      result: {
        summary: 'Port 3000 is held by node (pid 4242, user ada), which listens on [::]:3000 (TCP, IPv4 too).',
        cause: 'listening',
        evidence: ['TCP [::]:3000 listens; owner: node (pid 4242), command: node server.js'],
        suggestions: [{ text: 'Stop node (pid 4242), or use another port.' }],
      },
    },
  ],
});

export const wait = defineMethod({
  name: 'port/wait',
  lane: 'wait',
  summary: 'Waits until the port is in use, or can be bound.',
  description: 'Looks at once and then on a short interval. A port that is not there in time is `reached: false`, not an error.',
  params: z.object({
    port: Port,
    protocol: OneProtocol,
    host: OneHost,
    state: doc(z.enum(['listening', 'free']), '`listening`: inUse. `free`: canBind, by the rules alone.'),
    timeoutMs: Duration,
  }),
  result: z.object({ reached: z.boolean(), elapsedMs: Duration }),
  errors: ['PermissionDenied', 'Unsupported'],
  examples: [
    {
      name: 'a server that comes up',
      params: { port: 3000, state: 'listening', timeoutMs: 10_000 },
      result: { reached: true, elapsedMs: 220 },
    },
  ],
});
