import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { needs } from '../harness/needs.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

const ledgerOf = async (sidecar: TestSidecar) => (await sidecar.call('sidecar/status', {})).ledger;
const sleeper = (name: string) => ({ spec: { name, command: 'sleep', args: ['300'] } });

/** A disk of its own, of so many KiB, gone at the end of the block. */
async function mountDisk(kibibytes: number) {
  const directory = await makeDirectory();
  const path = directory.at('disk');
  await mkdir(path);
  mount(['-t', 'tmpfs', '-o', `size=${kibibytes}k,mode=0700`, 'tmpfs', path]);
  return {
    path,
    remount: (option: 'ro' | 'rw') => mount(['-o', `remount,${option}`, path]),
    async [Symbol.asyncDispose]() {
      // Detached at once, whoever still has a file on it (umount2(2), MNT_DETACH).
      spawnSync('umount', ['-l', path]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

function mount(args: string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`);
}

describe('a ledger that cannot be written', () => {
  test('a full disk: degraded in the status, a line in the log, work goes on; whole again when there is room', async ({ skip }) => {
    needs.root(skip);
    await using disk = await mountDisk(64);
    await using sidecar = await startSidecar({ initialize: { appId: 'degraded', options: { stateDir: disk.path } } });
    await sidecar.call('service/start', sleeper('before'));
    expect(await ledgerOf(sidecar)).toBe('ok');
    await writeFile(`${disk.path}/filler`, Buffer.alloc(1 << 20)).catch(() => {});

    // The last page of the ledger has room for some records more.
    const pids: number[] = [];
    for (let round = 0; (await ledgerOf(sidecar)) === 'ok' && round < 200; round += 1) {
      const { service } = await sidecar.call('service/start', sleeper('during'));
      pids.push(service.process?.pid as number);
      if ((await ledgerOf(sidecar)) === 'ok') await sidecar.call('service/stop', { name: 'during' });
    }
    expect(await ledgerOf(sidecar)).toBe('degraded');
    expect(isAlive(pids.at(-1) as number)).toBe(true);
    await until(() => /"level":40.*cannot be written/.test(sidecar.stderr()), 'the line in the log');

    await rm(`${disk.path}/filler`);
    await sidecar.call('service/stop', { name: 'before' });
    expect(await ledgerOf(sidecar)).toBe('ok');

    // What it tells now is whole: the successor of a crash finds what is running.
    sidecar.child.kill('SIGKILL');
    await sidecar.exited;
    await using next = await startSidecar({ initialize: { appId: 'degraded', options: { stateDir: disk.path } } });
    const { leftovers } = await next.call('cleanup/run', {});
    expect(leftovers.map(({ process: { pid } }) => pid)).toEqual(leftovers.length === 0 ? [] : [pids.at(-1)]);
    await until(() => !isAlive(pids.at(-1) as number), 'the end of what was left');
  });

  test('a read-only disk: the same', async ({ skip }) => {
    needs.root(skip);
    await using disk = await mountDisk(1_024);
    disk.remount('ro');
    await using sidecar = await startSidecar({ initialize: { appId: 'degraded', options: { stateDir: disk.path } } });
    const { service } = await sidecar.call('service/start', sleeper('api'));
    expect(service).toMatchObject({ state: 'running' });
    expect(await ledgerOf(sidecar)).toBe('degraded');
    disk.remount('rw');
    await sidecar.call('service/stop', { name: 'api' });
    await sidecar.call('service/start', sleeper('api'));
    expect(await ledgerOf(sidecar)).toBe('ok');
  });

  test('no disk at all: the same, and a kill works', async () => {
    await using sidecar = await startSidecar({ initialize: { appId: 'degraded', options: { stateDir: '/proc/nowhere' } } });
    const { service } = await sidecar.call('service/start', sleeper('api'));
    expect(await ledgerOf(sidecar)).toBe('degraded');
    const pid = service.process?.pid as number;
    const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'process', pid } });
    expect(outcomes).toMatchObject([{ outcome: 'protected', reason: expect.stringContaining('supervised') }]);
    await sidecar.call('service/stop', { name: 'api' });
    expect(isAlive(pid)).toBe(false);
  });
});
