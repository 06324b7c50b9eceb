import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatHeader, formatStart, ledgerVersion } from '../../src/server/ledger/records.ts';
import { appDirectory } from '../../src/server/os/paths.ts';
import { makeDirectory } from '../harness/directory.ts';
import { findFreePort } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { helloParams, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

/* What a sidecar leaves on disk for the next one, on Windows. */

test('the ledger is kept, protects what a live sibling supervises, and is swept when that was killed', async () => {
  await using state = await makeDirectory();
  const initialize = { options: { stateDir: state.path } };
  await using first = await startSidecar({ initialize });
  await using second = await startSidecar({ initialize });
  expect((await first.call('sidecar/status', {})).ledger).toBe('ok');
  const [command, ...args] = nodeProgram('idle') as [string, ...string[]];
  const { service } = await first.call('service/start', { spec: { name: 'kept', command, args, stdin: 'pipe' } });
  const pid = service.process?.pid as number;
  const { outcomes } = await second.call('process/kill', { target: { kind: 'process', pid } });
  expect(outcomes).toMatchObject([{ outcome: 'protected', reason: expect.stringContaining('supervised') }]);
  first.child.kill('SIGKILL');
  await first.exited;
  // What the killed one had started ended with its job; its ledger says so no more.
  expect(await second.call('cleanup/run', {})).toMatchObject({ leftovers: [] });
  const ledgers = join(appDirectory(state.path, helloParams.appId), 'ledgers');
  await until(async () => (await readdir(ledgers)).length === 1, 'the ledger of the dead to be gone');
});

test('what a dead sidecar has left running is ended by cleanup/run, and the ports it had registered are looked at', async () => {
  await using state = await makeDirectory();
  const initialize = { options: { stateDir: state.path } };
  const port = await findFreePort();
  await using dead = await startSidecar({ initialize });
  await dead.call('port/register', { port, name: 'web' });
  const own = await dead.call('process/get', { target: { pid: dead.pid } });
  dead.child.kill('SIGKILL');
  await dead.exited;
  // As if its job had not held it: where the host’s own job takes no other one.
  await using left = await spawnProgram(nodeProgram('idle'), { env: { SIDEWARDEN_START: 'left-1' } });
  await using sidecar = await startSidecar({ initialize });
  const { process: found } = await sidecar.call('process/get', { target: { pid: left.pid } });
  await writeLedger(
    state.path,
    { pid: dead.pid, identity: own.process?.identity as string },
    { pid: left.pid, identity: found?.identity as string },
  );
  const answer = await sidecar.call('cleanup/run', {});
  expect(answer.leftovers).toMatchObject([{ process: { pid: left.pid }, outcome: expect.stringMatching(/exited|killed/) }]);
  expect(answer.ports).toMatchObject([{ port, name: 'web', freed: true }]);
});

interface Mark {
  pid: number;
  identity: string;
}

async function writeLedger(stateDir: string, sidecar: Mark, process: Mark): Promise<void> {
  const { appId } = helloParams;
  const directory = join(appDirectory(stateDir, appId), 'ledgers');
  await mkdir(directory, { recursive: true });
  const header = formatHeader({ version: ledgerVersion, sidecar, host: null, appId, startedAt: Date.now() });
  await writeFile(join(directory, 'left.jsonl'), header + formatStart({ startId: 'left-1', name: 'left', command: 'node', process }));
}
