import { type FileHandle, lstat, open, rename, stat, unlink } from 'node:fs/promises';
import type { Clock, Timer } from '../../clock.ts';

/*
 * Our own, because a library that loses no line was not found. rotating-file-stream 3 is a Writable: its first error (a full disk, a
 * deleted directory) destroys it with all that is queued. pino-roll 4 stands on sonic-boom, which goes on writing into a deleted file,
 * and rotates only after everything queued is written, so that a file becomes as long as the queue. Neither bounds its memory and counts.
 */

/** Lines in `path`, and older ones in `path.1` to `path.<keep>`, newest first. One writer a path. */
export interface RotatingFile {
  /** Queues one or more whole lines, newline included, which stay together in one file. False: dropped, and counted. */
  write(lines: string | Uint8Array): boolean;
  /** Tries at once, and resolves when everything queued up to now is with the system, or cannot be. Never rejects. */
  flush(): Promise<void>;
  /** Flushes; what could not be written is dropped then. Never rejects. */
  close(): Promise<void>;
  readonly queuedBytes: number;
  /** Writes that were dropped, since the beginning. */
  readonly dropped: number;
}

export interface RotatingFileOptions {
  /** Absolute, or relative to a directory that does not change. Its own directory is not made. */
  path: string;
  /** A file that would become longer is rotated first; a longer write has a file of its own. */
  maxBytes: number;
  /** Older files; with 0 a full file is deleted. */
  keep: number;
  /** More than this is not kept for a disk that takes nothing. */
  mostQueuedBytes?: number;
  retryMs?: number;
  clock: Pick<Clock, 'setTimer'>;
  /** It cannot be written, or rotated, for this reason: told once, and tried again. What cannot be rotated grows. */
  onProblem(error: unknown, operation: FileOperation): void;
  onRecovered?(operation: FileOperation): void;
}

export type FileOperation = 'write' | 'rotate';

const mebibyte = 1024 * 1024;

