import type { Readable, Writable } from 'node:stream';
import type { Transport } from './transport.ts';

/** A transport of two streams, or of one that is both. `end` tells the peer that nothing more comes. */
export function overStreams(input: Readable, output: Writable, end: () => void): Transport {
  // EPIPE arrives both here and in the callback of write; the callback tells the writer, this listener keeps it
  // from being an uncaught exception.
  output.on('error', () => {});

  return {
    carries: 'bytes',
    open({ onData, onEnd }) {
      let ended = false;
      const endOnce = () => {
        if (!ended) onEnd();
        ended = true;
      };
      input.on('data', onData);
      input.on('end', endOnce);
      input.on('close', endOnce);
      input.on('error', endOnce);
    },
    pause: () => input.pause(),
    resume: () => input.resume(),
    write: (chunk, done) => output.write(chunk, done),
    close: end,
  };
}
