import { styleText } from 'node:util';
import { exitCode } from './exitCode.ts';
import { escapeControls, escapeJson } from './text.ts';

/* What the commands see of the terminal, or of the pipe or file in its place. */

export type Format = Parameters<typeof styleText>[0];

/** Prints lines that hold nothing unescaped. */
export function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** A result exactly as the wire had it. */
export function printJson(result: unknown): void {
  print(escapeJson(JSON.stringify(result, null, 2)));
}

/** A sentence on stderr; what it quotes may have lines of its own. */
export function complain(sentence: string): void {
  process.stderr.write(`sidewarden: ${sentence.split('\n').map(escapeControls).join('\n  ')}\n`);
}

/** Colour where stdout is a terminal that takes it, and NO_COLOR is not set. */
export function paint(format: Format, text: string): string {
  return styleText(format, text, { stream: process.stdout, validateStream: true });
}

/** Columns of the terminal; null where stdout is none, or does not know its size. */
export function terminalWidth(): number | null {
  return process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : null;
}

/** Somebody looks on while it happens. */
export function isInteractive(): boolean {
  return process.stdout.isTTY;
}

/**
 * `| head` has seen enough: what is still to be printed is dropped, and nothing else happens. An answer that cannot be
 * written at all (a full disk) is not a success.
 */
export function survivePipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return;
      if (stream === process.stdout) complain(`The answer could not be written: ${error.message}.`);
      process.once('exit', () => {
        process.exitCode = exitCode.couldNotLook;
      });
    });
  }
}
