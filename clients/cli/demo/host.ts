import { fileURLToPath } from 'node:url';
import packageJson from '../../../package.json' with { type: 'json' };
import type { SpawnOptions } from '../../typescript/connection.ts';
import { type SidecarConnection, spawnSidecar } from '../sidecar.ts';

export const builtSidecar = fileURLToPath(new URL('../../../dist/bin.js', import.meta.url));

/** What a host application does first: spawns its sidecar and initializes it. */
export function becomeHost(stateDir: string, asked: Pick<SpawnOptions, 'capabilities' | 'onRequest'> = {}): Promise<SidecarConnection> {
  return spawnSidecar({
    command: process.execPath,
    args: [builtSidecar, '--stdio'],
    appId: 'sidewarden.demo',
    clientInfo: { name: 'demo', version: packageJson.version, language: 'typescript' },
    options: { stateDir },
    ...asked,
  });
}
