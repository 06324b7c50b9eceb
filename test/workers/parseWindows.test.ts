import { describe, expect, test } from 'vitest';
import { encodeSecurity, ownerIn } from '../../src/native/win32/securityDescriptor.ts';
import { findInEnvironmentBlock } from '../../src/workers/platform/parse/environmentBlock.ts';
import { parseDynamicPorts, parseExcludedPorts } from '../../src/workers/platform/parse/excludedPorts.ts';
import { filetimeToEpochMs, filetimeToMs } from '../../src/workers/platform/parse/filetime.ts';
import { parseIpHelperTable } from '../../src/workers/platform/parse/ipHelperTable.ts';
import { parseSid } from '../../src/workers/platform/parse/sid.ts';
import { parseSystemProcesses } from '../../src/workers/platform/parse/systemProcesses.ts';
import { parseWindowsCommandLine } from '../../src/workers/platform/parse/windowsCommandLine.ts';

/* What Windows answers, taken apart. The bytes and texts are written after Microsoft’s documents, named at each; none was recorded. */

describe('a command line (“Parsing C command-line arguments”, its own examples first)', () => {
  test.each([
    ['p "a b c" d e', ['a b c', 'd', 'e']],
    [String.raw`p "ab\"c" "\\" d`, ['ab"c', '\\', 'd']],
    [String.raw`p a\\\b d"e f"g h`, [String.raw`a\\\b`, 'de fg', 'h']],
    [String.raw`p a\\\"b c d`, [String.raw`a\"b`, 'c', 'd']],
    [String.raw`p a\\\\"b c" d e`, [String.raw`a\\b c`, 'd', 'e']],
    [String.raw`p a"b"" c d`, ['ab" c d']],
    ['p ""', ['']],
    ['p  \t a ', ['a']],
    ['p', []],
  ])('%s', (text, args) => {
    expect(parseWindowsCommandLine(text)).toEqual(['p', ...args]);
  });

  test('the program has no escapes: a backslash before its closing quote is its own', () => {
    expect(parseWindowsCommandLine(String.raw`"C:\Program Files\x\" a`)).toEqual(['C:\\Program Files\\x\\', 'a']);
  });
});

describe('tables of the IP Helper (tcpmib.h, udpmib.h)', () => {
  test('listeners of IPv4: the port is in network order, the rest in that of the machine', () => {
    const row = [2, 0, 0, 0, 127, 0, 0, 1, 0x1f, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x39, 0x30, 0, 0];
    expect(parseIpHelperTable(Uint8Array.from([1, 0, 0, 0, ...row]), 'tcp', 'ipv4')).toEqual([
      { family: 'ipv4', address: '127.0.0.1', port: 8_080, state: 2, pid: 12_345 },
    ]);
  });

  test('listeners of IPv6, and of a mapped address', () => {
    const row = (address: number[], pid: number) => [
      ...[...address, 0, 0, 0, 0, 0, 80, 0xaa, 0xbb],
      ...new Array(20).fill(0),
      ...[0, 0, 0, 0, 2, 0, 0, 0, pid, 0, 0, 0],
    ];
    const mapped = [...new Array(10).fill(0), 255, 255, 10, 0, 0, 7];
    const bytes = Uint8Array.from([2, 0, 0, 0, ...row(new Array(16).fill(0), 4), ...row(mapped, 9)]);
    expect(parseIpHelperTable(bytes, 'tcp', 'ipv6')).toEqual([
      { family: 'ipv6', address: '::', port: 80, state: 2, pid: 4 },
      { family: 'ipv4', address: '10.0.0.7', port: 80, state: 2, pid: 9 },
    ]);
  });

  test('UDP has no state', () => {
    const four = Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xe9, 0, 0, 200, 1, 0, 0]);
    expect(parseIpHelperTable(four, 'udp', 'ipv4')).toEqual([{ family: 'ipv4', address: '0.0.0.0', port: 5_353, state: null, pid: 456 }]);
    const six = Uint8Array.from([1, 0, 0, 0, ...new Array(15).fill(0), 1, 0, 0, 0, 0, 0x14, 0xe9, 0, 0, 7, 0, 0, 0]);
    expect(parseIpHelperTable(six, 'udp', 'ipv6')).toEqual([{ family: 'ipv6', address: '::1', port: 5_353, state: null, pid: 7 }]);
  });

  test('a count that promises more than there is ends with the bytes', () => {
    expect(parseIpHelperTable(Uint8Array.from([255, 255, 255, 255, 1, 2, 3]), 'tcp', 'ipv4')).toEqual([]);
  });
});

