/**
 * Bytes as hexadecimal digits.
 *
 * @module
 */

/** Two digits a byte, in lower case. */
export function hex(bytes: Uint8Array): string {
  return [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
}
