import type { Readable } from 'node:stream';

/** Lines of UTF-8 that end in LF, and in nothing else: node:readline ends them at U+2028 too, which JSON may hold. */
export function onLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    lines.filter((line) => line !== '').forEach(onLine);
  });
}
