import { loadPipeSecurity, pipeErrors } from '../../native/win32/pipeSecurity.ts';
import { parseSid } from '../../workers/platform/parse/sid.ts';
import { findWindowsUser } from './windowsUser.ts';

/** Every user may open a named pipe that Node has made, for reading; from now on only ours may, whose it is. Why not, as a sentence; null when it is so. */
export function keepPipeToOurselves(path: string): string | null {
  const pipes = loadPipeSecurity();
  const user = findWindowsUser();
  if (pipes === null || user === null) return 'its access list can be set by native calls only';
  const error = pipes.restrict(path, user.sid);
  return error === 0 ? null : `Windows refused its access list (error ${error})`;
}

/** `foreign`: somebody else made it, or nobody may tell. `busy`: it takes nobody more just now. */
export type PipeState = 'ours' | 'foreign' | 'gone' | 'busy';

/** Whose pipe it is, before anything is said to it. */
export function lookAtPipe(path: string): PipeState {
  const owner = loadPipeSecurity()?.ownerOf(path) ?? { error: pipeErrors.denied };
  if ('error' in owner) return owner.error === pipeErrors.notFound ? 'gone' : owner.error === pipeErrors.busy ? 'busy' : 'foreign';
  return parseSid(owner) === findWindowsUser()?.name ? 'ours' : 'foreign';
}
