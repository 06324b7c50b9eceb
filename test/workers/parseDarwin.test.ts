import { describe, expect, test } from 'vitest';
import { numbers } from '../../src/native/darwin/bindSocket.ts';
import { encodeSocketAddress } from '../../src/native/posix/bindSocket.ts';
import { formatIdentity, sameIdentity } from '../../src/workers/platform/darwin/identity.ts';
import { agree } from '../../src/workers/platform/darwin/ownerCheck.ts';
import { socketKey } from '../../src/workers/platform/darwin/socketTable.ts';
import { readLocalAddress } from '../../src/workers/platform/parse/darwinAddress.ts';
import { findVariable } from '../../src/workers/platform/parse/environ.ts';
import { kinfoProcBytes, parseKinfoProcs, procStat } from '../../src/workers/platform/parse/kinfoProc.ts';
import {
  parseBsdInfo,
  parseSocket,
  parseSocketDescriptors,
  parseTaskInfo,
  parseWorkingDirectory,
  sizes,
} from '../../src/workers/platform/parse/libproc.ts';
import { parseLsofFields, whyLsofFailed } from '../../src/workers/platform/parse/lsofFields.ts';
import { parseNetstatSockets } from '../../src/workers/platform/parse/netstatSockets.ts';
import { parseProcArgs } from '../../src/workers/platform/parse/procArgs.ts';
import { parsePsTable, psColumns } from '../../src/workers/platform/parse/psTable.ts';

/*
 * What macOS answers, taken apart. The texts are written after ps(1), lsof(8) and netstat(1) of macOS, the bytes after the layout in the
 * headers of xnu that are named at each; none was recorded.
 */

