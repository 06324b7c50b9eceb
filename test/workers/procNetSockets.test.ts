import { describe, expect, test } from 'vitest';
import { fromBytes, isLinkLocal, parseAddress, parseProcAddress } from '../../src/workers/platform/parse/address.ts';
import { covers, overlaps } from '../../src/workers/platform/parse/coverage.ts';
import { parsePortRange, parseReservedPorts } from '../../src/workers/platform/parse/portRanges.ts';
import { parseProcNetSockets } from '../../src/workers/platform/parse/procNetSockets.ts';
import { tcpState, toSocketRow } from '../../src/workers/platform/parse/tableSocket.ts';
import type { SocketRow } from '../../src/workers/platform/types.ts';

/* Laid out as Linux 6.18 prints it; each line of the IPv4 files is padded with blanks. */
const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const tcp = `${head}
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0                    
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1                   
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 20 4 30 10 -1                   
   3: 0100007F:1F90 0100007F:C351 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000                                    
   4: 0100007F:1F90 0100007F:C352 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000                                    
12345: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4294967295 1 0000000000000000 100 0 0 10 0           
12346: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4294967295 1 0000000000000000 100 0 0 10 0           
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000 100 0 0 10 0
   3: 000080FE00000000FF00FC00010000FE:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14 1 0000000000000000 100 0 0 10 0
`;
const udp = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  815: 0100007F:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 21 2 0000000000000000 0         
  816: 0100007F:14E9 0100007F:0009 01 00000000:00000000 00:00000000 00000000   101        0 22 2 0000000000000000 0         