describe('the list of processes (winternl.h, SYSTEM_PROCESS_INFORMATION)', () => {
  test('a chain, with names behind it', () => {
    const { bytes, address } = processChain([
      { pid: 4, ppid: 0, name: 'System', created: 0n, threads: [[5, 5]] },
      {
        pid: 700,
        ppid: 4,
        name: 'ä中.exe',
        created: 134_403_001_484_866_690n,
        threads: [
          [5, 5],
          [2, 0],
        ],
      },
      { pid: 900, ppid: 700, name: '', created: 1n, threads: [] },
    ]);
    expect(parseSystemProcesses(bytes, address)).toMatchObject([
      { pid: 4, ppid: 0, name: 'System', threads: 1, isSuspended: true },
      { pid: 700, ppid: 4, name: 'ä中.exe', created: 134_403_001_484_866_690n, cpu: 30n, workingSetBytes: 4_096, isSuspended: false },
      { pid: 900, name: '', threads: 0, isSuspended: false },
    ]);
  });

  test('a name that would lie elsewhere is none, and cut bytes end the list', () => {
    const { bytes, address } = processChain([{ pid: 8, ppid: 4, name: 'x.exe', created: 1n, threads: [] }]);
    expect(parseSystemProcesses(bytes, address + 4_096n)).toMatchObject([{ pid: 8, name: '' }]);
    expect(parseSystemProcesses(bytes.subarray(0, 100), address)).toEqual([]);
  });
});

test('times: FILETIME counts 100 ns since 1601', () => {
  expect(filetimeToEpochMs(116_444_736_000_000_000n)).toBe(0);
  expect(filetimeToEpochMs(133_485_408_000_000_000n)).toBe(Date.UTC(2024, 0, 1));
  expect(filetimeToMs(25_000n)).toBe(2.5);
});

test('security identifiers (“SID components”)', () => {
  expect(parseSid(Uint8Array.from([1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]))).toBe('S-1-5-18');
  const domain = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 255, 255, 255, 255, 0xf4, 1, 0, 0];
  expect(parseSid(Uint8Array.from(domain))).toBe('S-1-5-21-1-2-4294967295-500');
  expect(parseSid(Uint8Array.from([2, 1, 0, 0]))).toBeNull();
  expect(parseSid(Uint8Array.from([1, 5, 0, 0, 0, 0, 0, 5]))).toBeNull();
});

test('an environment block: names know no case, a value may have an equals sign, and none is null', () => {
  const block = new Uint8Array(Buffer.from('=C:=C:\\x\0Path=a;b\0SIDEWARDEN_START=id=1\0\0', 'utf16le'));
  expect(findInEnvironmentBlock(block, 'SIDEWARDEN_START')).toBe('id=1');
  expect(findInEnvironmentBlock(block, 'PATH')).toBe('a;b');
  expect(findInEnvironmentBlock(block, 'NONE')).toBeNull();
});

