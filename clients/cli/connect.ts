import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { sidecarFile } from './files.ts';
import { type SidecarConnection, spawnSidecar } from './sidecar.ts';

/** Could not be started, or broke off before it was ready. */
export class NoSidecar extends Error {
  override readonly name = 'NoSidecar';
}

/** Runs `use` with a sidecar of our own, which has ended when this returns. */
export async function withSidecar<Value>(
  use: (sidecar: SidecarConnection) => Promise<Value>,
  { stateDir }: { stateDir?: string | undefined } = {},
): Promise<Value> {
  const sidecar = await start(stateDir);
  try {
    return await use(sidecar);
  } finally {
    await sidecar.end();
  }
}

async function start(stateDir: string | undefined): Promise<SidecarConnection> {
  try {
    return await spawnSidecar({
      command: process.execPath,
      args: [...process.execArgv, fileURLToPath(sidecarFile), '--stdio'],
      appId: 'sidewarden.cli',
      ...(stateDir !== undefined && { options: { stateDir } }),
      clientInfo: { name: 'sidewarden-cli', version: packageJson.version, language: 'typescript' },
    });
  } catch (error) {
    throw new NoSidecar(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
