import type { BindRequest } from '../bindSocket.ts';
import { loadBindSocket } from './bindSocket.ts';

/** Binds a socket without listening or connecting, closes it, and answers null, or the name of the errno (`EADDRINUSE`). IPv6 is v6only. */
export type BindProbe = (request: Omit<BindRequest, 'bufferBytes'>) => string | null;

/**
 * The buffer sizes that a probing socket carries, so that whoever reads the socket table meanwhile (another thread, another
 * sidecar) can tell it from a holder of the port. The kernel doubles what is set: socket(7), SO_RCVBUF.
 */
export const probeMark = { receiveBytes: 46_234, sendBytes: 62_674 } as const;

/** Null without koffi: `bindAttempt.ts` then goes through Node’s own handles. */
export function openBindProbe(): BindProbe | null {
  const sockets = loadBindSocket();
  if (sockets === null) return null;
  const bufferBytes = { receive: probeMark.receiveBytes / 2, send: probeMark.sendBytes / 2 };
  return (request) => {
    const answer = sockets.bind({ ...request, bufferBytes });
    if ('errno' in answer) return answer.errno;
    sockets.close(answer.fd);
    return null;
  };
}