describe('port ranges of netsh (“netsh interface ipv4 show excludedportrange”, “… show dynamicport”)', () => {
  const english = `
Protocol tcp Port Exclusion Ranges

Start Port    End Port
----------    --------
        80          80
     50000       50059     *

* - Administered port exclusions.
`;

  test('in whichever language: two numbers and perhaps an asterisk', () => {
    const expected = [
      { from: 80, to: 80 },
      { from: 50_000, to: 50_059 },
    ];
    expect(parseExcludedPorts(english)).toEqual(expected);
    const german = english.replace('Protocol tcp Port Exclusion Ranges', 'Portausschlussbereiche für das Protokoll "tcp"');
    expect(parseExcludedPorts(german.replace('Start Port    End Port', 'Startport     Endport').replaceAll('\n', '\r\n'))).toEqual(
      expected,
    );
  });

  test('what is no range is left out', () => {
    expect(parseExcludedPorts('  9 8\n 1 99999\n 5\n 1 2 3\n')).toEqual([]);
  });

  test('the dynamic range is a first port and a count', () => {
    const text =
      '\r\nProtocol tcp Dynamic Port Range\r\n---------------------------------\r\nStart Port      : 49152\r\nNumber of Ports : 16384\r\n\r\n';
    expect(parseDynamicPorts(text.replaceAll('\r', ''))).toEqual({ from: 49_152, to: 65_535 });
    expect(parseDynamicPorts(text)).toEqual({ from: 49_152, to: 65_535 });
    expect(parseDynamicPorts('Startport : 60000\nAnzahl von Ports : 16384\n')).toBeNull();
    expect(parseDynamicPorts('')).toBeNull();
  });
});

interface Listed {
  pid: number;
  ppid: number;
  name: string;
  created: bigint;
  threads: [state: number, reason: number][];
}

function processChain(processes: Listed[]): { bytes: Uint8Array; address: bigint } {
  const address = 0x7f00_0000_1000n;
  const parts: Buffer[] = [];
  let at = 0;
  for (const [place, { pid, ppid, name, created, threads }] of processes.entries()) {
    const text = Buffer.from(`${name}\0`, 'utf16le');
    const part = Buffer.alloc(256 + threads.length * 80 + text.length);
    const isLast = place === processes.length - 1;
    part.writeUInt32LE(isLast ? 0 : part.length, 0);
    part.writeUInt32LE(threads.length, 4);
    part.writeBigUInt64LE(created, 32);
    part.writeBigUInt64LE(10n, 40);
    part.writeBigUInt64LE(20n, 48);
    part.writeUInt16LE(text.length - 2, 56);
    part.writeBigUInt64LE(address + BigInt(at + part.length - text.length), 64);
    part.writeBigUInt64LE(BigInt(pid), 80);
    part.writeBigUInt64LE(BigInt(ppid), 88);
    part.writeBigUInt64LE(4_096n, 144);
    for (const [index, [state, reason]] of threads.entries()) {
      part.writeUInt32LE(state, 256 + index * 80 + 68);
      part.writeUInt32LE(reason, 256 + index * 80 + 72);
    }
    text.copy(part, part.length - text.length);
    parts.push(part);
    at += part.length;
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), address };
}

describe('a security descriptor (winnt.h, SECURITY_DESCRIPTOR_RELATIVE)', () => {
  const sid = Uint8Array.from([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0]);

  test('of one user: its own, and for nobody else', () => {
    const bytes = encodeSecurity({ sid: Uint8Array.from([...sid, 255, 255]), access: 0x001f_01ff });
    const entry = [0, 0, 24, 0, 0xff, 0x01, 0x1f, 0x00, ...sid];
    // Revision 1; self-relative, with a list that nothing is inherited into; owner at 20, list at 36.
    expect([...bytes]).toEqual([
      1,
      0,
      4,
      0x90,
      20,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      36,
      0,
      0,
      0,
      ...sid,
      2,
      0,
      32,
      0,
      1,
      0,
      0,
      0,
      ...entry,
    ]);
    expect(parseSid(ownerIn(bytes) as Uint8Array)).toBe('S-1-5-32-544');
  });

  test('of nobody: an empty list lets nobody in, which no list would not', () => {
    const bytes = encodeSecurity(null);
    expect([...bytes]).toEqual([1, 0, 4, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 8, 0, 0, 0, 0, 0]);
    expect(ownerIn(bytes)).toBeNull();
  });
});
