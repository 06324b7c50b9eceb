import { loadKoffi } from '../koffi.ts';

/** The user at the other end of a connected Unix socket (getpeereid(3)); null when the kernel does not say. */
export type AskPeerUser = (fd: number) => number | null;

/** Null without koffi: then only the directory of the socket, 0700, keeps strangers out. */
export function loadPeerUser(): AskPeerUser | null {
  const { koffi } = loadKoffi();
  if (koffi === null) return null;
  getPeer ??= koffi.load(null).func('int getpeereid(int fd, _Out_ uint32_t *user, _Out_ uint32_t *group)');
  const call = getPeer;
  return (fd) => {
    const user = new Uint32Array(1);
    return call(fd, user, new Uint32Array(1)) === 0 ? (user[0] as number) : null;
  };
}

let getPeer: ((fd: number, user: Uint32Array, group: Uint32Array) => number) | undefined;
