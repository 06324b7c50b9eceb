import { describe, expect, test } from 'vitest';
import { commandLineCapBytes, parseCommandLine } from '../../src/workers/platform/parse/commandLine.ts';
import { parseBootTime } from '../../src/workers/platform/parse/kernelStat.ts';
import { parseMountinfo } from '../../src/workers/platform/parse/mountinfo.ts';
import { parsePasswd } from '../../src/workers/platform/parse/passwd.ts';
import { parseProcCgroup, unifiedPath } from '../../src/workers/platform/parse/procCgroup.ts';
import { completeName } from '../../src/workers/platform/parse/processName.ts';
import { hasEnded, parseProcStat } from '../../src/workers/platform/parse/procStat.ts';
import { parseProcStatus } from '../../src/workers/platform/parse/procStatus.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('/proc/PID/stat', () => {
  const rest = '4200 4243 4200 34816 -1 4194304 1 2 3 4 150 25 7 8 20 0 11 0 99120 1134206976 11717 18446744073709551615 1 1 0\n';

  test.each([['node'], ['a b'], ['a) S 1 ('], ['((('], [')'], ['line\nbreak'], ['']])('a name of %j is no obstacle', (name) => {
    expect(parseProcStat(bytes(`4242 (${name}) S ${rest}`))).toEqual({
      pid: 4242,
      comm: bytes(name),
      state: 'S',
      ppid: 4200,
      pgid: 4243,
      sid: 4200,
      isKernelThread: false,
      cpuTicks: 175,
      threads: 11,
      startTicks: 99_120,
      rssPages: 11_717,
    });
  });

  test('a kernel thread is known by its flag', () => {
    const kernelThread = '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 30 0 0 18446744073709551615 0 0 0\n';
    expect(parseProcStat(bytes(kernelThread))).toMatchObject({ isKernelThread: true, rssPages: 0 });
  });

  test.each(['', '4242', '4242 (node', '4242 (node) S 1 2'])('%j is no such file', (text) => {
    expect(parseProcStat(bytes(text))).toBeNull();
  });

  test('a zombie has ended, a dead leader of living threads has not', () => {
    expect(hasEnded({ state: 'Z', threads: 1 })).toBe(true);
    expect(hasEnded({ state: 'X', threads: 0 })).toBe(true);
    expect(hasEnded({ state: 'Z', threads: 2 })).toBe(false);
    expect(hasEnded({ state: 'S', threads: 1 })).toBe(false);
  });
});

describe('/proc/PID/status', () => {
  const text =
    'Name:\tx\\nUid:\t9\t9\t9\t9\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nNgid:\t0\nPid:\t4243\nUid:\t1000\t1001\t1002\t1003\n';

  test('the effective user, the process of a thread, memory and capabilities', () => {
    expect(parseProcStatus(`${text}VmRSS:\t   46868 kB\nCapEff:\t00000000a80425fb\n`)).toEqual({
      tgid: 4242,
      euid: 1001,
      rssBytes: 46_868 * 1024,
      effectiveCapabilities: 0xa80425fbn,
    });
  });

  test('a kernel thread has no memory line', () => {
    expect(parseProcStatus(text)).toMatchObject({ rssBytes: null });
  });

  test('text without the lines that count is no such file', () => {
    expect(parseProcStatus('Name:\tx\n')).toBeNull();
  });
});

