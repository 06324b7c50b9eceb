import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Params } from '../../src/protocol/methods/index.ts';
import { findLockBase, lockDirectoryOf, ownUid, pathLockName, userLockName } from '../../src/server/instance/places.ts';
import { makeDirectory } from './directory.ts';
import { type StartOptions, startSidecar } from './sidecar.ts';

/** Sidecars that meet in a directory of the test’s own: each of its locks has the scope `path`. */
export async function makeMeetingPlace(appId = 'sidewarden.test') {
  const directory = await makeDirectory();
  return {
    directory: directory.path,
    lockFile: directory.at(pathLockName({ appId, name: appId })),
    /** The params of a lock here. */
    here: (more: Omit<Params<'instance/acquire'>, 'scope' | 'path'> = {}): Params<'instance/acquire'> => ({
      ...more,
      scope: 'path',
      path: directory.path,
    }),
    start: ({ initialize, ...options }: Omit<StartOptions, 'initialize'> & { initialize?: Partial<Params<'initialize'>> } = {}) =>
      startSidecar({ initialize: { appId, ...initialize }, ...options }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** The name of a lock of scope `user` that nobody else uses; its file, in the real home, is deleted at the end of the block. */
export async function makeUserLock(appId = 'sidewarden.test', name = `test-${process.pid}-${Date.now()}`) {
  const path = join(lockDirectoryOf(await findLockBase(process.platform)), userLockName({ uid: ownUid(), appId, name }));
  return { name, path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}
