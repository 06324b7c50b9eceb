import { describe, expect, test } from 'vitest';
import type { PortEntry } from '../../src/protocol/types/port.ts';
import { explainPort, type PortFacts } from '../../src/server/ports/explain.ts';

const owner = {
  pid: 4242,
  ppid: 1,
  startedAt: 1,
  identity: 'x',
  name: 'node',
  executable: '/usr/bin/node',
  commandLine: ['node', 'server.js'],
  cwd: '/',
  user: { id: 1000, name: 'ada' },
  status: 'sleeping' as const,
  rssBytes: 1,
  visibility: 'full' as const,
};
const listener: PortEntry = {
  protocol: 'tcp',
  family: 'ipv4',
  dualStack: false,
  address: '127.0.0.1',
  port: 3000,
  state: 'listen',
  owners: [owner],
  visibility: 'full',
};
const controlCenter = '/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter';
const airPlay: PortEntry = {
  ...listener,
  ...{ family: 'ipv6', dualStack: true, address: '::', port: 7000 },
  owners: [{ ...owner, name: 'ControlCenter', executable: controlCenter, commandLine: [controlCenter] }],
};
const free: PortFacts = {
  port: 3000,
  protocols: ['tcp', 'udp'],
  entries: [],
  seesAllOwners: false,
  closing: { counts: {}, connections: 0 },
  rules: {
    unprivilegedPortStart: 1024,
    mayBindPrivileged: false,
    ephemeral: { from: 32768, to: 60999 },
    reserved: [],
    reservedRefusesBind: false,
  },
  binds: [{ protocol: 'tcp', address: '0.0.0.0', answer: 'bound' }],
  heard: [],
};
const refused = [{ protocol: 'tcp' as const, address: '0.0.0.0', answer: 'inUse' as const }];

