import { posix } from 'node:path';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';

/**
 * A process as a person would call it: its name, and its program where that says something else. Node.js names itself
 * `MainThread` from version 24 on, and a script bears its own name rather than its interpreter’s.
 */
export function displayName({ name, executable }: Pick<ProcessInfo, 'name' | 'executable'>): string {
  if (executable === null) return name;
  const program = posix.basename(executable);
  return program === '' || program.startsWith(name) || name.startsWith(program) ? name : `${name} (${program})`;
}
