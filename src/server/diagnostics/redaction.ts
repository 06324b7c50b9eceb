/** What is written instead of a secret. */
export const redacted = '[redacted]';

/**
 * The same value without what looks like a credential: members by their names, at any depth, and passwords inside of texts. A
 * courtesy to a host that logs its whole state, and no promise: a secret under an innocent name stays.
 */
export function withoutCredentials(value: unknown): unknown {
  if (typeof value === 'string') return withoutPasswords(value);
  if (Array.isArray(value)) return value.map(withoutCredentials);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [
    name,
    isCredential(name) && member !== null ? redacted : withoutCredentials(member),
  ]);
  return Object.fromEntries(members);
}

/** The password of a URL, and what follows `token=`, `Authorization: Bearer` and their like. */
export function withoutPasswords(text: string): string {
  return text
    .replace(urlPassword, `$1${redacted}@`)
    .replace(bearer, `$1 ${redacted}`)
    .replace(assignment, (whole, name: string, between: string) => (isCredential(name) ? `${name}${between}${redacted}` : whole));
}

/** apiKey, API_KEY and x-api-key are one name. */
function isCredential(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return credentialName.test(plain);
}

const credentialName =
  /passw|passphrase|passcode|^pass$|^pwd|pwd$|secret|token|credential|apikey|accesskey|privatekey|signingkey|encryptionkey|authorization|^auth$|cookie|session(id|key)|bearer|jwt|otp$|^pin$|connectionstring/;
// Each begins only where a word does and goes no further than a bound, so that no text, however long, takes more than linear time.
const urlPassword = /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/?#:@]{0,200}:)[^\s/?#@]{1,1000}@/gi;
const bearer = /\b(bearer|basic)\s{1,4}[\w.~+/=-]{6,}/gi;
// A value ends at a blank, a quote, or what separates it from the next one.
const assignment = /(?<![\w-])([\w-]{1,100})("?\s{0,4}[=:]\s{0,4}"?)([^\s"'&,;)}\]]+)/g;
