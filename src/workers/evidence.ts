import { readdirSync, statSync } from 'node:fs';
import { readCount, type SharedCount } from './sharedCount.ts';

/** What something was read from, and all that could tell of more. */
export interface Sources {
  /** The directories that all others are in. */
  places: string[];
  directories: string[];
  files: string[];
}

/** What knowledge rests on: it holds while nobody has written to its sources and all of these live. */
export interface Evidence {
  ground: Ground;
  alive: { pid: number; identity: string }[];
}

export type Ground = StampedGround | WatchedGround;

/** The sources are looked at, one after the other. */
export interface StampedGround {
  kind: 'stamped';
  sources: Sources;
  stamp: string;
}

/** The system tells of changes by itself, except of places that are another directory by now. */
export interface WatchedGround {
  kind: 'watched';
  descriptor: number;
  /** How often watching was begun with this descriptor: each time, what had happened until then was forgotten. */
  beginnings: SharedCount;
  /** Which of them it rests on. */
  beginning: number;
  places: string[];
  stamp: string;
}

export const isLatest = ({ beginnings, beginning }: WatchedGround): boolean => readCount(beginnings) === beginning;

/** Changes with whatever is added to the directories or written to the files. */
export function stampOf({ places, directories = [], files = [] }: Pick<Sources, 'places'> & Partial<Sources>): string {
  return [...directories.map(stampDirectory), ...[...places, ...files].map(stampFile)].join('\n');
}

function stampDirectory(path: string): string {
  try {
    return readdirSync(path).join('/');
  } catch (error) {
    return codeOf(error);
  }
}

function stampFile(path: string): string {
  try {
    const { ino, size, mtimeNs, mode, uid } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${mode} ${uid}`;
  } catch (error) {
    return codeOf(error);
  }
}

const codeOf = (error: unknown): string => `${(error as NodeJS.ErrnoException).code}`;
