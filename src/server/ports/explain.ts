import type { Result } from '../../protocol/methods/index.ts';
import type { PortEntry } from '../../protocol/types/port.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { BindAnswer, ClosingSockets, HeardOwner, PortRules, ReservedPorts } from '../../workers/platform/types.ts';
import { airPlayAdvice, isAirPlay } from './airPlay.ts';

/** All that was seen of one port. */
export interface PortFacts {
  port: number;
  protocols: Protocol[];
  /** TCP sockets that are bound and do not listen are among them. */
  entries: PortEntry[];
  /** Whether this user may look at the processes of all users: then a hidden holder is none of theirs. */
  seesAllOwners: boolean;
  closing: ClosingSockets;
  rules: PortRules;
  binds: { protocol: Protocol; address: string; answer: BindAnswer }[];
  /** Who is said to be an owner where nobody can look at processes. */
  heard: HeardOwner[];
}

type Explanation = Result<'port/explain'>;

/** Which one thing decides, said as a sentence that a person can act on. Pure: facts in, words out. */
export function explainPort(facts: PortFacts): Explanation {
  const { cause, summary, suggestions } = decide(facts);
  return { summary, cause, evidence: collectEvidence(facts), suggestions };
}

type Verdict = Omit<Explanation, 'evidence'>;

function decide(facts: PortFacts): Verdict {
  const { port, entries, closing, rules, binds } = facts;
  const tcp = entries.filter(({ protocol }) => protocol === 'tcp');
  const udp = entries.filter(({ protocol }) => protocol === 'udp');
  const listening = tcp.filter(({ state }) => state === 'listen');
  const bound = tcp.filter(({ state }) => state === 'bound');
  const asksTcp = facts.protocols.includes('tcp');
  const refused = (answer: BindAnswer) => binds.some((bind) => bind.answer === answer && (!asksTcp || bind.protocol === 'tcp'));

  if (asksTcp && listening.length > 0) return holderVerdict(facts, listening);
  if (!asksTcp && udp.length > 0) return holderVerdict(facts, udp);
  if (bound.length > 0) {
    return {
      cause: 'boundNotListening',
      summary: `Port ${port} is bound by ${ownersOf(bound)} without listening: it answers nobody, and nobody else can listen on it.`,
      suggestions: [
        {
          text: 'Wait until it listens or lets go, or use another port.',
          method: 'port/wait',
          params: { port, state: 'free', timeoutMs: 30_000 },
        },
      ],
    };
  }
  if (refused('accessDenied') && port < rules.unprivilegedPortStart && !rules.mayBindPrivileged) {
    return {
      cause: 'privileged',
      summary: `Port ${port} is free, but ports below ${rules.unprivilegedPortStart} need a privilege that this user does not have.`,
      suggestions: [
        {
          text: `Use a port from ${rules.unprivilegedPortStart} on, or give the program the right to it (CAP_NET_BIND_SERVICE, on Linux).`,
        },
      ],
    };
  }
  const protocol = asksTcp ? 'tcp' : 'udp';
  const reserved = reservedRanges(facts).find((range) => (range.protocol ?? protocol) === protocol);
  if (reserved) return reservedVerdict(port, reserved, rules.reservedRefusesBind);
  if (refused('inUse')) return refusedVerdict(facts);
  if (binds.length > 0 && binds.every(({ answer }) => answer === 'addressUnavailable' || answer === 'noFamily')) {
    return {
      cause: 'addressUnavailable',
      summary: `Port ${port} is not in use, but no local address to bind it on is available.`,
      suggestions: [{ text: 'Check that the loopback interface is up in this network namespace.' }],
    };
  }
  if (asksTcp && udp.length > 0) {
    return {
      cause: 'udpOnly',
      summary: `TCP port ${port} is free; only UDP port ${port} is held, by ${ownersOf(udp)}. The two do not disturb each other.`,
      suggestions: [{ text: 'Bind TCP as you like.' }],
    };
  }
  const hasClosing = closingCount(closing) > 0;
  return {
    cause: hasClosing ? 'closing' : 'free',
    summary: hasClosing
      ? `Nobody listens on port ${port}; ${describeClosing(closing)} linger. A server that sets SO_REUSEADDR can bind it now, another one must wait up to a minute.`
      : `Port ${port} is free.`,
    suggestions: hasClosing
      ? [{ text: 'Set SO_REUSEADDR in the server (Node, Go and most frameworks do), or wait for the connections to end.' }]
      : [],
  };
}