describe('ps(1), with the columns that it is asked for', () => {
  test('a name with blanks, a login shell, CPU time of minutes and of days', () => {
    const text = [
      '    1     0     1     0 Ss   Fri Nov 27 08:00:01 2026       2:11.04  21344 /sbin/launchd',
      '  612     1   612   501 S    Sat Nov 28 09:05:07 2026     123:45.67 1048576 /Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      ' 4711   612  4711   501 U+   Sun Feb  1 00:00:00 2026    01:02:03   8 -zsh   ',
      '    0     0     0     0 ?    -                                0:00.00      0 kernel_task',
      '99998   612  4711         -2 T    Sat Feb 28 23:59:59 2026    3-00:00:01.5      0 (node)',
    ].join('\n');
    expect(parsePsTable(`${text}\n`)).toEqual([
      row({
        pid: 1,
        ppid: 0,
        pgid: 1,
        uid: 0,
        state: 'S',
        start: [2026, 10, 27, 8, 0, 1],
        cpuMs: 131_040,
        kib: 21_344,
        command: '/sbin/launchd',
      }),
      row({
        ...{ pid: 612, ppid: 1, pgid: 612, uid: 501, state: 'S', start: [2026, 10, 28, 9, 5, 7], cpuMs: 7_425_670, kib: 1_048_576 },
        command: '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      }),
      row({
        pid: 4711,
        ppid: 612,
        pgid: 4711,
        uid: 501,
        state: 'U',
        start: [2026, 1, 1, 0, 0, 0],
        cpuMs: 3_723_000,
        kib: 8,
        command: '-zsh',
      }),
      row({
        ...{
          pid: 99_998,
          ppid: 612,
          pgid: 4711,
          uid: 4_294_967_294,
          state: 'T',
          start: [2026, 1, 28, 23, 59, 59],
          cpuMs: 259_201_500,
          kib: 0,
        },
        command: '(node)',
      }),
    ]);
  });

  test('each column is asked for by an option of its own', () => {
    expect(psColumns.filter((argument) => argument !== '-o').every((argument) => /^[a-z]+=$/.test(argument))).toBe(true);
  });

  test('nothing is nobody, and a form that is not known is no answer', () => {
    expect(parsePsTable('\n')).toEqual([]);
    expect(() => parsePsTable('ps: illegal argument: lstart=')).toThrow(/unknown form/);
    expect(() => parsePsTable('1 0 1 0 S ven. nov. 27 08:00:01 2026 0:00.01 1 launchd')).toThrow(/unknown form/);
  });
});

function row({ start, kib, ...rest }: { start: [number, number, number, number, number, number]; kib: number } & Record<string, unknown>) {
  return { ...rest, startSeconds: Date.UTC(...start) / 1_000, rssBytes: kib * 1_024 };
}

describe('lsof(8), field output: a set of fields for each process, then one for each of its files', () => {
  const fields = (...sets: string[][]) => sets.map((set) => `${set.join('\0')}\0\n`).join('');

  test('listeners and UDP with their processes; neither clients nor accepted connections', () => {
    const text = fields(
      ['p612'],
      ['f21', 'tIPv4', 'PTCP', 'n127.0.0.1:8080', 'TST=LISTEN', 'TQR=0', 'TQS=0'],
      ['f22', 'tIPv4', 'PTCP', 'n127.0.0.1:8080->127.0.0.1:52100', 'TST=ESTABLISHED'],
      ['f23', 'tIPv6', 'PTCP', 'n*:8080', 'TST=LISTEN'],
      ['p4711'],
      ['f7', 'tIPv6', 'PTCP', 'n[::1]:9229', 'TST=LISTEN'],
      ['f8', 'tIPv4', 'PUDP', 'n*:5353'],
      ['f9', 'tIPv4', 'PUDP', 'n127.0.0.1:60000->127.0.0.1:53'],
      ['f10', 'tIPv4', 'PUDP', 'n*:*'],
      ['f11', 'tIPv6', 'PTCP', 'n[fe80:4::aede:48ff:fe00:1122]:7000', 'TST=LISTEN'],
      ['f12', 'tIPv4', 'PTCP', 'n*:3000', 'TST=CLOSED'],
    );
    expect(parseLsofFields(text)).toEqual([
      { pid: 612, protocol: 'tcp', family: 'ipv4', address: '127.0.0.1', port: 8_080 },
      { pid: 612, protocol: 'tcp', family: 'ipv6', address: '::', port: 8_080 },
      { pid: 4711, protocol: 'tcp', family: 'ipv6', address: '::1', port: 9_229 },
      { pid: 4711, protocol: 'udp', family: 'ipv4', address: '0.0.0.0', port: 5_353 },
      { pid: 4711, protocol: 'tcp', family: 'ipv6', address: 'fe80::aede:48ff:fe00:1122', port: 7_000 },
      { pid: 4711, protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 3_000 },
    ]);
  });

  test('garbage is nobody’s', () => {
    for (const text of ['', '\0\n', 'p\0\n', 'fx\0n\0\n', 'p12\0f3\0PTCP\0TST=LISTEN\0\n', 'pabc\0f1\0PTCP\0nx:1\0TST=LISTEN\0\n'])
      expect(parseLsofFields(text), JSON.stringify(text)).toEqual([]);
  });

  const unrelated = "lsof: WARNING: can't stat() osxfuse file system /Volumes/x\n      Output information may be incomplete.\n";
  test.each([
    ['all was found', 0, '', null],
    ['not all that it was asked for is there', 1, '', null],
    ['a volume does not answer, which sockets do not care about', 1, unrelated, null],
    ['it may not ask the kernel', 1, 'lsof: no pwd entry for UID 501\nlsof: kernel access denied\n', 'lsof: no pwd entry for UID 501'],
    ['an option is not known', 1, 'lsof: illegal option character: Z\nlsof: usage\n', 'lsof: illegal option character: Z'],
    ['it fails without a word', 2, '', 'it ended with 2'],
  ])('its end: %s', (_, code, stderr, why) => {
    expect(whyLsofFailed({ code, stderr })).toBe(why);
  });
});

test('netstat(1): both families, dual-stack sockets, what is connected, and whatever stands behind the state', () => {
  const text = `Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address                                 Foreign Address                               (state)
tcp46      0      0  *.8080                                        *.*                                           LISTEN
tcp4       0      0  127.0.0.1.631                                 *.*                                           LISTEN      131072 131072    771      0
tcp6       0      0  fe80::1%lo0.7000                              *.*                                           LISTEN
tcp6       0      0  2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff.443    *.*                                           LISTEN
tcp4       0      0  192.168.1.7.52100                             17.57.144.84.5223                             ESTABLISHED
tcp4       0      0  127.0.0.1.3000                                127.0.0.1.61000                               TIME_WAIT
tcp4       0      0  127.0.0.1.4000                                *.*                                           CLOSED
udp46      0      0  *.*                                           *.*
udp4       0      0  *.5353                                        *.*
udp6       0      0  ::1.9000                                      ::1.9001
icm6       0      0  *.*                                           *.*
`;
  const told = parseNetstatSockets(text).map(
    ({ protocol, address, port, dualStack, isConnected, state }) =>
      `${protocol} ${address} ${port}${dualStack ? ' dual' : ''}${isConnected ? ' connected' : ''} ${state}`,
  );
  expect(told).toEqual([
    'tcp :: 8080 dual LISTEN',
    'tcp 127.0.0.1 631 LISTEN',
    'tcp fe80::1 7000 LISTEN',
    'tcp 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff 443 LISTEN',
    'tcp 192.168.1.7 52100 connected ESTABLISHED',
    'tcp 127.0.0.1 3000 connected TIME_WAIT',
    'tcp 127.0.0.1 4000 CLOSED',
    'udp 0.0.0.0 5353 null',
    'udp ::1 9000 connected null',
  ]);
});

test('addresses: the kernel’s mark of the interface is no part of them', () => {
  expect(readLocalAddress('*', 'ipv4')?.text).toBe('0.0.0.0');
  expect(readLocalAddress('*', 'ipv6')?.text).toBe('::');
  expect(readLocalAddress('fe80:4::1', 'ipv6')?.text).toBe('fe80::1');
  expect(readLocalAddress('fe80::1%en0', 'ipv6')?.text).toBe('fe80::1');
  expect(readLocalAddress('::ffff:10.0.0.1', 'ipv6')?.text).toBe('10.0.0.1');
  expect(readLocalAddress('localhost', 'ipv4')).toBeNull();
});

test('a place has one key, whichever source names it, and no two places share one', () => {
  const places = ['127.0.0.1', '0.0.0.0', '::', '::1', 'fe80::1'].flatMap((address) =>
    ([80, 8_080, 65_535] as const).flatMap((port) =>
      (['tcp', 'udp'] as const).map((protocol) => ({
        protocol,
        port,
        address,
        family: address.includes(':') ? ('ipv6' as const) : ('ipv4' as const),
      })),
    ),
  );
  const keys = places.map(socketKey);
  expect(new Set(keys).size).toBe(places.length);
  expect(keys.every((key) => Number.isSafeInteger(key) && key > 0)).toBe(true);
});

/** Bytes of a structure, by the offsets of its members. */
function struct(size: number, members: [offset: number, bytes: readonly number[]][]): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [offset, value] of members) bytes.set(value, offset);
  return bytes;
}
const int32 = (value: number) => [...new Uint8Array(Int32Array.of(value).buffer)];
const int64 = (value: bigint) => [...new Uint8Array(BigInt64Array.of(value).buffer)];
const text = (value: string) => [...Buffer.from(value)];

