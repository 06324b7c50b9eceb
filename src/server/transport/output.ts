import { Console } from 'node:console';

/**
 * Turns console and process.stdout to stderr, for every dependency and for the pool threads, whose output Node sends through this very
 * process.stdout. Over pipes fd 1 is the wire; over the other transports it may be anything, a terminal or the host’s own wire.
 */
export function turnOutputToStderr(): void {
  Object.defineProperty(process, 'stdout', { get: () => process.stderr });
  globalThis.console = new Console(process.stderr, process.stderr);
  // Without it a host that closes our log would end us.
  process.stderr.on('error', () => {});
}