function holderVerdict({ port, seesAllOwners }: PortFacts, entries: PortEntry[]): Verdict {
  const protocol = entries[0]?.protocol.toUpperCase() ?? 'TCP';
  const places = [...new Set(entries.map(describeAddress))].join(', ');
  if (entries.every(({ owners }) => owners.length === 0)) {
    return {
      cause: 'hidden',
      summary: `${protocol} port ${port} is held on ${places} by a process that this user may not see: ${whoHides(seesAllOwners)}.`,
      suggestions: [{ text: hiddenAdvice(seesAllOwners) }],
    };
  }
  const ipv6Only = entries.every(({ family, dualStack }) => family === 'ipv6' && !dualStack);
  const names = ownersOf(entries);
  const container = entries.find((entry) => entry.container)?.container;
  const unit = entries.find((entry) => entry.unit)?.unit;
  const suggestions: Verdict['suggestions'] = [];
  const holdsAirPlay = isAirPlay(port, entries);
  if (holdsAirPlay) suggestions.push({ text: airPlayAdvice });
  else if (container)
    suggestions.push({
      text: `It runs in the ${container.engine} container ${container.name ?? container.id.slice(0, 12)}: stop the container rather than the process.`,
    });
  else if (unit && isService(unit.name))
    suggestions.push({ text: `It belongs to the systemd unit ${unit.name}: stop the unit, or systemd may start it again.` });
  else suggestions.push({ text: `Stop ${names}, or use another port.` });
  return {
    cause: ipv6Only ? 'ipv6Only' : 'listening',
    summary: ipv6Only
      ? `${protocol} port ${port} is held by ${names} on ${places}, for IPv6 only: IPv4 clients are not served, and an IPv4 server could still bind it.`
      : `${protocol} port ${port} is held by ${names}${holdsAirPlay ? ', the AirPlay Receiver of macOS' : ''}, on ${places}.`,
    suggestions,
  };
}

function reservedVerdict(port: number, { from, to }: { from: number; to: number }, refusesBind: boolean): Verdict {
  const range = from === to ? `${from}` : `${from}-${to}`;
  return {
    cause: 'reservedByOs',
    summary: refusesBind
      ? `Port ${port} lies in the range ${range} that the system has reserved; binding it is refused although nobody listens.`
      : `Port ${port} is free to bind, but the administrator set ${range} aside (net.ipv4.ip_local_reserved_ports) for a program of this machine.`,
    suggestions: [{ text: 'Use a port outside the reserved ranges, unless it is yours.' }],
  };
}

function refusedVerdict({ port, closing }: PortFacts): Verdict {
  if (closingCount(closing) > 0 || closing.connections > 0) {
    return {
      cause: 'closing',
      summary: `Nobody listens on port ${port} any more, but ${describeClosing(closing)} still keep it from being bound.`,
      suggestions: [{ text: 'Wait until they have ended.', method: 'port/wait', params: { port, state: 'free', timeoutMs: 120_000 } }],
    };
  }
  return {
    // Listeners and connections of this network namespace are all in the table. What is not: TCP that is bound and idle (before
    // Linux 6.8, and in /proc/net), UDP that is connected.
    cause: 'boundNotListening',
    summary: `Port ${port} is bound by a socket that serves nobody, and the system does not say whose it is.`,
    suggestions: [
      { text: 'Wait until it is let go, or use another port.', method: 'port/wait', params: { port, state: 'free', timeoutMs: 30_000 } },
    ],
  };
}

function whoHides(seesAllOwners: boolean): string {
  return seesAllOwners
    ? 'it is the kernel’s own, or belongs to another process namespace'
    : 'it belongs to another user, or to another process namespace';
}

function hiddenAdvice(seesAllOwners: boolean): string {
  return seesAllOwners
    ? 'Look on the machine that hosts this container or namespace, or use another port.'
    : 'Ask again as root or as its owner, or use another port.';
}

