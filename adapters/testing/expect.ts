/**
 * Comparison without a test runner's assertions: the kit runs in any.
 *
 * @module
 */

/**
 * A check of {@linkcode backendKit} failed. The message names what was looked at, what was found and what was expected.
 */
export class KitError extends Error {
  /** Always `KitError`. */
  override readonly name = "KitError";
}

/**
 * Compares plain data.
 *
 * @throws {KitError} With both values where they differ.
 */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [text(actual), text(expected)];
  if (found !== wanted) throw new KitError(`${what}: ${found}; expected ${wanted}`);
}

/**
 * Wants a condition to hold.
 *
 * @throws {KitError} Where it does not.
 */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new KitError(what);
}

/**
 * Waits until a condition holds.
 *
 * @throws {KitError} Where it does not within five seconds.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 5) {
    if (waited >= 5_000) throw new KitError(`${what}, not within 5 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, one) => one === undefined ? "(undefined)" : sorted(one)) ??
    "(undefined)";
}

// Members in any order are the same object.
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
