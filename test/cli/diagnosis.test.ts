import { expect, test } from 'vitest';
import { diagnose } from '../../clients/cli/diagnosis.ts';
import type { Result } from '../../src/protocol/methods/index.ts';

const server: Result<'initialize'> = {
  protocol: 1,
  serverInfo: { name: 'sidewarden', version: '0.1.0', pid: 1, startedAt: 0, node: '24.0.0', platform: 'linux', arch: 'x64' },
  capabilities: { native: true, killIdentity: 'handle', containment: [], portOwners: 'all', socketSource: 'kernel' },
  limits: {} as Result<'initialize'>['limits'],
  connectionId: 'c1',
  hostWatch: 'none',
};
const facts = {
  nativeProblem: null,
  pidfdInode: true,
  cgroup: 'writable',
  lockDirectory: '/home/ada/locks',
  lockDirectoryState: 'creatable',
};

/** The findings that are not good, when the server says this instead. */
const weak = (capabilities: object, doctor: object | null = {}, serverInfo: object = {}) =>
  diagnose({
    ...server,
    serverInfo: { ...server.serverInfo, ...serverInfo },
    capabilities: { ...server.capabilities, ...(doctor && { experimental: { doctor: { ...facts, ...doctor } } }), ...capabilities },
  }).filter(({ isGood }) => !isGood);

test('where everything works, everything is good', () => {
  expect(weak({})).toEqual([]);
});

test.each([
  [
    'no native calls',
    { native: false },
    { nativeProblem: 'koffi is not installed.' },
    {},
    /^koffi is not installed\. Questions are answered all the same/,
  ],
  ['no netlink', { socketSource: 'procfs' }, {}, {}, /^\/proc\/net is read as a whole/],
  ['a source of the future', { socketSource: 'ebpf' }, {}, {}, /does not know that source/],
  ['an ordinary user', { portOwners: 'ownUser' }, {}, {}, /run this as root/],
  ['no pidfds', { killIdentity: 'checked' }, {}, {}, /^The end of a process is noticed by looking again and again/],
  ['pidfds without an inode', {}, { pidfdInode: false }, {}, /by its start time alone/],
  ['a read-only cgroup', {}, { cgroup: 'readOnly' }, {}, /may not be divided/],
  ['no cgroup', {}, { cgroup: 'none' }, {}, /no unified hierarchy/],
  ['nowhere to lock', {}, { lockDirectoryState: 'unusable' }, {}, /neither be written nor made/],
  ['an old Node.js', {}, {}, { node: '22.11.0' }, /^Older than 22\.12/],
  ['macOS', {}, {}, { platform: 'darwin' }, /not run on a Mac/],
  ['Windows', {}, {}, { platform: 'win32' }, /under Wine only/],
  ['another system', {}, {}, { platform: 'aix' }, /answered Unsupported/],
])('%s is one finding with its consequence', (_, capabilities, doctor, serverInfo, consequence) => {
  expect(weak(capabilities, doctor, serverInfo).map((finding) => finding.consequence)).toEqual([expect.stringMatching(consequence)]);
});

test('a sidecar that tells less is not made to say more', () => {
  expect(weak({}, null).map(({ title, value }) => [title, value])).toEqual([
    ['cgroup', 'not told'],
    ['lock directory', 'not told'],
  ]);
});
