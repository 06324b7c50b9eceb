import { describe, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const chatter = new URL('../fixtures/programs/chatter.mjs', import.meta.url);

onLinux(describe)('nothing but frames reaches stdout', () => {
  test('a module that prints, in the main thread and in the pool’s', async () => {
    await using sidecar = await startSidecar({ env: { NODE_OPTIONS: `--import ${chatter.href}` } });
    for (let round = 0; round < 10; round += 1)
      await Promise.all(Array.from({ length: 10 }, () => sidecar.call('process/get', { target: { pid: process.pid } })));
    // What is no frame fails in the harness, which reads every byte; what was printed has to be somewhere, though.
    for (const place of ['main', 'thread']) {
      for (const words of ['console.log', 'captured log', 'stdout.write']) {
        await until(() => sidecar.stderr().includes(`chatter ${words} ${place}`), `"${words} ${place}" on stderr`);
      }
    }
    expect(await sidecar.end()).toEqual({ code: 1, signal: null });
    expect(sidecar.messages).toHaveLength(101);
  });

  test('warnings of Node itself', async () => {
    const warning = `data:text/javascript,setTimeout(() => process.emitWarning('chatter warning'), 20)`;
    await using sidecar = await startSidecar({ env: { NODE_OPTIONS: `--trace-warnings --import ${warning.replaceAll(' ', '%20')}` } });
    await until(() => sidecar.stderr().includes('chatter warning'), 'the warning on stderr');
    expect(await sidecar.call('sidecar/ping', { echo: 1 })).toMatchObject({ echo: 1 });
  });

  test('the log goes to stderr, a JSON object a line', async () => {
    await using sidecar = await startSidecar({ args: ['--stdio', '--log-level', 'debug'] });
    await sidecar.request('no/such');
    await sidecar.end();
    const lines = sidecar.stderr().trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.anything(), msg: expect.any(String) });
  });
});
