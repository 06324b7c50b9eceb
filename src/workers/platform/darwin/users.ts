import fs from 'node:fs';
import { userInfo } from 'node:os';
import { parsePasswd } from '../parse/passwd.ts';

/**
 * Our own name, or that of an account of the system from /etc/passwd; any other uid as text: people are known to the directory
 * service alone, and asking that may wait for a network.
 */
export function userName(uid: number): string {
  own ??= readOwn();
  if (uid === own.uid) return own.name;
  known ??= readNames();
  return known.get(uid) ?? String(uid);
}
let own: { uid: number; name: string } | undefined;
let known: Map<number, string> | undefined;

function readOwn(): { uid: number; name: string } {
  const uid = process.geteuid?.() ?? -1;
  try {
    return { uid, name: userInfo().username };
  } catch {
    // uv_os_get_passwd: a user without any entry.
    return { uid, name: String(uid) };
  }
}

function readNames(): Map<number, string> {
  try {
    return parsePasswd(fs.readFileSync('/etc/passwd', 'utf8'));
  } catch {
    return new Map();
  }
}
