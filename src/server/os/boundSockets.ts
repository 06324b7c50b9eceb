import type { BindSocket } from '../../native/bindSocket.ts';
import { loadBindSocket as loadDarwin } from '../../native/darwin/bindSocket.ts';
import { loadBindSocket as loadLinux } from '../../native/linux/bindSocket.ts';
import type { PosixBindSocket } from '../../native/posix/bindSocket.ts';
import { loadBindSocket as loadWin32 } from '../../native/win32/bindSocket.ts';

export interface SocketSystem {
  native: boolean;
  platform: string;
}

/** What binds sockets that Node knows nothing of. Null without native calls. */
export const loadBoundSockets = ({ native, platform }: SocketSystem): BindSocket | null =>
  native ? (binding[platform]?.() ?? null) : null;

/** And what listens on them as well, for others to accept: on POSIX alone, where a descriptor can be handed over. */
export const loadListeners = ({ native, platform }: SocketSystem): PosixBindSocket | null =>
  native ? (listening[platform]?.() ?? null) : null;

const listening: Record<string, () => PosixBindSocket | null> = { linux: loadLinux, darwin: loadDarwin };
const binding: Record<string, () => BindSocket | null> = { ...listening, win32: loadWin32 };
