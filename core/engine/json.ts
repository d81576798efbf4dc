/**
 * What peers sent, written out again.
 *
 * @module
 */

import { nestsTooDeep } from "../protocol/json_rpc.ts";

/** A JSON value of a peer as text; undefined where it nests too deep. */
export function jsonOf(value: unknown): string | undefined {
  return nestsTooDeep(value) ? undefined : JSON.stringify(value);
}
