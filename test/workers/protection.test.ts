import { describe, expect, test } from 'vitest';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { type ProtectionFacts, protectionOf } from '../../src/workers/protection.ts';

const someProcess: ProcessInfo = {
  pid: 4_242,
  ppid: 4_000,
  startedAt: 1_790_000_000_000,
  identity: 'boot-4242-1',
  name: 'node',
  executable: '/usr/bin/node',
  commandLine: ['node', 'server.js'],
  cwd: '/',
  user: { id: 1_000, name: 'ada' },
  status: 'sleeping',
  rssBytes: 1,
  visibility: 'full',
};
const nothingKnown: ProtectionFacts = { known: {} };
const judge = (differing: Partial<ProcessInfo>, facts = nothingKnown) => protectionOf({ ...someProcess, ...differing }, facts);
const running = (executable: string | null, ...commandLine: (string | null)[]) =>
  judge({ executable, commandLine: commandLine.map(String) });

test('a part of macOS, which would come back at once; a script of its Python is none', () => {
  const controlCenter = '/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter';
  expect(running(controlCenter, controlCenter)).toMatchObject({ level: 'protected', reason: 'systemPart' });
  expect(running('/System/Library/Frameworks/Python.framework/Versions/3.9/bin/python3', 'python3', 'server.py')).toBeNull();
  expect(running('/opt/homebrew/bin/node', 'node')).toBeNull();
});

describe('never, whatever the flags', () => {
  test.each([0, 1])('pid %i', (pid) => {
    expect(judge({ pid })).toMatchObject({ level: 'never', reason: 'init', sentence: expect.stringContaining('holds the system up') });
  });

  test('System of Windows, and what keeps it running', () => {
    const system = { pid: 4, ppid: 0, name: 'System', executable: null, commandLine: null };
    expect(judge(system)).toMatchObject({ level: 'never', reason: 'init' });
    const csrss = { name: 'csrss.exe', executable: 'C:\\Windows\\System32\\csrss.exe', commandLine: null };
    expect(judge(csrss)).toMatchObject({ level: 'never', sentence: expect.stringContaining('keeps Windows running') });
    // A container may well give pid 4 to a program of that name.
    expect(judge({ ...system, executable: '/app/System' })).toBeNull();
  });

  test('kernel threads, and their parent', () => {
    const thread = { executable: null, commandLine: [], cwd: null };
    expect(judge({ ...thread, pid: 2, ppid: 0, name: 'kthreadd' })).toMatchObject({ level: 'never', reason: 'kernelThread' });
    expect(judge({ ...thread, ppid: 2, name: 'kworker/0:1' })).toMatchObject({
      level: 'never',
      sentence: expect.stringContaining('kernel'),
    });
  });

  test('but not what pid 2 of a container has started, nor its zombie', () => {
    expect(judge({ ppid: 2 })).toBeNull();
    expect(judge({ ppid: 2, executable: null, commandLine: null, status: 'zombie' })).toBeNull();
    expect(judge({ ppid: 4_000, executable: null, commandLine: [] })).toBeNull();
  });

  test.each([
    ['sidecar', 'this sidecar'],
    ['guard', 'guards this sidecar'],
  ] as const)('the %s', (reason, words) => {
    expect(judge({}, { known: { 'boot-4242-1': { reason } } })).toMatchObject({
      level: 'never',
      reason,
      sentence: expect.stringContaining(words),
    });
  });
});

