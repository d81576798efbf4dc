/**
 * Handles in memory. What is expired is forgotten as new ones come, a few at a time.
 *
 * @module
 */

import type { HandleStore } from "../ports.ts";

/** How many old ones are looked at for each new one. */
const LOOKS = 4;

/** A handle store in this process. */
export function memoryHandles(): HandleStore {
  const kept = new Map<string, { text: string; expires: number }>();
  let looking = kept.entries();
  return {
    put(handle, text, expires, now) {
      kept.set(handle, { text, expires });
      for (let i = 0; i < LOOKS; i++) {
        const { done, value } = looking.next();
        if (done) {
          looking = kept.entries();
          break;
        }
        if (value[1].expires <= now) kept.delete(value[0]);
      }
    },
    replace(handle, text, expires, now) {
      const found = kept.get(handle);
      if (found === undefined || found.expires <= now) return false;
      // As in `delete`: a table that the `Map` had once may hold what would be replaced.
      found.text = text;
      found.expires = expires;
      return true;
    },
    get(handle, now) {
      const found = kept.get(handle);
      return found !== undefined && found.expires > now ? found.text : undefined;
    },
    delete(handle) {
      const found = kept.get(handle);
      // A table that the `Map` had once may hold it until the next one is minted.
      if (found !== undefined) found.text = "";
      return kept.delete(handle);
    },
  };
}
