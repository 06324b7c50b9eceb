import { availableParallelism } from 'node:os';
import { helloParams } from '../harness/sidecar.ts';
import { type Peer, startPeer } from './client.ts';
import { fileHere } from './programs.ts';

/** What is measured: a built sidecar. */
export interface Subject {
  bin: string;
}

/** As many as the sidecar’s pool may have (src/server/main.ts). */
export const poolThreads = Math.min(4, Math.max(2, availableParallelism()));

export async function startSidecar({ bin }: Subject, env: Record<string, string> = {}): Promise<Peer> {
  const sidecar = startPeer([process.execPath, bin, '--stdio'], env);
  await sidecar.call('initialize', helloParams);
  return sidecar;
}

/** vscode-jsonrpc as its documentation uses it, over the same pipes; it answers `sidecar/ping` with its params. */
export function startBareEcho(): Peer {
  return startPeer([process.execPath, fileHere('./peers/bareEcho.mjs')]);
}

/** Node, and nothing else. */
export function startBareNode(): Peer {
  return startPeer([process.execPath, '-e', 'process.stdin.resume()']);
}
