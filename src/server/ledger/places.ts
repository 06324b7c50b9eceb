import { createHash } from 'node:crypto';
import { readdir, readFile, readlink, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory } from '../os/paths.ts';
import { isPosix } from '../os/posix.ts';

/**
 * Where the sidecars of this user keep their state. A host may name a directory of its own, and its sidecar has to be
 * found by the others all the same, to be protected from them: a link in the usual place leads there. On Windows links are a
 * privilege, and it is a file with the path.
 */
export interface StatePlaces {
  /** Where the links are. */
  readonly links: string;
  note(stateDir: string): Promise<void>;
  list(): Promise<string[]>;
}

export function createStatePlaces(usual: string): StatePlaces {
  const links = join(usual, 'elsewhere');
  return {
    links,

    async note(stateDir) {
      if (stateDir === usual) return;
      await makePrivateDirectory(usual);
      await makePrivateDirectory(links);
      const link = join(links, createHash('sha256').update(stateDir).digest('hex'));
      await (isPosix ? symlink(stateDir, link) : writeFile(link, stateDir, { flag: 'wx' })).catch(unless('EEXIST'));
    },

    async list() {
      const names = await readdir(links).catch(unless('ENOENT'));
      const places = await Promise.all((names ?? []).map((name) => follow(join(links, name))));
      return [usual, ...places.filter((place) => place !== null)];
    },
  };
}

/** A link to a directory that is gone is deleted. */
async function follow(link: string): Promise<string | null> {
  try {
    const place = isPosix ? await readlink(link) : await readFile(link, 'utf8');
    await stat(place);
    return place;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') await unlink(link).catch(() => {});
    return null;
  }
}

const unless =
  (code: string) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== code) throw error;
  };
