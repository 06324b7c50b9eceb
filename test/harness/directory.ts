import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty directory of the test’s own, 0700, deleted at the end of the block. */
export async function makeDirectory(): Promise<AsyncDisposable & { path: string; at(...names: string[]): string }> {
  const path = await mkdtemp(join(tmpdir(), 'sidewarden-test-'));
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
