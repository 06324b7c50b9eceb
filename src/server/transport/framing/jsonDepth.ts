/**
 * Whether JSON text nests objects and arrays more than `maxDepth` deep; `{}` is one deep. To be asked before
 * JSON.parse, because 8 MiB of `[` keep V8 busy for two seconds. On text that is not JSON the answer may be either.
 */
export function isDeeper(text: string, maxDepth: number): boolean {
  // Each level takes two brackets.
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = endOfString(text, at);
    else if (unit === openBrace || unit === openBracket) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (unit === closeBrace || unit === closeBracket) depth -= 1;
  }
  return false;
}

/** The text with `{}` for every object and array below level `kept`, so that the rest can be parsed. */
export function cutBelow(text: string, kept: number): string {
  const pieces: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = endOfString(text, at);
    else if (unit === openBrace || unit === openBracket) {
      if (depth === kept) pieces.push(text.slice(start, at), '{}');
      depth += 1;
    } else if (unit === closeBrace || unit === closeBracket) {
      depth -= 1;
      if (depth === kept) start = at + 1;
    }
  }
  if (depth <= kept) pieces.push(text.slice(start));
  return pieces.join('');
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Where the string that begins at `start` has its closing quote; the end of the text if it has none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === quote) return at;
    if (unit === backslash) at += 1;
  }
  return text.length;
}
