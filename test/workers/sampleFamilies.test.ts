import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createPlatform } from '../../src/workers/platform/index.ts';
import { readUsage } from '../../src/workers/platform/linux/cgroup.ts';
import { sampleFamilies } from '../../src/workers/tasks/sampleFamilies.ts';
import { makeDirectory } from '../harness/directory.ts';
import { onLinux } from '../harness/only.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { until } from '../harness/until.ts';
import { nativeModes } from './processScenes.ts';

onLinux(describe).each(nativeModes)('what families use, native %s', (native) => {
  const platform = createPlatform('linux', { native });
  const identify = (pid: number) => ({ pid, identity: platform.processes.identify(pid) as string });

  test('descendants and those who share the session count, and nobody else', async () => {
    // They end with the input that they share, which a shell takes from what it puts in the background.
    const script = 'exec 3<&0; cat <&3 & (cat <&3 & cat <&3 & exit); echo ready; cat';
    await using family = await spawnProgram(['setsid', 'sh', '-c', script]);
    await using other = await spawnProgram(nodeProgram('idle'));
    const leaders = [identify(family.pid), identify(other.pid)];
    const { families } = await until(async () => {
      const found = await sampleFamilies({ leaders }, platform);
      return found.families[0]?.processes === 5 ? found : null;
    }, 'the whole family');
    expect(platform.signals.readKin().find(({ pid }) => pid === family.pid)?.sid).toBe(family.pid);
    expect(families.map((one) => one?.processes)).toEqual([5, 1]);
    expect(families[0]?.rssBytes).toBeGreaterThan(100_000);
    expect(families[1]?.rssBytes).toBeGreaterThan(20_000_000);
    expect(families[1]?.cpuMs).toBeGreaterThan(0);
  });

  test('one that is gone, or another by now, has no numbers; the others have theirs', async () => {
    await using mine = await spawnProgram(nodeProgram('idle'));
    const known = identify(mine.pid);
    const wrong = { ...known, identity: known.identity.replace(/-(\d+)/, '-1$1') };
    const { families } = await sampleFamilies({ leaders: [{ pid: 4_194_303, identity: 'x-4194303-1' }, wrong, known] }, platform);
    expect(families.map((one) => one !== null)).toEqual([false, false, true]);
    await mine.kill();
    await until(async () => (await sampleFamilies({ leaders: [known] }, platform)).families[0] === null, 'the end to be seen');
  });
});

onLinux(describe)('what the kernel counts for a cgroup', () => {
  test('is taken where it is there, and only there', async () => {
    await using directory = await makeDirectory();
    await mkdir(directory.at('group', 'below'), { recursive: true });
    await writeFile(directory.at('group', 'cgroup.procs'), '12\n');
    await writeFile(directory.at('group', 'below', 'cgroup.procs'), '34\n');
    await writeFile(directory.at('group', 'cpu.stat'), 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n');
    expect(readUsage(directory.at('group'))).toEqual({ pids: [12, 34], cpuMs: 1.5, rssBytes: null });
    await writeFile(directory.at('group', 'memory.stat'), 'anon 4096\nfile 1000000\nkernel 5\nfile_mapped 8192\n');
    expect(readUsage(directory.at('group'))).toEqual({ pids: [12, 34], cpuMs: 1.5, rssBytes: 12_288 });
    expect(readUsage(directory.at('nowhere'))).toEqual({ pids: [], cpuMs: null, rssBytes: null });
  });

  test('is asked for one that we made alone', () => {
    const platform = createPlatform('linux', { native: false });
    expect(platform.processes.sampleCgroup(process.pid)).toBeNull();
    expect(platform.processes.sampleCgroup(4_194_303)).toBeNull();
  });
});