const cases: { name: string; facts: Partial<PortFacts>; cause: string; says: RegExp; evidence?: RegExp }[] = [
  { name: 'nothing there', facts: {}, cause: 'free', says: /^Port 3000 is free\.$/ },
  {
    name: 'a listener whom a table names, where nobody can look at processes',
    facts: { entries: [{ ...listener, owners: [], visibility: 'unknown' }], heard: [{ protocol: 'tcp', pid: 4_242, name: 'node.exe' }] },
    cause: 'hidden',
    says: /may not see/,
    evidence: /names node\.exe \(pid 4242\); since when it runs cannot be seen/,
  },
  {
    name: 'a listener',
    facts: { entries: [listener] },
    cause: 'listening',
    says: /node \(pid 4242\), on 127\.0\.0\.1:3000/,
    evidence: /owner: node \(pid 4242, user ada\), command: node server\.js/,
  },
  {
    name: 'the AirPlay Receiver of macOS',
    facts: { port: 7000, entries: [airPlay], protocols: ['tcp'] },
    cause: 'listening',
    says: /^TCP port 7000 is held by ControlCenter \(pid 4242\), the AirPlay Receiver of macOS, on \[::\]:7000/,
  },
  {
    name: 'another program on the port of AirPlay',
    facts: { port: 5000, entries: [{ ...listener, port: 5000 }], protocols: ['tcp'] },
    cause: 'listening',
    says: /^TCP port 5000 is held by node \(pid 4242\), on/,
  },
  {
    name: 'ControlCenter on another port',
    facts: { port: 3000, entries: [{ ...airPlay, port: 3000 }], protocols: ['tcp'] },
    cause: 'listening',
    says: /^TCP port 3000 is held by ControlCenter \(pid 4242\), on/,
  },
  {
    name: 'a listener nobody may see',
    facts: { entries: [{ ...listener, owners: [], visibility: 'hidden' }] },
    cause: 'hidden',
    says: /may not see/,
    evidence: /its owner is hidden/,
  },
  {
    name: 'a v6-only listener',
    facts: { entries: [{ ...listener, family: 'ipv6', address: '::1' }] },
    cause: 'ipv6Only',
    says: /IPv6 only/,
  },
  {
    name: 'a dual-stack listener',
    facts: { entries: [{ ...listener, family: 'ipv6', address: '::', dualStack: true }] },
    cause: 'listening',
    says: /\[::\]:3000 \(IPv4 too\)/,
  },
  {
    name: 'bound without listening',
    facts: { entries: [{ ...listener, state: 'bound' }], binds: refused },
    cause: 'boundNotListening',
    says: /without listening/,
  },
  {
    name: 'only UDP',
    facts: { entries: [{ ...listener, protocol: 'udp', state: 'bound' }] },
    cause: 'udpOnly',
    says: /TCP port 3000 is free; only UDP/,
  },
  {
    name: 'UDP, asked about UDP',
    facts: { protocols: ['udp'], entries: [{ ...listener, protocol: 'udp', state: 'bound' }] },
    cause: 'listening',
    says: /^UDP port 3000 is held/,
  },
  {
    name: 'TIME_WAIT that does not hinder',
    facts: { closing: { counts: { timeWait: 3 }, connections: 0 } },
    cause: 'closing',
    says: /3 in TIME_WAIT linger/,
  },
  {
    name: 'TIME_WAIT that hinders',
    facts: { closing: { counts: { timeWait: 3 }, connections: 0 }, binds: refused },
    cause: 'closing',
    says: /still keep it from being bound/,
  },
  {
    name: 'a privileged port',
    facts: { port: 80, binds: [{ protocol: 'tcp', address: '0.0.0.0', answer: 'accessDenied' }] },
    cause: 'privileged',
    says: /ports below 1024 need a privilege/,
    evidence: /EACCES/,
  },
  {
    name: 'a reserved range',
    facts: { rules: { ...free.rules, reserved: [{ from: 3000, to: 3010 }] } },
    cause: 'reservedByOs',
    says: /3000-3010/,
  },
  {
    name: 'a range that refuses the bind',
    facts: {
      rules: { ...free.rules, reserved: [{ from: 3000, to: 3010 }], reservedRefusesBind: true },
      binds: [{ protocol: 'tcp', address: '0.0.0.0', answer: 'reservedByOs' }],
    },
    cause: 'reservedByOs',
    says: /3000-3010 that the system has reserved; binding it is refused/,
    evidence: /WSAEACCES/,
  },
  {
    name: 'a range of UDP alone, asked about both',
    facts: { rules: { ...free.rules, reserved: [{ from: 3000, to: 3010, protocol: 'udp' }], reservedRefusesBind: true } },
    cause: 'free',
    says: /free/,
    evidence: /keeps UDP ports 3000-3010/,
  },
  {
    name: 'a range of UDP alone, asked about UDP',
    facts: {
      protocols: ['udp'],
      rules: { ...free.rules, reserved: [{ from: 3000, to: 3010, protocol: 'udp' }], reservedRefusesBind: true },
    },
    cause: 'reservedByOs',
    says: /3000-3010/,
  },
  {
    name: 'no local address',
    facts: { binds: [{ protocol: 'tcp', address: '0.0.0.0', answer: 'addressUnavailable' }] },
    cause: 'addressUnavailable',
    says: /no local address/,
  },
  { name: 'refused by nobody in the table', facts: { binds: refused }, cause: 'boundNotListening', says: /does not say whose it is/ },
  { name: 'the ephemeral range', facts: { port: 40_000 }, cause: 'free', says: /free/, evidence: /ephemeral range 32768-60999/ },
  {
    name: 'a container',
    facts: { entries: [{ ...listener, container: { engine: 'docker', id: '0123456789abcdef' } }] },
    cause: 'listening',
    says: /node/,
  },
];

describe('port/explain', () => {
  test.each(cases)('$name', ({ facts, cause, says, evidence }) => {
    const explanation = explainPort({ ...free, ...facts });
    expect(explanation.cause).toBe(cause);
    expect(explanation.summary).toMatch(says);
    if (evidence) expect(explanation.evidence.join('\n')).toMatch(evidence);
  });

  test('whoever is held by a container or a unit is told to stop that', () => {
    const inContainer = explainPort({ ...free, entries: [{ ...listener, container: { engine: 'docker', id: '0123456789abcdef' } }] });
    expect(inContainer.suggestions[0]?.text).toMatch(/docker container 0123456789ab: stop the container/);
    const inUnit = explainPort({ ...free, entries: [{ ...listener, unit: { name: 'nginx.service', scope: 'system' } }] });
    expect(inUnit.suggestions[0]?.text).toMatch(/systemd unit nginx\.service/);
    const inLogin = explainPort({ ...free, entries: [{ ...listener, unit: { name: 'session-3.scope', scope: 'system' } }] });
    expect(inLogin.suggestions[0]?.text).toMatch(/^Stop node/);
  });
});
