import type { BrokenReason } from './frames.ts';

export type HeaderField = { contentLength: number | null } | { broken: BrokenReason };

/**
 * One header line without its CR LF. Field syntax is that of RFC 9112, section 5: no blank before the colon, no
 * folded lines, optional white space around the value, names in any case. Other names are let pass.
 * A length too large for a number is Infinity.
 */
export function parseHeaderLine(line: string): HeaderField {
  const field = fieldLine.exec(line);
  if (field === null) return { broken: 'badHeader' };
  const [, name = '', value = ''] = field;
  switch (name.toLowerCase()) {
    case 'content-length':
      return digits.test(value) ? { contentLength: Number(value) } : { broken: 'badContentLength' };
    case 'content-type':
      return namesOtherCharset(value) ? { broken: 'unsupportedCharset' } : otherField;
    default:
      return otherField;
  }
}

const otherField: HeaderField = { contentLength: null };
const digits = /^[0-9]+$/;

// A value begins and ends with a visible character; inside it HTAB is the only control character (RFC 9110, section 5.5).
const fieldLine =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;

/** `application/vscode-jsonrpc; charset=utf-8`: utf8 counts too, quoted or not, in any case. */
function namesOtherCharset(contentType: string): boolean {
  for (const [, name = '', value = ''] of contentType.matchAll(parameter)) {
    if (name.toLowerCase() !== 'charset') continue;
    const charset = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value.trim();
    if (!/^utf-?8$/i.test(charset)) return true;
  }
  return false;
}

const parameter = /;[ \t]*([^=;"\s]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)/g;
