/** The value of a variable in an environment block of Windows: UTF-16, each `name=value` ended by NUL. Names know no case. */
export function findInEnvironmentBlock(block: Uint8Array, name: string): string | null {
  const wanted = `${name.toUpperCase()}=`;
  const found = decoder
    .decode(block)
    .split('\0')
    .find((entry) => entry.slice(0, wanted.length).toUpperCase() === wanted);
  return found?.slice(wanted.length) ?? null;
}

const decoder = new TextDecoder('utf-16le', { ignoreBOM: true });
