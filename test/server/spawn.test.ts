import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rmdir, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { planDescriptors } from '../../src/native/linux/spawnProcess.ts';
import { keepInheritedDescriptors } from '../../src/server/os/inheritedDescriptors.ts';
import { type Child, createLaunch, createSpawnChild, type SpawnOrder } from '../../src/server/os/spawn.ts';
import { createPlatform } from '../../src/workers/platform/index.ts';
import { makeDirectory } from '../harness/directory.ts';
import { onLinux } from '../harness/only.ts';
import { hasNative } from '../harness/sidecar.ts';

const ways = [
  { way: 'by the system', native: true },
  { way: 'by Node', native: false },
].filter(({ native }) => hasNative || !native);

onLinux(describe).for(ways)('a program that is started $way', ({ native }) => {
  keepInheritedDescriptors({ native: false, platform: 'linux' });
  const spawnChild = createSpawnChild(createLaunch({ native, platform: 'linux' }), systemClock);
  const start = (order: Partial<SpawnOrder>): Promise<Child> =>
    spawnChild({ command: '/bin/sh', args: [], cwd: '/', environment: { PATH: '/usr/bin:/bin' }, cgroup: null, output: 'pipes', ...order });
  const sh = (script: string, order: Partial<SpawnOrder> = {}) => start({ args: ['-c', script], ...order });

  test('has its arguments, its name, its directory and its environment as they were ordered', async () => {
    const odd = ['', ' a  b ', '\'"$`\\', 'zeile\nzwei', 'ünï 日本 💥', '-e', '*'];
    const environment = { PATH: '/usr/bin:/bin', EMPTY: '', 'odd.name%%': 'x=y', LINES: 'a\nb', ü: '💥' };
    const child = await start({ command: process.execPath, args: ['-e', tellAll, '--', ...odd], cwd: '/tmp', environment });
    const told = JSON.parse(await text(outputOf(child).stdout));
    expect(told).toMatchObject({ args: odd, cwd: '/tmp', environment });
    expect(Object.keys(told.environment).sort()).toEqual(Object.keys(environment).sort());
    expect(await child.exited).toEqual({ exitCode: 0, signal: null });
    const named = await start({ command: 'cat', args: ['/proc/self/cmdline'] });
    expect(await text(outputOf(named).stdout)).toBe('cat\0/proc/self/cmdline\0');
  });

  test('leads a session of its own, with all signals as they are by default', async () => {
    const child = await start({ command: 'cat', args: ['/proc/self/stat', '/proc/self/status'] });
    const told = await text(outputOf(child).stdout);
    const [, , group, session] = told.slice(told.indexOf(') ') + 2).split(' ');
    expect([group, session]).toEqual([`${child.pid}`, `${child.pid}`]);
    // 32 and 33 are the C library’s own.
    for (const mask of ['SigBlk', 'SigIgn', 'SigCgt']) expect(told).toMatch(new RegExp(`^${mask}:\\s0{7}[01][08]0{7}$`, 'm'));
  });

  test('has the descriptors of its order and no other, whatever their numbers are here', async () => {
    await using directory = await makeDirectory();
    const fds = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      await writeFile(directory.at(name), name);
      fds.push(openSync(directory.at(name), 'r'));
    }
    const child = await sh('cat <&3; cat <&4; cat <&5; cat <&6; echo; ls /proc/self/fd', { descriptors: fds.toReversed() });
    for (const fd of fds) closeSync(fd);
    // The last one is that by which ls reads.
    expect((await text(outputOf(child).stdout)).split('\n').join(' ')).toBe('dcba 0 1 2 3 4 5 6 7 ');
  });

  test('reads what is written to it, and is read to its end', async () => {
    const child = await sh('cat; echo done >&2; exit 7', { stdin: 'pipe' });
    const written = 'x'.repeat(300_000);
    child.stdin?.end(written);
    const [stdout, stderr] = await Promise.all([text(outputOf(child).stdout), text(outputOf(child).stderr)]);
    expect([stdout, stderr]).toEqual([written, 'done\n']);
    expect(await child.exited).toEqual({ exitCode: 7, signal: null });
    expect(child.hasExited()).toBe(true);
    // Nobody has this pid for sure by now.
    child.signal('SIGKILL');
  });

  test('that ends without having read breaks nothing', async () => {
    const child = await sh('exit 0', { stdin: 'pipe' });
    child.stdin?.write('x'.repeat(1_000_000));
    expect(await child.exited).toEqual({ exitCode: 0, signal: null });
  });

  test('writes where it is told to: into a file of ours, or nowhere', async () => {
    await using directory = await makeDirectory();
    const fd = openSync(directory.at('log'), 'a');
    const [filed, silent] = [
      await sh('echo out; echo err >&2', { output: fd }),
      await sh('output=$(readlink /proc/$$/fd/1); echo "$output" >&3', { output: 'none', descriptors: [fd] }),
    ];
    closeSync(fd);
    expect([filed.output, silent.output]).toEqual([null, null]);
    await Promise.all([filed.exited, silent.exited]);
    expect(readFileSync(directory.at('log'), 'utf8').split('\n').sort()).toEqual(['', '/dev/null', 'err', 'out']);
  });

  test('is collected, and how it ended is told, also of many at once', async () => {
    const children = await Promise.all(Array.from({ length: 60 }, (_, index) => sh(`read line; exit ${index}`, { stdin: 'pipe' })));
    const killed = await sh('kill -s USR2 $$');
    expect(await killed.exited).toEqual({ exitCode: null, signal: 'SIGUSR2' });
    for (const { stdin } of children) stdin?.end('\n');
    const exits = await Promise.all(children.map(({ exited }) => exited));
    expect(exits.map(({ exitCode }) => exitCode)).toEqual(children.map((_, index) => index));
    expect(children.filter(({ pid }) => existsSync(`/proc/${pid}`))).toEqual([]);
    const signalled = await sh('exec sleep 300');
    signalled.signal('SIGTERM');
    expect(await signalled.exited).toEqual({ exitCode: null, signal: 'SIGTERM' });
  });

  test('says why when it cannot be', async () => {
    await using directory = await makeDirectory();
    const make = async (name: string, content: string) => {
      await writeFile(directory.at(name), content);
      await chmod(directory.at(name), 0o755);
      return directory.at(name);
    };
    const errnoOf = (order: Partial<SpawnOrder>) =>
      start(order).then(
        () => null,
        (error) => error.failure?.data.errno,
      );
    expect(await errnoOf({ command: await make('lost', '#!/no/such/interpreter\n') })).toBe('ENOENT');
    // execvp(3) takes it for a script of the shell.
    const plain = await start({ command: await make('plain', 'echo "$1"\n'), args: ['of no form'] });
    expect(await text(outputOf(plain).stdout)).toBe('of no form\n');
    expect(await errnoOf({ args: ['-c', 'true', 'x'.repeat(200_000)] })).toBe('E2BIG');
    expect(await errnoOf({ args: Array<string>(40).fill('x'.repeat(100_000)) })).toBe('E2BIG');
    expect(await errnoOf({ cwd: directory.at('gone') })).toBe('ENOENT');
    expect(await errnoOf({ command: 'no-such-program' })).toBe('ENOENT');
    expect(await (await sh('exit 0')).exited).toEqual({ exitCode: 0, signal: null });
  });

  test('is in its cgroup before its first instruction, also with more descriptors than a shell can tell apart', async ({ skip }) => {
    const cgroups = createPlatform('linux', { native: false }).probeCapabilities().cgroupDirectory;
    skip(cgroups === null, 'needs a writable cgroup');
    const cgroup = `${cgroups}/sidewarden-test-${process.pid}-${native}`;
    await mkdir(cgroup);
    const fd = openSync('/dev/null', 'r');
    for (const count of [0, 6, 7]) {
      const child = await sh('cat /proc/self/cgroup; ls /proc/self/fd', { cgroup, descriptors: Array<number>(count).fill(fd) });
      const [entered, told] = await Promise.all([child.cgroup, text(outputOf(child).stdout)]);
      expect(entered).toBe(cgroup);
      expect(told).toContain(cgroup.slice(cgroup.lastIndexOf('/')));
      expect(told.split('\n').filter((line) => /^\d+$/.test(line))).toHaveLength(4 + count);
      await child.exited;
    }
    const outside = await sh('exit 0', { cgroup: `${cgroup}-gone` });
    expect(await outside.cgroup).toBeNull();
    await outside.exited;
    closeSync(fd);
    await rmdir(cgroup);
  });
});

