import { readdirSync, statSync } from 'node:fs';

/** The files that something was read from, and all that could tell of another one. */
export interface Sources {
  directories: string[];
  files: string[];
}

/** What knowledge rests on: it holds while nobody has written to the sources and all of these live. */
export interface Evidence {
  sources: Sources;
  stamp: string;
  alive: { pid: number; identity: string }[];
}

/** Changes with whatever is added to the directories or written to the files. */
export function stampOf({ directories, files }: Sources): string {
  return [
    ...directories.map((path) => orCode(() => readdirSync(path).join('/'))),
    ...files.map((path) => orCode(() => stampFile(path))),
  ].join('\n');
}

function stampFile(path: string): string {
  const { ino, size, mtimeNs, mode, uid } = statSync(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${mode} ${uid}`;
}

function orCode(look: () => string): string {
  try {
    return look();
  } catch (error) {
    return `${(error as NodeJS.ErrnoException).code}`;
  }
}
