import { open } from 'node:fs/promises';

/**
 * Whether an Electron binary still runs as Node.js when it is told to (ELECTRON_RUN_AS_NODE). Where its app has switched that fuse
 * off, the variable is ignored and the app itself would start a second time, so this is read before anything is started.
 * `unknown`: no fuses were found, or the file may not be read.
 *
 * The fuses stand in the binary behind a sentinel: version, number of fuses, one character each; the first is runAsNode
 * (Electron's documentation, "Fuses").
 */
export async function readRunAsNodeFuse(binary: string): Promise<'on' | 'off' | 'unknown'> {
  try {
    const wire = await bytesBehind(sentinel, binary);
    if (wire === null || wire[0] !== 1 || wire[1] === 0) return 'unknown';
    return wire[2] === on ? 'on' : 'off';
  } catch {
    return 'unknown';
  }
}

/** The file that has the fuses: on macOS the framework, elsewhere the program itself. */
export function fusedBinary(execPath: string, platform: string): string {
  const app = platform === 'darwin' ? /^.*?\.app(?=\/)/.exec(execPath)?.[0] : undefined;
  return app === undefined ? execPath : `${app}/Contents/Frameworks/Electron Framework.framework/Electron Framework`;
}

const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX');
const on = '1'.charCodeAt(0);
const wireBytes = 3;

async function bytesBehind(text: Buffer, path: string): Promise<Buffer | null> {
  await using file = await open(path);
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const kept = text.length + wireBytes;
  for (let position = 0; ; position += chunkBytes - kept) {
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
    const at = chunk.subarray(0, bytesRead).indexOf(text);
    const end = at + kept;
    if (at !== -1 && end <= bytesRead) return Buffer.from(chunk.subarray(at + text.length, end));
    if (bytesRead < chunkBytes) return null;
  }
}

const chunkBytes = 4 * 1024 * 1024;
