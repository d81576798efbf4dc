/**
 * Base64 of UTF-8, as the headers of 2026-07-28 carry values that plain ASCII cannot
 * (basic/transports/streamable-http, Value Encoding). Written out, because the pure parts have no
 * `atob` and no `TextEncoder`.
 *
 * @module
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PREFIX = "=?base64?";
const SUFFIX = "?=";

/**
 * A value as a header may carry it: itself where it is plain ASCII without blanks at its ends, else in
 * the Base64 form. A lone surrogate, which UTF-8 cannot carry, becomes U+FFFD.
 */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value);
  return plain && !(value.startsWith(PREFIX) && value.endsWith(SUFFIX))
    ? value
    : PREFIX + encodeBase64(utf8Bytes(value)) + SUFFIX;
}

/** Reads a header's value; undefined where it has the Base64 form but not its content. */
export function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value;
  if (value.length < PREFIX.length + SUFFIX.length) return value;
  const bytes = decodeBase64(value.slice(PREFIX.length, -SUFFIX.length));
  return bytes && utf8Text(bytes);
}

function encodeBase64(bytes: readonly number[]): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.slice(i, i + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += ALPHABET[bits >> 18]! + ALPHABET[(bits >> 12) & 63]! +
      (b === undefined ? "=" : ALPHABET[(bits >> 6) & 63]!) +
      (c === undefined ? "=" : ALPHABET[bits & 63]!);
  }
  return text;
}

// Strict (RFC 4648): padded, no other characters, no bits left over.
function decodeBase64(text: string): number[] | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 4) {
    let bits = 0;
    for (let j = 0; j < 4; j++) bits = (bits << 6) | Math.max(ALPHABET.indexOf(text[i + j]!), 0);
    const left = i + 4 === text.length ? padding : 0;
    if (left > 0 && (bits & ((1 << (8 * left)) - 1)) !== 0) return undefined;
    bytes.push(bits >> 16);
    if (left < 2) bytes.push((bits >> 8) & 255);
    if (left < 1) bytes.push(bits & 255);
  }
  return bytes;
}

function utf8Bytes(text: string): number[] {
  const bytes: number[] = [];
  for (const char of text) {
    let code = char.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return bytes;
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}

// Undefined for what is not UTF-8: cut short, overlong, a surrogate, or past the last code point.
function utf8Text(bytes: readonly number[]): string | undefined {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++]!;
    const more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : -1;
    if (more < 0 || first > 0xf4) return undefined;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let j = 0; j < more; j++) {
      const next = bytes[i++];
      if (next === undefined || (next & 0xc0) !== 0x80) return undefined;
      code = (code << 6) | (next & 0x3f);
    }
    const least = [0, 0x80, 0x800, 0x10000][more]!;
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    text += String.fromCodePoint(code);
  }
  return text;
}
