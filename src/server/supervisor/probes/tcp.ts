import { connect } from 'node:net';
import { type Ask, failure, gaveUp, reasonOf, success } from './types.ts';

/** A connection, closed at once. */
export function askTcp(host: string, port: number): Ask {
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host, port });
      // Not by connect’s own `signal`, which makes an error with a stack for each socket that is destroyed.
      const giveUp = () => socket.destroy();
      signal.addEventListener('abort', giveUp);
      socket.once('connect', () => {
        resolve(success);
        socket.destroy();
      });
      socket.once('error', (error) => resolve(failure(`${host}:${port} refuses to be connected to (${reasonOf(error)})`)));
      socket.once('close', () => {
        signal.removeEventListener('abort', giveUp);
        // Aborted before there was a connection.
        resolve(gaveUp);
      });
    });
}
