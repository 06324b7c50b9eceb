/**
 * The arguments in a command line of Windows, which is one text there, as the C runtime of most programs takes it apart
 * (learn.microsoft.com, "Parsing C command-line arguments"); a program may do that in its own way.
 */
export function parseWindowsCommandLine(text: string): string[] {
  const first = parseProgram(text);
  const parsed = [first.argument];
  for (let at = skipBlanks(text, first.end); at < text.length; ) {
    const { argument, end } = parseArgument(text, at);
    parsed.push(argument);
    at = skipBlanks(text, end);
  }
  return parsed;
}

interface Parsed {
  argument: string;
  end: number;
}

/** The first has no escapes: backslashes are part of a path, and quotes only bracket. */
function parseProgram(text: string): Parsed {
  let argument = '';
  let isQuoted = false;
  let at = 0;
  for (; at < text.length; at++) {
    const letter = text[at] as string;
    if (letter === '"') isQuoted = !isQuoted;
    else if (!isQuoted && isBlank(letter)) break;
    else argument += letter;
  }
  return { argument, end: at };
}

/** 2n backslashes and a quote are n backslashes and a bracket; 2n + 1 and a quote are n and a quote; others are themselves. */
function parseArgument(text: string, start: number): Parsed {
  let argument = '';
  let isQuoted = false;
  let at = start;
  while (at < text.length) {
    let slashes = 0;
    while (text[at + slashes] === '\\') slashes += 1;
    at += slashes;
    if (text[at] === '"') {
      argument += '\\'.repeat(Math.floor(slashes / 2));
      if (slashes % 2 === 1) argument += '"';
      // Two quotes inside of brackets are one, and do not close them.
      else if (isQuoted && text[at + 1] === '"') {
        argument += '"';
        at += 1;
      } else isQuoted = !isQuoted;
      at += 1;
      continue;
    }
    argument += '\\'.repeat(slashes);
    if (at >= text.length || (!isQuoted && isBlank(text[at] as string))) break;
    argument += text[at];
    at += 1;
  }
  return { argument, end: at };
}

const isBlank = (letter: string): boolean => letter === ' ' || letter === '\t';

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (at < text.length && isBlank(text[at] as string)) at += 1;
  return at;
}
