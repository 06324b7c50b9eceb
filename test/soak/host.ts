import { createInterface } from 'node:readline';
import type { ServiceSpec } from '../../src/protocol/types/service.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { isAlive } from '../harness/watching.ts';

/*
 * A host that has one service, as a process of its own, so that it can be killed. It says who is who in one line, and does what
 * it is told in the next: "stop" stops the service, "start" starts it again, "end" ends the sidecar's input. A sidecar that has ended is
 * followed by another with the next start.
 */

const { appId, spec, stateDir, env } = JSON.parse(process.argv[2] as string) as {
  appId: string;
  spec: ServiceSpec;
  stateDir: string;
  env: Record<string, string>;
};
const become = () => startSidecar({ env, initialize: { processId: process.pid, appId, options: { stateDir } } });
let sidecar = await become();
await start();
for await (const line of createInterface(process.stdin)) {
  if (line === 'stop') await sidecar.call('service/stop', { name: spec.name });
  if (line === 'end') await sidecar.end();
  if (line === 'start') await start();
  else process.stdout.write('done\n');
}
// Its input has ended, as it does when the soak breaks off.
await sidecar.end();

async function start(): Promise<void> {
  if (!isAlive(sidecar.pid)) sidecar = await become();
  const { service } = await sidecar.call('service/start', { spec });
  process.stdout.write(`${JSON.stringify({ sidecar: sidecar.pid, service: service.process?.pid })}\n`);
}
