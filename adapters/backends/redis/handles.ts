/**
 * Handles in Redis: a key each, which expires with it.
 *
 * @module
 */

import type { HandleStore } from "../../../core/engine/ports.ts";
import { whole } from "../whole.ts";
import { span, type Store } from "./store.ts";

/** A handle store in Redis. */
export function redisHandles(store: Store): HandleStore {
  const key = (handle: string): string => `${store.prefix}a:${handle}`;
  return {
    async put(handle, text, expires, now) {
      await store.command("SET", key(handle), kept(text, expires), "PX", ttl(expires, now));
    },
    async replace(handle, text, expires, now) {
      const [value, lives] = [kept(text, expires), ttl(expires, now)];
      return await store.says("replace", handle, value, lives, whole(now));
    },
    async get(handle, now) {
      const found = await store.command("GET", key(handle));
      if (typeof found !== "string") return undefined;
      const blank = found.indexOf(" ");
      // The clock that counts is the caller's.
      return Number(found.slice(0, blank)) > now ? found.slice(blank + 1) : undefined;
    },
    delete: async (handle) => Number(await store.command("DEL", key(handle))) > 0,
  };
}

function kept(text: string, expires: number): string {
  return `${whole(expires)} ${text}`;
}

function ttl(expires: number, now: number): number {
  return Math.max(1, span(expires - now));
}
