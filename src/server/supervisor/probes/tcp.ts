import { connect } from 'node:net';
import type { Knock } from '../../os/knock.ts';
import { type Answer, type Ask, failure, gaveUp, reasonOf, success } from './types.ts';

/** A connection, closed at once. To the loopback, where that is answered at once, without a socket of Node’s, which took a quarter of what a sidecar takes that probes a hundred services a second. */
export function askTcp({ host, port }: { host: string; port: number }, knock: Knock): Ask {
  return (signal) => {
    const knocked = host === '127.0.0.1' ? knock(port) : null;
    if (knocked === null) return connectTo(host, port, signal);
    return Promise.resolve(knocked.kind === 'answered' ? success : refused(host, port, knocked.errno));
  };
}

function connectTo(host: string, port: number, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    // Not by connect’s own `signal`, which makes an error with a stack for each socket that is destroyed.
    const giveUp = () => socket.destroy();
    signal.addEventListener('abort', giveUp);
    socket.once('connect', () => {
      resolve(success);
      socket.destroy();
    });
    socket.once('error', (error) => resolve(refused(host, port, reasonOf(error))));
    socket.once('close', () => {
      signal.removeEventListener('abort', giveUp);
      // Aborted before there was a connection.
      resolve(gaveUp);
    });
  });
}

const refused = (host: string, port: number, why: string): Answer => failure(`${host}:${port} refuses to be connected to (${why})`);
