import { type Libc, loadLibc } from './libc.ts';

/** The user at the other end of a connected Unix socket, as the kernel noted it at connect(2) or listen(2); null when it does not say. */
export type AskPeerUser = (fd: number) => number | null;

/** Null without koffi: then only the directory of the socket, 0700, keeps strangers out. */
export function loadPeerUser(): AskPeerUser | null {
  const libc = loadLibc();
  if (libc === null) return null;
  getOption ??= bindFunction(libc);
  const call = getOption;
  return (fd) => {
    // struct ucred: pid, uid, gid (unix(7)).
    const credentials = new Uint32Array(3);
    const length = Uint32Array.of(credentials.byteLength);
    return call(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) === 0 ? (credentials[1] as number) : null;
  };
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

let getOption: ((fd: number, level: number, name: number, value: Uint32Array, length: Uint32Array) => number) | undefined;
function bindFunction({ lib }: Libc) {
  return lib.func('int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)');
}
