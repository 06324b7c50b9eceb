import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';

/* The demo checks what it shows, and says so when the two differ. */

const root = join(import.meta.dirname, '..', '..');

onLinux(test)(
  'the demo shows what it promises, and leaves nothing behind',
  () => {
    const play = `await (await import(${JSON.stringify(join(root, 'clients/cli/demo.ts'))})).main();`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', play], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/heard: demo notes\.txt; it replied: opened in window 2/);
    expect(stdout).toMatch(/SIGTERM to 1 process\n.*SIGKILL to 1 process\n/);
    expect(stdout).toMatch(/demo-stubborn +killed after \d+ ms/);
    expect(stdout).toMatch(/db is running, pid \d+, ready on port \d+\n(.*\n)*.*api is running, pid \d+, ready on port \d+\n/);
    expect(stdout).toMatch(/db is backoff\. It was ended by SIGKILL, which we did not send\..*\n(.*\n)*.*db is running, pid \d+, ready/);
    expect(stdout).toMatch(/api is stopped\. It was removed\.\n(.*\n)*.*db is stopped\. It was removed\.\n/);
    expect(stdout).toMatch(/demo-backend +(exited at SIGTERM|killed) after \d+ ms/);
    expect(stdout).toMatch(/demo-web, demo-shared, demo-names did not notice/);
    expect(stdout).toMatch(/Everything that this demo started has ended\./);
  },
  60_000,
);
