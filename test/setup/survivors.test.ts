import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';
import { cookieName, listSurvivors } from './survivors.ts';

onLinux(test)('a process that left our tree is known by its cookie, until it has ended', async () => {
  const cookie = `self-test-${process.pid}`;
  // Detached by a shell that ends at once: no ancestor of it leads here.
  const shell = spawn('sh', ['-c', 'sleep 60 >/dev/null & echo $!'], {
    env: { ...process.env, [cookieName]: cookie },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(shell.stdout, 'data');
  await once(shell, 'close');
  const pid = Number(String(output));

  expect(listSurvivors(cookie)).toEqual([{ pid, commandLine: 'sleep 60' }]);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => listSurvivors(cookie)).toEqual([]);
});
