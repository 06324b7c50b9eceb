/** Bytes of the kernel as text. What is not UTF-8 becomes U+FFFD, so the text is always well-formed. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
