/**
 * Bytes as text that a header and a URL take: Base64 of RFC 4648, section 5, without padding.
 *
 * @module
 */

/** How many bytes become text at once; a call takes only so many arguments. */
const PIECE = 8 << 10;

/** Bytes as text. */
export function toBase64url(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += PIECE) {
    binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of a text; undefined where it is none. What its last character says too much is not looked at. */
export function fromBase64url(text: string): ArrayBuffer | undefined {
  if (!/^[\w-]*$/.test(text)) return undefined;
  let binary: string;
  try {
    binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    // Of a length that no bytes have.
    return undefined;
  }
  // Whoever sends it decides how long it is: with a function for each character 4 MiB took half a second.
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}
