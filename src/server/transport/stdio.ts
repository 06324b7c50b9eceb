import { overStreams } from './byteStreams.ts';
import { turnOutputToStderr } from './output.ts';
import type { Transport } from './transport.ts';

/** The host’s pipes: stdin in, stdout out. From here on fd 1 is the wire and nothing else reaches it. */
export function takeStdio(): Transport {
  const wire = process.stdout;
  const input = process.stdin;
  turnOutputToStderr();
  return overStreams(input, wire, () => input.destroy());
}
