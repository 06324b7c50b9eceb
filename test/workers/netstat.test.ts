import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseNetstat } from '../../src/workers/platform/parse/netstat.ts';
import { createWin32 } from '../../src/workers/platform/win32/index.ts';
import type { Tools } from '../../src/workers/platform/win32/tools.ts';
import { checkPort } from '../../src/workers/tasks/checkPort.ts';
import { readSockets } from '../../src/workers/tasks/readSockets.ts';
import { isPosix } from '../harness/needs.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { standIn } from '../harness/standIn.ts';

/* netstat of Windows, where there are no native calls. Each fixture says in its head what it was written after; none was recorded. */

const directory = new URL('../fixtures/windows/', import.meta.url);
const fixtures = readdirSync(directory).filter((name) => name.startsWith('netstat.'));

const [listening, established, timeWait] = [2, 5, 11];
const link = 'fe80::5d2:4a11:9c0b:7f3e';
const expected = [
  { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 135, state: listening, pid: 1_012 },
  { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 8_080, state: listening, pid: 4 },
  { protocol: 'tcp', family: 'ipv4', address: '127.0.0.1', port: 80, state: listening, pid: 15_780 },
  { protocol: 'tcp', family: 'ipv4', address: '192.168.178.20', port: 8_012, state: established, pid: 9_044 },
  { protocol: 'tcp', family: 'ipv4', address: '192.168.178.20', port: 49_733, state: timeWait, pid: 0 },
  { protocol: 'tcp', family: 'ipv6', address: '::', port: 135, state: listening, pid: 1_012 },
  { protocol: 'tcp', family: 'ipv6', address: '::1', port: 3_000, state: listening, pid: 20_164 },
  { protocol: 'tcp', family: 'ipv6', address: link, port: 5_040, state: listening, pid: 7_720 },
  { protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 5_353, state: null, pid: 2_780 },
  { protocol: 'udp', family: 'ipv6', address: '::', port: 5_353, state: null, pid: 2_780 },
  { protocol: 'udp', family: 'ipv6', address: link, port: 1_900, state: null, pid: 5_096 },
];

test('there are several languages', () => {
  expect(fixtures.length).toBeGreaterThanOrEqual(6);
});

test.each(fixtures)('%s: the same sockets, in whatever words, and in the code page that they are read in', (name) => {
  const bytes = readFileSync(new URL(name, directory));
  for (const encoding of ['utf8', 'latin1'] as const) {
    const text = bytes.toString(encoding);
    expect(parseNetstat(text)).toEqual(expected);
    expect(parseNetstat(text.replaceAll('\n', '\r\n'))).toEqual(expected);
  }
});

test('numbers are compared as such: port 80 is neither 8080 nor 8012', () => {
  const rows = parseNetstat(readFileSync(new URL('netstat.en.txt', directory), 'utf8'));
  expect(rows.filter(({ port, state }) => port === 80 && state === listening).map(({ pid }) => pid)).toEqual([15_780]);
});

test.each([
  '',
  'Active Connections',
  '  Proto  Local Address          Foreign Address        State           PID',
  // Without a pid, as netstat of Wine prints it.
  '  TCP    127.0.0.1:25339        127.0.0.1:45390        TIME_WAIT',
  '  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING',
  '  TCP    0.0.0.0:65536          0.0.0.0:0              LISTENING       4',
  '  TCP    0.0.0.0:               0.0.0.0:0              LISTENING       4',
  '  TCP    0.0.0.0:80             0.0.0.0:0              1012',
  '  TCP    999.0.0.1:80           0.0.0.0:0              LISTENING       4',
  '  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4294967296',
  '  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       -4',
  '  SCTP   0.0.0.0:80             0.0.0.0:0              LISTENING       4',
  // The name of a program, by netstat -b.
  ' [svchost.exe]',
])('no socket: %s', (line) => {
  expect(parseNetstat(line)).toEqual([]);
});

/** As on a Windows whose netstat prints this, and which has no native calls, and no PowerShell. */
const platformThat = async (...lines: string[]) =>
  createWin32({
    native: false,
    tools: { netstat: await standIn(...lines), powershell: '/missing/powershell', netsh: '/missing/netsh' } as Tools,
  });
const german = () => platformThat(`cat '${fileURLToPath(new URL('netstat.de.txt', directory))}'`);

test('who listens is in use, and whose it is nobody can say', async ({ skip }) => {
  skip(!isPosix, 'needs a shell, for what stands in for netstat');
  const platform = await german();
  const ask = (port: number, host: string) => checkPort({ protocol: 'tcp', port, hosts: [host], bind: 'never' }, platform);
  expect(await ask(80, '127.0.0.1')).toEqual({ inUse: true, canBind: false, reason: 'inUse' });
  expect(await ask(8_080, '127.0.0.1')).toMatchObject({ inUse: true });
  for (const free of [8_012, 49_733, 8_000]) expect(await ask(free, '127.0.0.1')).toEqual({ inUse: false, canBind: true, reason: null });
  const { rows, candidates } = await readSockets({ protocols: ['tcp'], port: 80 }, platform);
  expect(rows).toMatchObject([{ address: '127.0.0.1', port: 80, state: 'listen', pids: null }]);
  expect(candidates).toBeNull();
  expect(await platform.sockets.readClosing(49_733)).toMatchObject({ counts: { timeWait: 1 }, connections: 0 });
});

test('a bind is tried by Node’s own handles; UDP cannot be, and is left to the rules', async ({ skip }) => {
  skip(!isPosix, 'needs a shell, for what stands in for netstat');
  const { sockets } = await german();
  await using server = await listen({ port: 0, host: '127.0.0.1' });
  expect(await sockets.tryBind('tcp', '127.0.0.1', server.port)).toBe('inUse');
  expect(await sockets.tryBind('tcp', '127.0.0.1', await findFreePort())).toBe('bound');
  expect(await sockets.tryBind('udp', '127.0.0.1', server.port)).toBe('cannotTry');
});

test('a table without anybody who listens was not understood, and one that was not printed is none', async ({ skip }) => {
  skip(!isPosix, 'needs a shell, for what stands in for netstat');
  for (const lines of ['printf "\\r\\nActive Connections\\r\\n"', 'exit 1'])
    await expect(checkPort({ protocol: 'tcp', port: 80, hosts: null }, await platformThat(lines))).rejects.toMatchObject({
      failure: { kind: 'Unsupported', data: { capability: 'sockets', platform: 'win32' } },
    });
});