describe('/proc/PID/cmdline', () => {
  test.each<[string, string, string[]]>([
    ['a usual one', 'node\0server.js\0', ['node', 'server.js']],
    ['empty arguments', 'a\0\0b\0\0', ['a', '', 'b', '']],
    ['one empty argument at the end', 'a\0\0', ['a', '']],
    ['nothing (kernel thread)', '', []],
    ['one empty argument', '\0', ['']],
    ['a title without its NUL', 'nginx: worker process', ['nginx: worker process']],
    ['a title padded with NULs', 'sshd: ada@pts/0\0\0\0\0\0', ['sshd: ada@pts/0']],
    ['a title of one word, padded', 'myapp\0\0\0\0', ['myapp']],
    ['a byte order mark', '\u00EF\u00BB\u00BFa\0', ['\uFEFFa']],
    ['invalid UTF-8', '\u00FFa\0b\u00C3\0', ['\uFFFDa', 'b\uFFFD']],
    ['a surrogate in CESU-8', '\u00ED\u00A0\u0080\0', ['\uFFFD\uFFFD\uFFFD']],
  ])('%s', (_, raw, args) => {
    const parsed = parseCommandLine(latin1(raw));
    expect(parsed).toEqual(args);
    expect(parsed.every((arg) => arg.isWellFormed())).toBe(true);
  });

  test.each([
    ['text', bytes('x'.repeat(200_000))],
    ['a character across the cap', bytes('é'.repeat(100_000).slice(0, 50_001))],
    ['invalid bytes that become three each', new Uint8Array(40_000).fill(0xff)],
    ['empty arguments', new Uint8Array(40_000)],
  ])('is capped: %s', (_, raw) => {
    const args = parseCommandLine(raw);
    const size = bytes(args.join('\0')).length;
    expect(size).toBeLessThanOrEqual(commandLineCapBytes);
    expect(size).toBeGreaterThan(commandLineCapBytes - 4);
    expect(args.every((arg) => arg.isWellFormed())).toBe(true);
  });
});

describe('name', () => {
  test.each<[string, string | undefined, string | null, string]>([
    ['node', '/usr/bin/other', '/usr/bin/nodejs', 'node'],
    ['gnome-keyring-d', '/usr/bin/gnome-keyring-daemon', null, 'gnome-keyring-daemon'],
    ['gnome-keyring-d', undefined, '/usr/bin/gnome-keyring-daemon', 'gnome-keyring-daemon'],
    ['gnome-keyring-d', 'title', '/usr/bin/python3', 'gnome-keyring-d'],
    ['exactly-fifteen', '/bin/exactly-fifteen', null, 'exactly-fifteen'],
    ['kworker/u8:1-events_unbound', undefined, null, 'kworker/u8:1-events_unbound'],
  ])('%s, started as %s', (comm, argv0, executable, name) => {
    expect(completeName(bytes(comm), argv0, executable)).toBe(name);
  });

  test('a character that was cut in two does not stand in the way', () => {
    expect(completeName(bytes('äöüäöüäö').subarray(0, 15), '/bin/äöüäöüäöü', null)).toBe('äöüäöüäöü');
  });
});