describe('struct kinfo_proc (bsd/sys/sysctl.h, bsd/sys/proc.h)', () => {
  const one = ({ pid, stat, comm }: { pid: number; stat: number; comm: string }) =>
    struct(kinfoProcBytes, [
      // extern_proc: p_starttime, p_stat, p_pid, p_comm
      [0, int64(1_795_838_401n)],
      [8, int32(250_007)],
      [36, [stat]],
      [40, int32(pid)],
      [243, text(comm)],
      // eproc: e_ucred.cr_uid, e_ppid, e_pgid
      [296 + 124, int32(501)],
      [296 + 264, int32(1)],
      [296 + 268, int32(pid)],
    ]);

  test('an array of them', () => {
    const bytes = Buffer.concat([
      one({ pid: 612, stat: procStat.running, comm: 'node' }),
      one({ pid: 99_998, stat: procStat.zombie, comm: 'sixteen-bytes-ab' }),
    ]);
    expect(parseKinfoProcs(bytes)).toEqual([
      { pid: 612, ppid: 1, pgid: 612, uid: 501, stat: procStat.running, startMicros: 1_795_838_401_250_007, comm: 'node' },
      { pid: 99_998, ppid: 1, pgid: 99_998, uid: 501, stat: procStat.zombie, startMicros: 1_795_838_401_250_007, comm: 'sixteen-bytes-ab' },
    ]);
    expect(parseKinfoProcs(new Uint8Array())).toEqual([]);
  });

  test('of another size they are not read', () => {
    expect(() => parseKinfoProcs(new Uint8Array(kinfoProcBytes + 8))).toThrow(/another size/);
  });
});

