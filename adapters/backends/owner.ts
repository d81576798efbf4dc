/**
 * Names of principals as a store keeps them.
 *
 * @module
 */

/**
 * A name as text that every store gives back: written as JSON writes it. UTF-8 has nothing for half a surrogate pair, so
 * two names would be one; and a column may be read up to its first NUL, which some put between issuer and subject.
 */
export function ownerText(owner: string): string {
  return JSON.stringify(owner).slice(1, -1);
}

/** The name of such a text. */
export function ownerOf(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}