/** Opens with the first write, 0600. A file that was deleted or moved by somebody is made anew, and what went with it is written again. */
export function openRotatingFile(options: RotatingFileOptions): RotatingFile {
  const { path, maxBytes, keep, mostQueuedBytes = mebibyte, retryMs = 1_000, clock } = options;
  const queue: Buffer[] = [];
  const waiters: { upTo: number; resolve: () => void }[] = [];
  const problems = new Map<FileOperation, string>();
  let queuedBytes = 0;
  let dropped = 0;
  let taken = 0;
  let written = 0;
  /** How much of the first in the queue is in the file `torn` already: a disk that is nearly full takes half a line. */
  let begun = 0;
  let torn: { dev: number; ino: number } | null = null;
  let current: OpenedFile | null = null;
  let retry: Timer | null = null;
  /** While it is set nothing is rotated. */
  let rotationRests: Timer | null = null;
  let isWorking = false;
  let isClosed = false;

  return {
    write(lines) {
      const bytes = Buffer.from(lines);
      if (isClosed || queuedBytes + bytes.length > mostQueuedBytes) {
        dropped += 1;
        return false;
      }
      queue.push(bytes);
      queuedBytes += bytes.length;
      taken += 1;
      if (retry === null) void work();
      return true;
    },
    flush,
    async close() {
      isClosed = true;
      await flush();
      cancelRetry();
      rotationRests?.cancel();
      dropped += queue.length;
      queue.length = 0;
      queuedBytes = 0;
      await letGo();
    },
    get queuedBytes() {
      return queuedBytes;
    },
    get dropped() {
      return dropped;
    },
  };

  function flush(): Promise<void> {
    if (queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      waiters.push({ upTo: taken, resolve });
      void work();
    });
  }

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    cancelRetry();
    // What is written in one turn shares a write.
    await null;
    try {
      while (queue.length > 0) {
        await writeBatch();
        release(({ upTo }) => upTo <= written);
      }
      tell('write', null);
    } catch (error) {
      await letGo();
      tell('write', error);
      planRetry();
      release(() => true);
    }
    isWorking = false;
  }

  async function writeBatch(): Promise<void> {
    current ??= await openFile();
    if (isFull(current)) await rotate(current);
    if (current === null) return;
    const file: OpenedFile = current;
    const batch = Buffer.concat(fitting(file)).subarray(begun);
    const { bytesWritten } = await file.handle.write(batch, 0, batch.length, null);
    file.size += bytesWritten;
    const whereabouts = await locate(file);
    if (whereabouts !== 'inPlace') await letGo();
    if (whereabouts === 'deleted') begun = 0;
    else advance(bytesWritten);
  }

  async function openFile(): Promise<OpenedFile> {
    const handle = await open(path, 'a+', 0o600);
    try {
      const found = await handle.stat();
      const { dev, ino, size } = found;
      const file = { handle, dev, ino, size, rotates: found.isFile() };
      if (torn?.dev !== dev || torn.ino !== ino) begun = 0;
      if (begun === 0 && file.rotates && size > 0 && !(await endsInNewline(file))) {
        // Whoever wrote before us was cut off.
        await handle.write('\n', null);
        file.size += 1;
      }
      return file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  function isFull({ rotates, size }: OpenedFile): boolean {
    const [first] = queue;
    return rotates && rotationRests === null && begun === 0 && size > 0 && first !== undefined && size + first.length > maxBytes;
  }

  function fitting({ rotates, size }: OpenedFile): Buffer[] {
    if (!rotates || rotationRests !== null) return queue;
    let room = maxBytes - size + begun;
    const end = queue.findIndex(({ length }) => {
      room -= length;
      return room < 0;
    });
    return queue.slice(0, end === -1 ? queue.length : Math.max(1, end));
  }

  async function rotate(file: OpenedFile): Promise<void> {
    try {
      if ((await locate(file)) === 'inPlace') await shift(path, keep);
      await letGo();
      current = await openFile();
      tell('rotate', null);
    } catch (error) {
      if (current === null) throw error;
      rotationRests = clock.setTimer(retryMs, () => {
        rotationRests = null;
      });
      tell('rotate', error);
    }
  }

  function advance(bytes: number): void {
    begun += bytes;
    let done = 0;
    for (let next = queue[0]; next !== undefined && begun >= next.length; next = queue[done]) {
      begun -= next.length;
      queuedBytes -= next.length;
      done += 1;
    }
    queue.splice(0, done);
    written += done;
  }

  /** Whether the path still leads to the file that is open. */
  async function locate({ handle, dev, ino }: OpenedFile): Promise<'inPlace' | 'moved' | 'deleted'> {
    const found = await stat(path).catch(() => null);
    if (found?.dev === dev && found.ino === ino) return 'inPlace';
    return (await handle.stat()).nlink === 0 ? 'deleted' : 'moved';
  }

  async function letGo(): Promise<void> {
    const file = current;
    current = null;
    torn = file === null ? torn : { dev: file.dev, ino: file.ino };
    await file?.handle.close().catch(() => {});
  }

  function planRetry(): void {
    if (isClosed) return;
    retry ??= clock.setTimer(retryMs, () => {
      retry = null;
      void work();
    });
  }

  function cancelRetry(): void {
    retry?.cancel();
    retry = null;
  }

  function release(isOver: (waiter: { upTo: number }) => boolean): void {
    for (const waiter of waiters.splice(0)) {
      if (isOver(waiter)) waiter.resolve();
      else waiters.push(waiter);
    }
  }

  function tell(operation: FileOperation, error: unknown): void {
    const problem = error === null ? undefined : ((error as NodeJS.ErrnoException).code ?? String(error));
    if (problem === problems.get(operation)) return;
    if (problem === undefined) {
      problems.delete(operation);
      options.onRecovered?.(operation);
    } else {
      problems.set(operation, problem);
      options.onProblem(error, operation);
    }
  }
}

interface OpenedFile {
  handle: FileHandle;
  dev: number;
  ino: number;
  size: number;
  /** A device or a pipe does not. */
  rotates: boolean;
}

export async function endsInNewline({ handle, size }: Pick<OpenedFile, 'handle' | 'size'>): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

/**
 * `path` becomes `path.1`, `path.1` becomes `path.2`, and so on; what was `path.<keep>` is gone. Only as far as to the first gap: where
 * `path` itself cannot be moved, as a mounted file, every try would push the older ones further out.
 */
export async function shift(path: string, keep: number): Promise<void> {
  if (keep === 0) return unlink(path);
  let gap = 1;
  while (gap < keep && (await isThere(`${path}.${gap}`))) gap += 1;
  for (let number = gap - 1; number > 0; number -= 1) await rename(`${path}.${number}`, `${path}.${number + 1}`);
  await rename(path, `${path}.1`);
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
