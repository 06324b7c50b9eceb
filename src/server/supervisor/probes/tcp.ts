import { connect } from 'node:net';
import { type Ask, failure, gaveUp, reasonOf, success } from './types.ts';

/** A connection, closed at once. */
export function askTcp(host: string, port: number): Ask {
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, signal });
      socket.once('connect', () => {
        resolve(success);
        socket.destroy();
      });
      socket.once('error', (error) => resolve(failure(`${host}:${port} refuses to be connected to (${reasonOf(error)})`)));
      // Aborted before there was a connection.
      socket.once('close', () => resolve(gaveUp));
    });
}
