import type { Ending } from './exitCode.ts';

/**
 * What ends the sidecar from outside a connection. SIGINT and SIGHUP are not among it: Ctrl-C and a closing
 * terminal reach the whole foreground group, and the host decides what they mean; its end reaches us as end of input.
 */
export function listenForEndings(onEnding: (ending: Ending) => void): void {
  process.on('SIGTERM', () => onEnding({ kind: 'signal', signal: 'SIGTERM' }));
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  process.on('uncaughtException', (error) => onEnding({ kind: 'uncaughtException', error }));
}