describe('libproc (bsd/sys/proc_info.h)', () => {
  test('struct proc_bsdinfo', () => {
    const bytes = struct(sizes.bsdInfo, [
      [12, int32(612)],
      [16, int32(1)],
      [20, int32(501)],
      [100, int32(600)],
      [120, int64(1_795_838_401n)],
      [128, int64(7n)],
    ]);
    expect(parseBsdInfo(bytes)).toEqual({ pid: 612, ppid: 1, uid: 501, pgid: 600, startMicros: 1_795_838_401_000_007 });
  });

  test('struct proc_taskinfo', () => {
    const bytes = struct(sizes.taskInfo, [
      [8, int64(4_096n)],
      [16, int64(24_000_000n)],
      [24, int64(1n)],
    ]);
    expect(parseTaskInfo(bytes)).toEqual({ rssBytes: 4_096, cpuUnits: 24_000_001n });
  });

  test('struct proc_vnodepathinfo: the working directory, not the root', () => {
    const bytes = struct(sizes.vnodePaths, [
      [152, text('/Users/ada/My Project')],
      [1_176 + 152, text('/')],
    ]);
    expect(parseWorkingDirectory(bytes)).toBe('/Users/ada/My Project');
    expect(parseWorkingDirectory(new Uint8Array(sizes.vnodePaths))).toBeNull();
  });

  test('struct proc_fdinfo: of files, sockets and a kqueue the sockets', () => {
    expect(
      parseSocketDescriptors(
        Uint8Array.from(
          [
            [0, 1],
            [5, 2],
            [7, 5],
            [1_000, 2],
          ]
            .flat()
            .flatMap(int32),
        ),
      ),
    ).toEqual([5, 1_000]);
  });

  interface Scene {
    kind: number;
    protocol: number;
    port: number;
    address: number[];
    vflag: number;
    foreignPort?: number;
    state?: number;
  }
  const socket = ({ kind, protocol, port, address, vflag, foreignPort = 0, state = 0 }: Scene) =>
    struct(sizes.socket, [
      [24 + 156, int32(protocol)],
      [24 + 232, int32(kind)],
      // in_sockinfo: insi_fport, insi_lport (network order), insi_vflag, insi_laddr; tcpsi_state behind it
      [264, [foreignPort >> 8, foreignPort & 255]],
      [268, [port >> 8, port & 255]],
      [264 + 24, [vflag]],
      [264 + 48 + (16 - address.length), address],
      [264 + 80, int32(state)],
    ]);
  const any6 = new Array(16).fill(0);
  const linkLocal = [0xfe, 0x80, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];

  test('struct socket_fdinfo', () => {
    const tcp = { kind: 2, protocol: 6, port: 8_080 };
    expect(parseSocket(socket({ ...tcp, address: [127, 0, 0, 1], vflag: 1, state: 1 }))).toEqual({
      protocol: 'tcp',
      family: 'ipv4',
      address: '127.0.0.1',
      port: 8_080,
      isConnected: false,
      state: 1,
    });
    expect(parseSocket(socket({ ...tcp, address: any6, vflag: 3, state: 1 }))).toMatchObject({ family: 'ipv6', address: '::' });
    expect(parseSocket(socket({ ...tcp, address: [0, 0, 0, 0], vflag: 1, state: 1 }))).toMatchObject({
      family: 'ipv4',
      address: '0.0.0.0',
    });
    expect(parseSocket(socket({ ...tcp, address: linkLocal, vflag: 2, foreignPort: 443, state: 4 }))).toMatchObject({
      address: 'fe80::9',
      isConnected: true,
      state: 4,
    });
    expect(parseSocket(socket({ kind: 1, protocol: 17, port: 5_353, address: any6, vflag: 2 }))).toMatchObject({
      protocol: 'udp',
      state: null,
    });
  });

  test('what is no bound socket of TCP or UDP is none', () => {
    expect(parseSocket(socket({ kind: 2, protocol: 6, port: 0, address: any6, vflag: 2 }))).toBeNull();
    expect(parseSocket(socket({ kind: 3, protocol: 0, port: 1, address: any6, vflag: 0 }))).toBeNull();
    expect(parseSocket(socket({ kind: 1, protocol: 1, port: 1, address: any6, vflag: 2 }))).toBeNull();
  });
});

