/*
 * Text that others chose (process names, command lines, paths) on a terminal: it may neither steer the terminal nor
 * pretend to be our own output, and it has to fit.
 */

/**
 * Control characters, what is invisible or changes the reading direction, and half surrogate pairs, written as escapes.
 * C1 is among them: U+009B begins an escape sequence as well as ESC [ does.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => shortEscapes[character] ?? codeEscape(character));
}

/** The same for JSON, which stays the same value: JSON.stringify leaves DEL, C1 and the format characters as they are. */
export function escapeJson(json: string): string {
  return json.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(''),
  );
}

const shortEscapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function codeEscape(character: string): string {
  const code = character.codePointAt(0) as number;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Columns that the text takes, escapes already done. */
export function textWidth(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** At most `width` columns, cut between characters as people see them; what was cut leaves an ellipsis. */
export function fitText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let fitting = '';
  let left = width - 1;
  for (const { segment } of graphemes.segment(text)) {
    left -= graphemeWidth(segment);
    if (left < 0) break;
    fitting += segment;
  }
  return `${fitting}…`;
}

/** Lines of at most `width` columns, broken between words; a longer word gets a line of its own and is cut. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(fitText(word, width));
  }
  return lines;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const isPlain = (text: string) => /^[\x20-\x7e]*$/.test(text);

function graphemeWidth(grapheme: string): number {
  if (isPlain(grapheme)) return grapheme.length;
  if (/^\p{Emoji_Presentation}|\u{fe0f}/u.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) width += zeroWidth.test(character) ? 0 : doubleWidth.test(character) ? 2 : 1;
  return width;
}

/** Marks that sit on their base, and the vowels and finals that a Hangul syllable is made of. */
const zeroWidth = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** The blocks whose characters are W or F in Unicode's EastAsianWidth.txt, emoji apart. */
const doubleWidth =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/u;
