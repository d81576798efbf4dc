/**
 * Handles: values that outlive a request, bound to who minted them.
 *
 * @module
 */

import { INVALID_PARAMS } from "../../protocol/error_codes.ts";
import { spared } from "../awaitable.ts";
import { RpcError, shown } from "../errors.ts";
import type { Handles } from "../exchange.ts";
import { randomToken } from "../ids.ts";
import type { Settings } from "../options/options.ts";
import type { HandleStore } from "../ports.ts";

/** How long a handle lives where the application does not say, in milliseconds. */
const TTL_MS = 60 * 60_000;

const RANDOM_BYTES = 18;

/** What nobody can have minted is not looked up. */
const FORM = /^[\w-]{24}$/;

/** The handles of one principal. */
export function handlesOf(principal: string | undefined, settings: Settings): Handles {
  const { backend, clock } = settings;
  const store = (): HandleStore => {
    if (backend.handles !== undefined) return backend.handles;
    throw new TypeError("backend: it keeps nothing, so there are no handles");
  };
  const write = async (
    how: "put" | "replace",
    handle: string,
    value: unknown,
    ttlMs: number,
  ): Promise<boolean | void> => {
    if (!Number.isFinite(ttlMs) || ttlMs <= 0) {
      throw new TypeError(`ttlMs: ${shown(ttlMs)} is not a finite number of milliseconds above 0`);
    }
    const now = clock.now();
    return await store()[how](handle, JSON.stringify([principal ?? null, value]), now + ttlMs, now);
  };
  // Every cause is the same failure: nobody learns whether a handle is somebody else's.
  const find = async (handle: unknown): Promise<{ readonly value: unknown } | undefined> => {
    if (typeof handle !== "string" || !FORM.test(handle)) return undefined;
    const text = await store().get(handle, clock.now());
    if (text === undefined) return undefined;
    const [owner, value] = JSON.parse(text) as [string | null, unknown];
    return owner === (principal ?? null) ? { value } : undefined;
  };
  const unknown = (): RpcError => new RpcError(INVALID_PARAMS, "Invalid params: unknown handle");
  const resolve = async (handle: unknown): Promise<unknown> => {
    const found = await find(handle);
    if (found === undefined) throw unknown();
    return found.value;
  };
  const update: Handles["update"] = async (handle, value, { ttlMs = TTL_MS } = {}) => {
    // An owner does not change, so only what becomes of the handle after the look has to be asked again.
    const own = await find(handle) !== undefined;
    if (!own || !await write("replace", handle as string, value, ttlMs)) throw unknown();
  };
  return {
    async mint(value, { ttlMs = TTL_MS } = {}) {
      const handle = randomToken(RANDOM_BYTES);
      await write("put", handle, value, ttlMs);
      return handle;
    },
    resolve: (handle) => spared(resolve(handle)),
    update: (handle, value, options) => spared(update(handle, value, options)),
    async revoke(handle) {
      return await find(handle) !== undefined && await store().delete(handle as string);
    },
  };
}
