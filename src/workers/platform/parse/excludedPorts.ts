/**
 * The ranges in what `netsh interface ipv4 show excludedportrange` prints, whatever its language: lines of two ports, the
 * second not below the first, and perhaps an asterisk ("administered"). Headings have words.
 */
export function parseExcludedPorts(text: string): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, first, last] = /^\s*(\d{1,5})\s+(\d{1,5})\s*\*?\s*$/.exec(line) ?? [];
    const range = { from: Number(first), to: Number(last) };
    if (first !== undefined && range.from <= range.to && range.to <= 65_535) ranges.push(range);
  }
  return ranges;
}

/**
 * The range in what `netsh interface ipv4 show dynamicport` prints: a first port and how many, each behind a colon. Null where it
 * does not look like that.
 */
export function parseDynamicPorts(text: string): { from: number; to: number } | null {
  const numbers = [...text.matchAll(/:\s*(\d{1,5})\s*$/gm)].map(([, number]) => Number(number));
  const [from, count] = numbers;
  if (from === undefined || count === undefined || numbers.length !== 2 || count === 0 || from + count > 65_536) return null;
  return { from, to: from + count - 1 };
}
