import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { encodeSocketAddress } from '../posix/bindSocket.ts';
import { loadLibc } from './libc.ts';

/** What a port of 127.0.0.1 says to a connection that is closed at once; null when it says nothing at once. */
export type Knock = (port: number) => { kind: 'answered' } | { kind: 'refused'; errno: string } | null;

/**
 * By connect(2) and without waiting: on the loopback the whole handshake is done inside that call, which tells so when it is made again.
 * Null without koffi.
 */
export function loadKnock(): Knock | null {
  const libc = loadLibc();
  if (libc === null) return null;
  const { lib, errno } = libc;
  const open = lib.func('int socket(int domain, int type, int protocol)');
  const connect = lib.func('int connect(int fd, const void *address, uint32_t length)');
  const close = lib.func('int close(int fd)');
  return (port) => {
    const fd: number = open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return null;
    const address = encodeSocketAddress({ family: 'ipv4', address: loopback, port, scopeId: 0 }, { AF_INET6, hasLength: false });
    const attempt = (): number => (connect(fd, address, address.length) === 0 ? 0 : errno());
    let answer = attempt();
    // A second time it gives what has become of the first: 0, the refusal, or EALREADY (net/ipv4/af_inet.c, __inet_stream_connect).
    if (answer === EINPROGRESS) answer = attempt();
    close(fd);
    if (answer === 0) return { kind: 'answered' };
    return answer === EALREADY ? null : { kind: 'refused', errno: getSystemErrorName(-answer) };
  };
}

const { EINPROGRESS, EALREADY } = constants.errno;
const loopback = Uint8Array.of(127, 0, 0, 1);
/** include/linux/socket.h, include/linux/net.h */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
