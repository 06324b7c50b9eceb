import { readdir, stat } from 'node:fs/promises';

/** What a reading was made from. */
export interface Sources {
  directories: string[];
  files: string[];
}

/** Changes with whatever is added to the directories or written to the files; all are looked at at once. */
export async function stampAll({ directories, files }: Sources): Promise<string> {
  return (await Promise.all([...directories.map(stampDirectory), ...files.map(stampFile)])).join('\n');
}

async function stampDirectory(path: string): Promise<string> {
  return readdir(path).then((names) => names.join('/'), codeOf);
}

async function stampFile(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(({ ino, size, mtimeNs, mode, uid }) => `${ino} ${size} ${mtimeNs} ${mode} ${uid}`, codeOf);
}

const codeOf = ({ code }: NodeJS.ErrnoException): string => `${code}`;
