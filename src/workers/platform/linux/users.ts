import fs from 'node:fs';
import { parsePasswd } from '../parse/passwd.ts';

/**
 * The login name of a uid from /etc/passwd, or the number as text: users of a directory service (LDAP, SSSD) are not
 * asked for, because that may wait for a network.
 */
export function userName(uid: number): string {
  return readNames().get(uid) ?? String(uid);
}

function readNames(): Map<number, string> {
  try {
    const { mtimeMs, size, ino } = fs.statSync('/etc/passwd');
    const version = `${ino}-${size}-${mtimeMs}`;
    if (known.version !== version) known = { version, names: parsePasswd(fs.readFileSync('/etc/passwd', 'utf8')) };
    return known.names;
  } catch {
    return new Map();
  }
}
let known = { version: '', names: new Map<number, string>() };
