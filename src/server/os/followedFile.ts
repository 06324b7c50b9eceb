import { type FileHandle, open } from 'node:fs/promises';
import type { Clock, Timer } from '../../clock.ts';

/** A file that somebody else writes to, read as it grows. */
export interface FollowedFile {
  /** Resolves when everything that was in it when this was called has been told, or cannot be read. Never rejects. */
  catchUp(): Promise<void>;
  /** The same, and then nothing more is told. */
  close(): Promise<void>;
}

export interface FollowOrder {
  /** Taken over: it is closed with the rest. */
  handle: FileHandle;
  /** Where to begin. */
  position: number;
  onData(chunk: Buffer): void;
  onProblem(error: unknown): void;
  clock: Pick<Clock, 'setTimer'>;
}

const lookEveryMs = 100;
const mostBytesAtOnce = 64 * 1024;

/**
 * Looks every 100 ms, on every file system alike, and reads one piece after the other: however fast it grows, no more than one of them
 * is in memory. A file that has become shorter was cut off by somebody (copytruncate of logrotate(8)), and is read from its beginning.
 */
export function followFile({ handle, position, onData, onProblem, clock }: FollowOrder): FollowedFile {
  let at = position;
  let last: Promise<void> = Promise.resolve();
  let timer: Timer | null = null;
  let isClosed = false;
  const piece = Buffer.allocUnsafe(mostBytesAtOnce);
  schedule();

  return {
    catchUp,
    async close() {
      if (isClosed) return;
      isClosed = true;
      timer?.cancel();
      await catchUp();
      await handle.close().catch(() => {});
    },
  };

  function schedule(): void {
    timer = clock.setTimer(lookEveryMs, () => void catchUp().then(() => isClosed || schedule()));
  }

  function catchUp(): Promise<void> {
    last = last.then(readOn).catch(onProblem);
    return last;
  }

  async function readOn(): Promise<void> {
    const { size } = await handle.stat();
    if (size < at) at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, size - at), at);
      if (bytesRead === 0) return;
      at += bytesRead;
      onData(Buffer.from(piece.subarray(0, bytesRead)));
    }
  }
}

/** Where the last `bytes` of a file begin. */
export async function tailOf(handle: FileHandle, bytes: number): Promise<number> {
  const { size } = await handle.stat();
  return Math.max(0, size - bytes);
}

/**
 * The file that a process has as its standard output, wherever that is by now; what is at `path` where the system does not tell, or it
 * is none.
 */
export async function openOutputOf(pid: number, path: string): Promise<FileHandle> {
  const handle = await open(`/proc/${pid}/fd/1`, 'r').catch(() => null);
  if (handle !== null && (await handle.stat()).isFile()) return handle;
  await handle?.close();
  return open(path, 'r');
}
