import { fileURLToPath } from 'node:url';
import type { Sidecar } from 'sidewarden/client';

/** Starts the backend on the port that this app had the last time, or on another one; answers its URL once it serves. */
export async function startBackend(sidecar: Sidecar): Promise<string> {
  const { service } = await sidecar.service.start({
    spec: {
      name: 'backend',
      command: process.execPath,
      args: [file('../backend/server.mjs')],
      // The sidecar takes this out of what its children inherit. A backend in another language needs neither.
      env: { ELECTRON_RUN_AS_NODE: '1' },
      ports: [{ name: 'http', env: 'PORT', key: 'backend' }],
      readiness: { kind: 'http' },
      stop: { graceMs: 3_000 },
    },
    timeoutMs: 20_000,
  });
  if (!service.ready) throw new Error(`The backend is ${service.state}: ${service.cause}`);
  return `http://127.0.0.1:${service.ports[0]?.port}/`;
}

/** In a packaged app a program cannot be run out of the archive; it lies beside it (asarUnpack). */
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url)).replace(/\.asar(?=[\\/])/, '.asar.unpacked');
