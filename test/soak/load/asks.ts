import type { Ask } from './drive.ts';

/** A bit of everything that looks, waits or answers at once, and of what is wrong. */
export function mixedAsks(pid: number): Ask {
  const port = (random: () => number) => 1 + Math.floor(random() * 65_535);
  const kinds: Ask[] = [
    (random) => ['sidecar/ping', { echo: random() }],
    (random) => ['sidecar/ping', { echo: 'x'.repeat(random() * 20_000) }],
    () => ['sidecar/status', {}],
    () => ['metrics/get', {}],
    // By far the largest answer.
    (random) => (random() < 0.1 ? ['rpc.discover', {}] : ['sidecar/ping', {}]),
    () => ['port/registered', {}],
    (random) => ['port/check', { port: port(random) }],
    (random) => ['port/check', { port: port(random), host: '127.0.0.1' }],
    (random) => ['port/find', { port: port(random) }],
    () => ['port/list', { limit: 20 }],
    (random) => ['port/wait', { port: 1, state: 'listening', timeoutMs: Math.floor(random() * 100) }],
    () => ['process/get', { target: { pid } }],
    () => ['process/list', { limit: 5 }],
    () => ['process/tree', { root: { pid } }],
    (random) => ['process/usage', { target: { pid }, intervalMs: Math.floor(random() * 50) }],
    (random) => ['process/wait', { target: { pid }, timeoutMs: Math.floor(random() * 100) }],
    (random) => ['log/error', { message: `error ${random()}` }],
    () => ['service/list', {}],
    () => ['port/check', { port: 'eighty' }],
    () => ['no/such', {}],
  ];
  return (random) => (kinds[Math.floor(random() * kinds.length)] as Ask)(random);
}

/** All that a bare echo knows. */
export const echoAsks: Ask = (random) => ['sidecar/ping', { echo: 'x'.repeat(random() * 2_000) }];