describe('protected unless allowed', () => {
  test.each([
    ['host', 'host of this sidecar'],
    ['liveSidecar', 'a live sidecar of notes'],
    ['supervised', 'use service/stop'],
  ] as const)('%s, by identity', (reason, words) => {
    const facts: ProtectionFacts = { known: { 'boot-4242-1': { reason, of: 'notes' } } };
    expect(judge({}, facts)).toMatchObject({ level: 'protected', reason, sentence: expect.stringContaining(words) });
    expect(judge({ identity: 'boot-4242-2' }, facts)).toBeNull();
  });

  test.each([
    ['/usr/lib/systemd/systemd', '/lib/systemd/systemd', '--user'],
    ['/usr/bin/python3.11', '/usr/bin/python3', '/usr/bin/supervisord', '-n'],
    ['/usr/bin/python3.11', 'python3', '-E', '/usr/bin/supervisord'],
    ['/usr/bin/supervisord', 'supervisord'],
    ['/bin/busybox', 'runsvdir', '/etc/service'],
    ['/usr/bin/s6-svscan', 's6-svscan', '/run/service'],
    ['/usr/bin/node', 'PM2 v6.0.5: God Daemon (/root/.pm2)'],
    [null, '/sbin/init'],
  ])('a service manager: %s %s', (executable, ...commandLine) => {
    expect(running(executable, ...commandLine)).toMatchObject({
      level: 'protected',
      reason: 'serviceManager',
      sentence: expect.stringMatching(/stop the unit or service instead/),
    });
  });

  test.each([
    'docker-proxy',
    'dockerd',
    'containerd',
    'containerd-shim',
    'containerd-shim-runc-v2',
    'conmon',
    'podman',
    'rootlessport',
    'slirp4netns',
    'pasta.avx2',
  ])('a container engine: %s', (name) => {
    expect(running(`/usr/bin/${name}`, name)).toMatchObject({
      level: 'protected',
      reason: 'containerEngine',
      sentence: expect.stringMatching(/stop the container instead/),
    });
    expect(running(null, `/usr/bin/${name}`, '-flag')).toMatchObject({ reason: 'containerEngine' });
  });

  test.each(['wslrelay.exe', 'wslhost.exe', 'WSLRelay.EXE'])('a relay of WSL: %s', (name) => {
    expect(running(`C:\\Program Files\\WSL\\${name}`, name)).toMatchObject({
      level: 'protected',
      reason: 'wslRelay',
      sentence: expect.stringMatching(/inside WSL; end its owner there instead/),
    });
  });

  test.each(['com.docker.backend.exe', 'com.docker.vpnkit.exe', 'vpnkit.exe', 'gvproxy.exe'])(
    'a container engine on Windows: %s',
    (name) => {
      expect(running(`C:\\Program Files\\Docker\\Docker\\resources\\${name}`, name)).toMatchObject({
        level: 'protected',
        reason: 'containerEngine',
        sentence: expect.stringMatching(/stop the container instead/),
      });
      // Of another user: only its name is seen.
      expect(judge({ executable: null, commandLine: null, name })).toMatchObject({ reason: 'containerEngine' });
    },
  );

  test.each([
    ['/usr/bin/bash', 'bash'],
    ['/usr/bin/bash', '-bash'],
    ['/usr/bin/bash', 'bash', '--norc', '-i'],
    ['/usr/bin/bash', '/bin/bash', '--init-file', '/opt/editor/shellIntegration.sh'],
    ['/usr/bin/bash', 'bash', '-o', 'vi'],
    ['/usr/bin/bash', 'bash', '--rcfile', '/home/ada/.rc', '-i'],
    ['/usr/bin/zsh', 'zsh', '-l'],
    ['/usr/bin/zsh', '-zsh'],
    ['/usr/bin/fish', 'fish', '-C', 'set -x A b'],
    ['/usr/bin/dash', 'sh'],
    ['/bin/busybox', 'sh'],
    ['/bin/busybox', '-ash'],
    ['/usr/bin/pwsh', 'pwsh', '-NoLogo'],
    ['/usr/bin/pwsh', 'pwsh', '-NoExit', '-Command', 'try { . a.ps1 } catch {}'],
    [null, '-bash'],
  ])('an interactive shell: %s as %s %s %s', (executable, ...commandLine) => {
    expect(running(executable, ...commandLine)).toMatchObject({
      level: 'protected',
      reason: 'interactiveShell',
      sentence: expect.stringMatching(/interactive shell/),
    });
  });
});

test.each([
  ['/usr/bin/bash', 'bash', 'script.sh'],
  ['/usr/bin/bash', '/bin/bash', './run-docker-proxy-tests.sh', '-x'],
  ['/usr/bin/dash', 'sh', '-c', 'exec node server.js'],
  ['/usr/bin/bash', 'bash', '-lc', 'npm start'],
  ['/usr/bin/bash', 'bash', '-ec', 'npm start'],
  ['/usr/bin/bash', 'bash', '--norc', '-i', 'script.sh'],
  ['/usr/bin/bash', 'bash', '--', 'script.sh'],
  ['/usr/bin/bash', 'bash', '--init-file', '/x/y.sh', 'script.sh'],
  ['/usr/bin/fish', 'fish', '--command=ls'],
  ['/usr/bin/pwsh', 'pwsh', '-File', 'a.ps1'],
  ['/bin/busybox', 'httpd', '-f'],
  ['/usr/bin/node', 'node'],
  ['/usr/bin/node', 'node', '-i'],
  ['/usr/bin/python3.11', 'python3', 'supervisor.py'],
  ['/usr/bin/python3.11', 'python3'],
  ['/usr/bin/systemd-notify', 'systemd-notify'],
  ['/usr/bin/containers-are-fun', 'containers-are-fun'],
  // What it calls itself counts only where the file that runs is hidden.
  ['/usr/bin/node', 'docker-proxy'],
])('not protected: %s as %s %s', (executable, ...commandLine) => {
  expect(running(executable, ...commandLine)).toBeNull();
});

test('a zombie is not protected: there is nothing left of it', () => {
  expect(judge({ executable: '/usr/bin/dockerd', status: 'zombie' })).toBeNull();
});