describe('KERN_PROCARGS2 (sysctl_procargsx in bsd/kern/kern_sysctl.c)', () => {
  const bytes = (count: number, rest: string) => Uint8Array.from([...int32(count), ...text(rest)]);

  test('arguments, empty ones among them, and the environment behind them', () => {
    const told = parseProcArgs(bytes(4, '/bin/a b\0\0\0\0\0a\0\0--x=ä\0last\0PATH=/bin\0SIDEWARDEN_START=id=1\0\0'));
    expect(told?.commandLine).toEqual(['a', '', '--x=ä', 'last']);
    expect(findVariable(told?.environment ?? new Uint8Array(), 'SIDEWARDEN_START')).toBe('id=1');
  });

  test('an environment that is kept back is empty; what is cut off or no such thing is told as far as it is there', () => {
    expect(parseProcArgs(bytes(1, '/bin/sh\0\0sh\0'))).toEqual({ commandLine: ['sh'], environment: new Uint8Array() });
    expect(parseProcArgs(bytes(3, '/bin/sh\0sh\0-c\0'))?.commandLine).toEqual(['sh', '-c']);
    expect(parseProcArgs(bytes(1, '/no/end'))).toBeNull();
    expect(parseProcArgs(bytes(-1, '/x\0x\0'))).toBeNull();
    expect(parseProcArgs(Uint8Array.of(1, 0))).toBeNull();
  });
});

describe('identities', () => {
  const startMicros = 1_795_838_401_000_007;
  const exact = formatIdentity({ pid: 612, startMicros, isExact: true });
  const coarse = formatIdentity({ pid: 612, startMicros, isExact: false });

  test('by sysctl to the microsecond, by ps to the second, and the two know each other', () => {
    expect([exact, coarse]).toEqual(['d-612-1795838401.000007', 'd-612-1795838401']);
    expect(sameIdentity(exact, coarse)).toBe(true);
    expect(sameIdentity(coarse, coarse)).toBe(true);
  });

  test.each([
    [exact, formatIdentity({ pid: 612, startMicros: startMicros + 1, isExact: true })],
    [exact, formatIdentity({ pid: 613, startMicros, isExact: true })],
    [coarse, formatIdentity({ pid: 612, startMicros: startMicros + 1_000_000, isExact: false })],
    [exact, 'd-612-1795838401.'],
    ['', ''],
    ['w-612-1', 'w-612-1'],
  ])('%s is not %s', (left, right) => {
    expect(sameIdentity(left, right)).toBe(false);
  });
});

describe('libproc has to prove itself', () => {
  test.each([
    ['it finds what is ours, and all that lsof does', [1, 2], [1, 2, 3], [1, 2, 3], true],
    ['it may find more: TCP that is bound and idle', [1, 2], [1, 2, 9], [1, 2], true],
    ['it misses what is ours', [1, 2], [1], [1, 2], false],
    ['it misses what lsof finds', [1], [1], [1, 4], false],
    ['lsof misses what is ours: it looked at something else', [1, 2], [1, 2], [1], false],
    ['lsof could not look', [1, 2], [1, 2], null, true],
  ])('%s', (_, ours, libproc, lsof, answer) => {
    expect(agree(ours, new Set(libproc), lsof === null ? null : new Set(lsof))).toBe(answer);
  });
});

describe('a socket address (bsd/netinet/in.h, bsd/netinet6/in6.h)', () => {
  test('its length comes first, then the family; the port is in network order', () => {
    const address = { port: 8_080, scopeId: 0 };
    expect([...encodeSocketAddress({ ...address, family: 'ipv4', address: Uint8Array.of(127, 0, 0, 1) }, numbers)]).toEqual([
      ...[16, 2, 0x1f, 0x90, 127, 0, 0, 1],
      ...Array(8).fill(0),
    ]);
    const linkLocal = Uint8Array.of(0xfe, 0x80, ...Array(13).fill(0), 1);
    const bytes = encodeSocketAddress({ port: 80, scopeId: 5, family: 'ipv6', address: linkLocal }, numbers);
    expect([...bytes]).toEqual([28, 30, 0, 80, 0, 0, 0, 0, ...linkLocal, 5, 0, 0, 0]);
  });
});
