import type { Socket } from 'node:net';
import { loadPeerUser as loadDarwin } from '../../native/darwin/peerUser.ts';
import { loadPeerUser as loadLinux } from '../../native/linux/peerUser.ts';

/** The user at the other end of a local socket, by the kernel’s word; null where it cannot be asked. */
export type PeerUser = (socket: Socket) => number | null;

export function createPeerUser({ native, platform }: { native: boolean; platform: string }): PeerUser {
  const ask = native ? (systems[platform]?.() ?? null) : null;
  return (socket) => {
    const fd = descriptorOf(socket);
    return ask === null || fd === null ? null : ask(fd);
  };
}

const systems: Record<string, typeof loadLinux> = { linux: loadLinux, darwin: loadDarwin };

/** Node has no public way to it, and keeps this one for its own cluster module. */
function descriptorOf(socket: Socket): number | null {
  const { fd } = (socket as unknown as { _handle?: { fd?: number } | null })._handle ?? {};
  return fd === undefined || fd < 0 ? null : fd;
}
