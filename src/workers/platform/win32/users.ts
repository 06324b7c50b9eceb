import { userInfo } from 'node:os';
import { loadReadUser } from '../../../native/win32/processUser.ts';
import { parseSid } from '../parse/sid.ts';

/**
 * The user of a process: our own name, that of an account of the system, or its SID as text; null where it cannot be
 * seen. Others are not looked up, because that may wait for a domain controller.
 */
export function userName(handle: number): string | null {
  const sid = sidOf(handle);
  if (sid === null) return null;
  own ??= { sid: ownSid(), name: userInfo().username };
  return sid === own.sid ? own.name : (systemAccounts[sid] ?? sid);
}
let own: { sid: string | null; name: string } | undefined;

function sidOf(handle: number): string | null {
  const bytes = loadReadUser()?.(handle) ?? null;
  return bytes === null ? null : parseSid(bytes);
}

/** GetCurrentProcess() is the constant -1. */
const ownSid = (): string | null => sidOf(-1);

/** Well-known SIDs (winnt.h). */
const systemAccounts: Record<string, string> = { 'S-1-5-18': 'SYSTEM', 'S-1-5-19': 'LOCAL SERVICE', 'S-1-5-20': 'NETWORK SERVICE' };
