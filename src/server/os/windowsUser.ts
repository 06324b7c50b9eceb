import { loadReadUser } from '../../native/win32/processUser.ts';
import { parseSid } from '../../workers/platform/parse/sid.ts';

/** The user of this process on Windows. */
export interface WindowsUser {
  /** `S-1-5-21-…` */
  name: string;
  sid: Uint8Array;
}

/** Null without native calls. */
export function findWindowsUser(): WindowsUser | null {
  if (found === undefined) found = look();
  return found;
}
let found: WindowsUser | null | undefined;

function look(): WindowsUser | null {
  const sid = loadReadUser()?.(CURRENT_PROCESS) ?? null;
  const name = sid === null ? null : parseSid(sid);
  return sid === null || name === null ? null : { name, sid };
}

/** What GetCurrentProcess() answers. */
const CURRENT_PROCESS = -1;
