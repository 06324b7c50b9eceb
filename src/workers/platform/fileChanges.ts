/** Notices changes of files without a look at any. */
export interface FileChanges {
  /**
   * What is put into, taken out of or named anew in these directories, and written to these files, from now on, also those that are not
   * there yet: it is told by the descriptor until the next call, which takes it back. Not `isWhole`: not all of them can be watched.
   */
  watch(paths: { directories: string[]; files: string[] }, descriptor: number | null): { descriptor: number | null; isWhole: boolean };
  haveHappened(descriptor: number): boolean;
}
