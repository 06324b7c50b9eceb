import { expect, test } from 'vitest';
import type { BindAnswer, Platform, PortRules, Sockets } from '../../src/workers/platform/types.ts';
import { judgeBind } from '../../src/workers/platform/win32/bindAttempt.ts';
import { askNetsh } from '../../src/workers/platform/win32/portRules.ts';
import type { Tools } from '../../src/workers/platform/win32/tools.ts';
import { checkPort } from '../../src/workers/tasks/checkPort.ts';
import { isPosix } from '../harness/needs.ts';
import { standIn } from '../harness/standIn.ts';

/*
 * Ranges that Windows refuses to everybody. Wine has none, so neither the error nor the range comes from a system here: the codes are
 * those of winsock2.h, and the range is one that Hyper-V is known to set aside.
 */

const range = { from: 50_000, to: 50_059 };
const rules: PortRules = {
  unprivilegedPortStart: 0,
  mayBindPrivileged: true,
  ephemeral: { from: 49_152, to: 65_535 },
  reserved: [
    { from: 5_357, to: 5_357, protocol: 'tcp' },
    { ...range, protocol: 'tcp' },
    { from: 60_000, to: 60_010, protocol: 'udp' },
  ],
  reservedRefusesBind: true,
};

/** Nobody listens, and a bind is answered so. */
const platformThat = (answer: BindAnswer): Platform => {
  const sockets: Partial<Sockets> = {
    read: () => [],
    lookup: () => null,
    tryBind: () => answer,
    readClosing: () => ({ counts: {}, connections: 0 }),
    readRules: () => rules,
    readLocalAddresses: () => ['127.0.0.1'],
  };
  return { sockets } as Platform;
};

const ask = (port: number, platform: Platform, bind: 'try' | 'never' = 'try') =>
  checkPort({ protocol: 'tcp', port, hosts: ['127.0.0.1'], bind }, platform);

test('a bind that is refused there is said to be, with the range', async () => {
  expect(await ask(50_010, platformThat('reservedByOs'))).toEqual({
    inUse: false,
    canBind: false,
    reason: 'reservedByOs',
    reserved: range,
  });
});

test('the rules alone say the same', async () => {
  expect(await ask(50_059, platformThat('cannotTry'), 'never')).toMatchObject({ canBind: false, reason: 'reservedByOs', reserved: range });
  expect(await ask(50_060, platformThat('cannotTry'), 'never')).toEqual({ inUse: false, canBind: true, reason: null });
});

test('UDP has ranges of its own', async () => {
  const askUdp = (port: number) => checkPort({ protocol: 'udp', port, hosts: ['127.0.0.1'], bind: 'never' }, platformThat('cannotTry'));
  expect(await askUdp(50_010)).toEqual({ inUse: false, canBind: true, reason: null });
  expect(await askUdp(60_010)).toMatchObject({ reason: 'reservedByOs', reserved: { from: 60_000, to: 60_010 } });
  expect(await ask(60_010, platformThat('cannotTry'), 'never')).toMatchObject({ canBind: true });
});

test.each([
  [null, 'bound'],
  ['EACCES', 'inUse'],
  ['EAFNOSUPPORT', 'noFamily'],
  ['EADDRINUSE', 'inUse'],
  ['EADDRNOTAVAIL', 'addressUnavailable'],
  ['WSA error 10050', null],
] as const)('what %s says outside of a range: %s', (errno, answer) => {
  expect(judgeBind(errno, { isReserved: false, lacksFamily: false })).toBe(answer);
});

test('WSAEACCES is the range’s, inside of one; a missing family is told from a missing address', () => {
  expect(judgeBind('EACCES', { isReserved: true, lacksFamily: false })).toBe('reservedByOs');
  expect(judgeBind('EADDRINUSE', { isReserved: true, lacksFamily: false })).toBe('inUse');
  expect(judgeBind('EADDRNOTAVAIL', { isReserved: false, lacksFamily: true })).toBe('noFamily');
});

test('netsh is asked for both protocols and both families; what both keep is one range, and a refusal is none', async ({ skip }) => {
  skip(!isPosix, 'needs a shell, for what stands in for netsh');
  const netsh = await standIn(
    'case "$*" in',
    '*excludedportrange*protocol=tcp) printf "\\r\\n  5357  5357\\r\\n 50000 50059 *\\r\\n" ;;',
    '"interface ipv6 show excludedportrange protocol=udp") printf "\\n 60000  60010\\n" ;;',
    '"interface ipv4 show dynamicport tcp") printf "Start Port : 50000\\nNumber of Ports : 10\\n" ;;',
    '*) exit 1 ;;',
    'esac',
  );
  expect(await askNetsh({ netsh } as Tools)).toMatchObject({
    ephemeral: { from: 50_000, to: 50_009 },
    reserved: [
      { from: 5_357, to: 5_357, protocol: 'tcp' },
      { from: 50_000, to: 50_059, protocol: 'tcp' },
      { from: 60_000, to: 60_010, protocol: 'udp' },
    ],
  });
});
