import { Console } from 'node:console';
import type { Transport } from './transport.ts';

/**
 * The host’s pipes: stdin in, stdout out. From here on fd 1 is the wire and nothing else reaches it: console and
 * process.stdout are turned to stderr, for every dependency and for the pool threads, whose output Node sends
 * through this very process.stdout.
 */
export function takeStdio(): Transport {
  const wire = process.stdout;
  const input = process.stdin;
  Object.defineProperty(process, 'stdout', { get: () => process.stderr });
  globalThis.console = new Console(process.stderr, process.stderr);

  // EPIPE arrives both here and in the callback of write; the callback tells the writer, this listener keeps it
  // from being an uncaught exception. Without the one on stderr a host that closes our log would end us.
  wire.on('error', () => {});
  process.stderr.on('error', () => {});

  return {
    open({ onData, onEnd }) {
      let ended = false;
      const end = () => {
        if (!ended) onEnd();
        ended = true;
      };
      input.on('data', onData);
      input.on('end', end);
      input.on('close', end);
      input.on('error', end);
    },
    pause: () => input.pause(),
    resume: () => input.resume(),
    write: (chunk, done) => wire.write(chunk, done),
    close: () => input.destroy(),
  };
}