describe('/proc/PID/cgroup', () => {
  const id = '0123456789abcdef'.repeat(4);
  const pod = 'pod01234567-89ab-cdef-0123-456789abcdef';

  test.each<[string, string, string, string]>([
    ['docker, systemd', `0::/system.slice/docker-${id}.scope`, 'docker', id],
    ['docker, cgroupfs', `0::/docker/${id}`, 'docker', id],
    ['docker, cgroup v1', `12:pids:/docker/${id}\n1:name=systemd:/docker/${id}\n0::/system.slice/containerd.service`, 'docker', id],
    ['docker on a hybrid system', `4:memory:/docker/${id}\n0::/`, 'docker', id],
    ['docker, seen from a sibling', `0::/../docker-${id}.scope`, 'docker', id],
    ['podman', `0::/machine.slice/libpod-${id}.scope/container`, 'podman', id],
    ['podman without root', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, 'podman', id],
    ['podman, split', `0::/system.slice/web.service/libpod-payload-${id}`, 'podman', id],
    ['podman, cgroupfs', `0::/libpod_parent/libpod-${id}`, 'podman', id],
    ['containerd below the kubelet', `0::/kubepods.slice/kubepods-besteffort.slice/cri-containerd-${id}.scope`, 'containerd', id],
    ['containerd, names not converted', `0::/system.slice/containerd.service/kubepods-${pod}.slice:cri-containerd:${id}`, 'containerd', id],
    ['cri-o', `0::/kubepods.slice/crio-${id}.scope/container`, 'cri-o', id],
    ['the kubelet, cgroupfs', `3:cpuset:/kubepods/burstable/${pod}/${id}\n0::/`, 'kubernetes', id],
    ['lxc 4', '0::/lxc.payload.web/system.slice/nginx.service', 'lxc', 'web'],
    ['lxc 3', '5:cpu:/lxc/web/user.slice', 'lxc', 'web'],
    ['the outermost of two', `0::/docker/${id}/docker/${'f'.repeat(64)}`, 'docker', id],
  ])('container: %s', (_, text, engine, name) => {
    expect(parseProcCgroup(`${text}\n`).container).toEqual({ engine, id: name });
  });

  test.each([
    ['the root', '0::/'],
    ['a unit', '0::/system.slice/docker.service'],
    ['podman’s monitor', `0::/machine.slice/libpod-conmon-${id}.scope`],
    ['cri-o’s monitor', `0::/kubepods.slice/crio-conmon-${id}.scope`],
    ['lxc’s monitor', '0::/lxc.monitor.web'],
    ['a number that is none', '4:memory:/process/5c8fd10e6edead931e60a2fc824b92dc'],
    ['nothing', ''],
  ])('no container: %s', (_, text) => {
    expect(parseProcCgroup(`${text}\n`).container).toBeNull();
  });

  test.each<[string, string, string, 'system' | 'user']>([
    ['a service', '0::/system.slice/ssh.service', 'ssh.service', 'system'],
    ['a template in its slice', '0::/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service', 'system'],
    ['a session', '0::/user.slice/user-1000.slice/session-3.scope', 'session-3.scope', 'system'],
    ['of a user', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service', 'web.service', 'user'],
    ['a user’s manager', '0::/user.slice/user-1000.slice/user@1000.service', 'user@1000.service', 'system'],
    ['of a manager elsewhere', '0::/elsewhere/app.slice/web.service', 'web.service', 'user'],
    ['a delegated tree', '0::/system.slice/web.service/workers/3', 'web.service', 'system'],
    ['seen from a sibling', '0::/../ssh.service', 'ssh.service', 'system'],
    ['cgroup v1', '3:cpu:/\n1:name=systemd:/system.slice/ssh.service', 'ssh.service', 'system'],
    ['hybrid', '1:name=systemd:/system.slice/ssh.service\n0::/', 'ssh.service', 'system'],
    ['a container’s scope', `0::/system.slice/docker-${id}.scope`, `docker-${id}.scope`, 'system'],
  ])('unit: %s', (_, text, name, scope) => {
    expect(parseProcCgroup(`${text}\n`).unit).toEqual({ name, scope });
  });

  test.each([
    ['only controllers name it', '4:memory:/system.slice/ssh.service\n0::/'],
    ['a service manager’s inside a container', `0::/docker/${id}/system.slice/nginx.service`],
    ['the root', '0::/'],
  ])('no unit: %s', (_, text) => {
    expect(parseProcCgroup(`${text}\n`).unit).toBeNull();
  });

  test('the path in the unified hierarchy', () => {
    expect(unifiedPath('4:memory:/a\n0::/b:c\n')).toBe('/b:c');
    expect(unifiedPath('4:memory:/a\n')).toBeNull();
  });
});

test('/etc/passwd: the first name of a uid counts, lines that are none do not', () => {
  const text =
    'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n\n#comment\n+::::::\nada:x:1000:1000:A,,:/home/ada:/bin/sh\nbad:x:y:1::/:/\n';
  expect(parsePasswd(text)).toEqual(
    new Map([
      [0, 'root'],
      [1000, 'ada'],
    ]),
  );
});

test('/proc/self/mountinfo: optional fields and escapes', () => {
  const text = [
    '31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate',
    '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime - ext3 /dev/root ro,errors=continue',
    'nonsense',
  ].join('\n');
  expect(parseMountinfo(text)).toEqual([
    { root: '/', mountPoint: '/sys/fs/cgroup', fileSystem: 'cgroup2' },
    { root: '/mnt1', mountPoint: '/mnt 2', fileSystem: 'ext3' },
  ]);
});

test('/proc/stat: the boot time', () => {
  expect(parseBootTime('cpu  1 2 3\nintr 7\nbtime 1795399941\nprocesses 9\n')).toBe(1_795_399_941);
  expect(parseBootTime('cpu  1 2 3\n')).toBeNull();
});
