import { isPosix } from '../os/posix.ts';
import type { Ending } from './exitCode.ts';

/**
 * What ends the sidecar from outside a connection. SIGINT and SIGHUP are not among it: Ctrl-C and a closing
 * terminal reach the whole foreground group, and the host decides what they mean; its end reaches us as end of input. On Windows
 * SIGHUP is the end of the console, of the session or of the machine: 5 s later the system ends host and sidecar alike.
 */
export function listenForEndings(onEnding: (ending: Ending) => void): void {
  process.on('SIGTERM', () => onEnding({ kind: 'signal', signal: 'SIGTERM' }));
  process.on('SIGINT', () => {});
  process.on('SIGBREAK', () => {});
  process.on('SIGHUP', () => {
    if (!isPosix) onEnding({ kind: 'signal', signal: 'SIGHUP' });
  });
  process.on('uncaughtException', (error) => onEnding({ kind: 'uncaughtException', error }));
}
