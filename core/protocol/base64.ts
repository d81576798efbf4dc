/**
 * Base64 of UTF-8, as the headers of 2026-07-28 carry values that plain ASCII cannot
 * (basic/transports/streamable-http, Value Encoding). Written out, because the pure parts have no
 * `atob` and no `TextEncoder`.
 *
 * @module
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FORM = /^=\?base64\?(.*)\?=$/s;

/**
 * Writes a value as a header may carry it: as it is where it is plain ASCII without blanks at its ends, else in the
 * Base64 form, `=?base64?…?=`. A lone surrogate, which UTF-8 cannot carry, becomes U+FFFD.
 */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(value);
  return plain && !FORM.test(value) ? value : `=?base64?${encodeBase64(value)}?=`;
}

/** Reads a header's value in either form; undefined where it has the Base64 form but is not Base64 of UTF-8. */
export function decodeHeaderValue(value: string): string | undefined {
  const match = FORM.exec(value);
  return match === null ? value : decodeBase64(match[1]!);
}

// Percent-encoding, which the language has, is where UTF-8 comes from: strict in both directions.
function encodeBase64(text: string): string {
  const bits = encodeURIComponent(text.toWellFormed()).replace(
    /%(..)|./g,
    (char, hex?: string) => binary(hex === undefined ? char.charCodeAt(0) : parseInt(hex, 16), 8),
  );
  const digits = bits.replace(/.{1,6}/g, (six) => ALPHABET[parseInt(six.padEnd(6, "0"), 2)]!);
  return digits + "=".repeat(-digits.length & 3);
}

// Strict (RFC 4648): padded, no other characters, no bits left over. Undefined too for what is not UTF-8.
function decodeBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bits = text.replace(
    /./g,
    (digit) => digit === "=" ? "" : binary(ALPHABET.indexOf(digit), 6),
  );
  const whole = bits.length & ~7;
  if (bits.includes("1", whole)) return undefined;
  try {
    return decodeURIComponent(
      bits.slice(0, whole).replace(/.{4}/g, (half) => parseInt(half, 2).toString(16))
        .replace(/../g, "%$&"),
    );
  } catch {
    return undefined;
  }
}

function binary(value: number, digits: number): string {
  return value.toString(2).padStart(digits, "0");
}
