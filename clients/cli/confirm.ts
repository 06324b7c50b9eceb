import { createInterface } from 'node:readline';

/** A question needs somebody who reads it and somebody who answers: both ends a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/** Asks on the terminal. Only y or yes is a yes; an empty line and the end of input are a no. */
export function confirm(question: string): Promise<boolean> {
  // The terminal’s own line editing, not readline’s: Ctrl-C ends the tool as it ends any other, and nothing was touched.
  const lines = createInterface({ input: process.stdin, terminal: false });
  process.stdout.write(`${question} [y/N] `);
  return new Promise((resolve) => {
    let answer: string | null = null;
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('close', () => {
      // Ctrl-D shows nothing and leaves the cursor behind the question.
      if (answer === null) process.stdout.write('\n');
      resolve(answer !== null && /^\s*y(es)?\s*$/i.test(answer));
    });
  });
}