`;
const file = { protocol: 'tcp', family: 'ipv4', byteOrder: 'LE', states: [tcpState.listen] } as const;
const brief = (rows: ReturnType<typeof parseProcNetSockets>) =>
  rows.map(({ family, address, port, key, dualStack }) => ({ family, address, port, key, dualStack }));

describe('/proc/net/{tcp,udp}', () => {
  test('tells listeners only, never their clients, and a row that was read twice once', () => {
    expect(parseProcNetSockets(tcp, file)).toEqual([
      {
        protocol: 'tcp',
        family: 'ipv4',
        address: '127.0.0.1',
        port: 8080,
        remotePort: 0,
        state: 10,
        dualStack: false,
        key: 4711,
        uid: 1000,
        isProbe: false,
      },
      {
        protocol: 'tcp',
        family: 'ipv4',
        address: '0.0.0.0',
        port: 80,
        remotePort: 0,
        state: 10,
        dualStack: false,
        key: 4294967295,
        uid: 0,
        isProbe: false,
      },
    ]);
  });

  test('finds one port, and it alone', () => {
    expect(parseProcNetSockets(tcp, { ...file, port: 80 }).map(({ key }) => key)).toEqual([4294967295]);
    expect(parseProcNetSockets(tcp, { ...file, port: 8080 }).map(({ key }) => key)).toEqual([4711]);
    // A client’s port, and one of which a listener’s is a prefix.
    expect(parseProcNetSockets(tcp, { ...file, port: 50000 })).toEqual([]);
    expect(parseProcNetSockets(tcp, { ...file, port: 808 })).toEqual([]);
    expect(parseProcNetSockets(tcp.trimEnd().split('\n').slice(0, 2).join('\n'), { ...file, port: 8080 })).toHaveLength(1);
  });

  test('counts sockets that have no inode any more one by one', () => {
    expect(parseProcNetSockets(tcp, { ...file, states: [tcpState.timeWait], port: 8080 })).toHaveLength(2);
  });

  test('reads IPv6, mapped and link-local addresses; the file does not tell whether a wildcard takes IPv4', () => {
    expect(brief(parseProcNetSockets(tcp6, { ...file, family: 'ipv6' }))).toEqual([
      { family: 'ipv6', address: '::', port: 8080, key: 11, dualStack: null },
      { family: 'ipv6', address: '::1', port: 8080, key: 12, dualStack: false },
      { family: 'ipv4', address: '127.0.0.1', port: 8081, key: 13, dualStack: false },
      { family: 'ipv6', address: 'fe80::fc:ff:fe00:1', port: 8082, key: 14, dualStack: false },
    ]);
  });

  test('UDP holds its port when it is not connected', () => {
    const rows = parseProcNetSockets(udp, { ...file, protocol: 'udp', states: [tcpState.close, tcpState.established] });
    expect(rows.map(({ key }) => key)).toEqual([21, 22]);
    expect(rows.map(toSocketRow)).toEqual([
      {
        protocol: 'udp',
        family: 'ipv4',
        address: '127.0.0.1',
        port: 5353,
        state: 'bound',
        dualStack: false,
        key: 21,
        uid: 101,
        pids: null,
      },
      null,
    ]);
  });

  test.each(['', 'no such table\n', `${head}\n`, '   0: 0100007F:1F90 000'])('takes nothing from %j', (text) => {
    expect(parseProcNetSockets(text, file)).toEqual([]);
    expect(parseProcNetSockets(text, { ...file, port: 8080 })).toEqual([]);
  });
});

describe('addresses', () => {
  test.each([
    ['127.0.0.1', 'ipv4', '127.0.0.1'],
    ['::ffff:127.0.0.1', 'ipv4', '127.0.0.1'],
    ['::FFFF:7f00:1', 'ipv4', '127.0.0.1'],
    ['0:0:0:0:0:0:0:1', 'ipv6', '::1'],
    ['::', 'ipv6', '::'],
    ['2001:DB8:0:0:1:0:0:1', 'ipv6', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', 'ipv6', '2001:db8:0:1:1:1:1:1'],
    ['1::', 'ipv6', '1::'],
    ['64:ff9b::192.0.2.33', 'ipv6', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'ipv6', 'fe80::1'],
  ])('%s is %s %s', (text, family, canonical) => {
    expect(parseAddress(text)).toMatchObject({ family, text: canonical });
    expect(fromBytes(parseAddress(text)?.bytes as Uint8Array).text).toBe(canonical);
  });

  test.each([
    '',
    'localhost',
    '127.1',
    '127.0.0.01',
    '127.0.0.1.',
    '256.0.0.1',
    '127.0.0.1%lo',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1::2::3',
    '::12345',
    '1:2:3:4:5:6:7::8',
    '::1%',
    '::1.2.3',
    ' ::1',
    '[::1]',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test('keep the zone apart, and know a link-local one', () => {
    expect(parseAddress('fe80::1%2')?.zone).toBe('2');
    expect(['fe80::1', 'febf::1', 'fec0::1', '::1'].map((text) => isLinkLocal(parseAddress(text) as never))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('/proc prints words of the machine’s byte order', () => {
    expect(parseProcAddress('0100007F', 'LE').text).toBe('127.0.0.1');
    expect(parseProcAddress('7F000001', 'BE').text).toBe('127.0.0.1');
    expect(parseProcAddress('00000000000000000000000000000001', 'BE').text).toBe('::1');
  });
});

describe('who gets what is sent to an address', () => {
  const at = (family: SocketRow['family'], address: string, dualStack: boolean | null = false) => ({ family, address, dualStack });
  test.each([
    [at('ipv4', '0.0.0.0'), '127.0.0.1', 'yes', true],
    [at('ipv4', '127.0.0.1'), '127.0.0.2', 'no', false],
    [at('ipv4', '127.0.0.1'), '0.0.0.0', 'no', true],
    [at('ipv4', '0.0.0.0'), '::1', 'no', false],
    [at('ipv6', '::', true), '127.0.0.1', 'yes', true],
    [at('ipv6', '::', false), '127.0.0.1', 'no', false],
    [at('ipv6', '::', null), '127.0.0.1', 'maybe', true],
    [at('ipv6', '::', true), '0.0.0.0', 'yes', true],
    [at('ipv6', '::1'), '::', 'no', true],
    [at('ipv6', '::1'), '0.0.0.0', 'no', false],
  ])('%j and %s: covers %s, overlaps %s', (socket, address, coverage, overlap) => {
    const parsed = parseAddress(address) as NonNullable<ReturnType<typeof parseAddress>>;
    expect(covers(socket, parsed)).toBe(coverage);
    expect(overlaps(socket, parsed)).toBe(overlap);
  });
});

test('port ranges', () => {
  expect(parsePortRange('32768\t60999\n')).toEqual({ from: 32768, to: 60999 });
  expect(parsePortRange('')).toBeNull();
  expect(parseReservedPorts('\n')).toEqual([]);
  expect(parseReservedPorts('8080,9148-9150\n')).toEqual([
    { from: 8080, to: 8080 },
    { from: 9148, to: 9150 },
  ]);
});