test('no descriptor is overwritten before it is in place', () => {
  for (const given of [
    [5, 6, 7],
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 'empty', 2, 30, 3],
    [9, 'empty', 9, undefined, 0, 1, 2, 3, 4, 5],
  ] as const) {
    const open = new Map<number, string>(Array.from({ length: 31 }, (_, fd) => [fd, `ours ${fd}`]));
    const kept = new Set<number>();
    for (const step of planDescriptors(given)) {
      if (step.kind === 'close') kept.delete(step.fd);
      else {
        const [to, what] = step.kind === 'open' ? [step.fd, 'empty'] : [step.to, open.get(step.from) ?? 'closed'];
        open.set(to, what);
        kept.add(to);
      }
    }
    const wanted = given.flatMap((one, fd) => (one === undefined ? [] : [[fd, one === 'empty' ? one : `ours ${one}`]]));
    expect([...kept].sort((a, b) => a - b).map((fd) => [fd, open.get(fd)])).toEqual(wanted);
  }
});

const tellAll = 'console.log(JSON.stringify({ args: process.argv.slice(1), cwd: process.cwd(), environment: process.env }))';

function outputOf(child: Child): { stdout: Readable; stderr: Readable } {
  if (child.output === null) throw new Error('it has no pipes');
  return child.output;
}