function collectEvidence(facts: PortFacts): string[] {
  const { port, entries, closing, rules, binds } = facts;
  const evidence = entries.map((entry) => {
    const state = entry.state === 'listen' ? 'listens' : 'is bound';
    const owners = entry.owners.length === 0 ? 'its owner is hidden' : `owner: ${entry.owners.map(describeOwner).join('; ')}`;
    return `${entry.protocol.toUpperCase()} ${describeAddress(entry)} ${state}; ${owners}`;
  });
  for (const { protocol, pid, name } of facts.heard) {
    const who = name === null ? `process ${pid}` : `${name} (pid ${pid})`;
    evidence.push(
      `the table of ${protocol.toUpperCase()} sockets names ${who}; since when it runs cannot be seen, so it is not taken for certain`,
    );
  }
  if (closingCount(closing) > 0 || closing.connections > 0) evidence.push(`connections over this port: ${describeClosing(closing)}`);
  for (const { protocol, address, answer } of binds) {
    if (answer !== 'cannotTry' && answer !== 'noFamily')
      evidence.push(`binding ${protocol.toUpperCase()} ${address} without listening: ${bindWords[answer]}`);
  }
  if (port < rules.unprivilegedPortStart)
    evidence.push(
      `ports below ${rules.unprivilegedPortStart} are privileged; ${rules.mayBindPrivileged ? 'we may bind them' : 'we may not bind them'}`,
    );
  for (const { protocol, from, to } of reservedRanges(facts))
    if (protocol) evidence.push(`the system keeps ${protocol.toUpperCase()} ports ${from}-${to} from everybody`);
  const { ephemeral } = rules;
  if (ephemeral && port >= ephemeral.from && port <= ephemeral.to)
    evidence.push(`it lies in the ephemeral range ${ephemeral.from}-${ephemeral.to}, so an outgoing connection may take it at any time`);
  return evidence;
}

const reservedRanges = ({ port, rules }: PortFacts): ReservedPorts[] => rules.reserved.filter(({ from, to }) => from <= port && port <= to);

const bindWords: Record<Exclude<BindAnswer, 'cannotTry' | 'noFamily'>, string> = {
  bound: 'succeeded',
  inUse: 'refused, address in use (EADDRINUSE)',
  accessDenied: 'refused, permission denied (EACCES)',
  reservedByOs: 'refused, in a range that the system keeps (WSAEACCES)',
  addressUnavailable: 'refused, no such local address (EADDRNOTAVAIL)',
};

function closingCount({ counts }: ClosingSockets): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function describeClosing({ counts, connections }: ClosingSockets): string {
  const closing = Object.entries(counts).filter(([, count]) => count > 0);
  const parts = closing.map(([state, count]) => `${count} ${closingWords[state] ?? state}`);
  if (connections > 0) parts.push(`${connections} still connected`);
  return parts.join(', ');
}

const closingWords: Record<string, string> = {
  timeWait: 'in TIME_WAIT',
  finWait1: 'in FIN_WAIT1',
  finWait2: 'in FIN_WAIT2',
  closeWait: 'in CLOSE_WAIT',
  lastAck: 'in LAST_ACK',
  closing: 'in CLOSING',
};

function describeAddress({ family, address, port, dualStack }: PortEntry): string {
  return `${family === 'ipv6' ? `[${address}]` : address}:${port}${dualStack ? ' (IPv4 too)' : ''}`;
}

function ownersOf(entries: PortEntry[]): string {
  const owners = new Map(entries.flatMap((entry) => entry.owners).map((owner) => [owner.pid, owner]));
  const names = [...owners.values()].map((owner) => `${owner.name} (${about(owner)})`);
  if (names.length === 0) return 'a process that this user may not see';
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}

function describeOwner(owner: ProcessInfo): string {
  const { name, user, commandLine } = owner;
  const command = commandLine === null ? '' : `, command: ${shorten(commandLine.join(' '), 120)}`;
  return `${name} (${about(owner)}${user ? `, user ${user.name}` : ''})${command}`;
}

/** Its program, where its name does not say that: Node.js calls its first thread `MainThread` from version 24 on. */
function about({ pid, name, executable }: ProcessInfo): string {
  const program = executable?.slice(executable.lastIndexOf('/') + 1) ?? name;
  return program.startsWith(name) || name.startsWith(program) ? `pid ${pid}` : `${program}, pid ${pid}`;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
}

/** Scopes and slices group what a login or a terminal started; only a service is started again. */
function isService(unit: string): boolean {
  return unit.endsWith('.service') && !unit.startsWith('user@');
}
