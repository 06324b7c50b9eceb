import { dirname } from 'node:path';
import { type Inotify, inotifyEvents, loadInotify } from '../../../native/linux/inotify.ts';
import { loadReadablePoll } from '../../../native/linux/pollReadable.ts';
import type { FileChanges } from '../fileChanges.ts';

const { modify, attributes, movedFrom, movedTo, create, delete: deleted, deleteSelf, moveSelf } = inotifyEvents;
const ofItself = deleteSelf | moveSelf;
const ofArrivals = create | movedTo | ofItself;
const ofDirectories = ofArrivals | movedFrom | deleted;
const ofFiles = ofItself | modify | attributes;

/** By inotify, which the kernel feeds in the very call that changes a file. What is done on another machine (NFS) it does not tell, but no process of this one. */
export function createFileChanges(): FileChanges {
  return {
    watch({ directories, files }, before) {
      const inotify = loadInotify();
      const descriptor = before ?? inotify?.open() ?? null;
      if (inotify === null || descriptor === null) return { descriptor: null, isWhole: false };
      inotify.drain(descriptor);
      const isWhole =
        directories.every((path) => watchPath(inotify, descriptor, path, ofDirectories)) &&
        files.every((path) => watchPath(inotify, descriptor, path, ofFiles));
      return { descriptor, isWhole };
    },
    haveHappened: (descriptor) => loadReadablePoll()?.pollHere([descriptor], 0)?.length !== 0,
  };
}

/** The arrival of one that is not there is told by the nearest directory that is. */
function watchPath(inotify: Inotify, descriptor: number, path: string, events: number): boolean {
  const errno = inotify.add(descriptor, path, events);
  if (errno !== 'ENOENT') return errno === null;
  const above = dirname(path);
  if (above === path || !watchPath(inotify, descriptor, above, ofArrivals)) return false;
  // It may have come in between.
  return [null, 'ENOENT'].includes(inotify.add(descriptor, path, events));
}
