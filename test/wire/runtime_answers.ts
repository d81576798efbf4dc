/**
 * What a runtime answers by itself, before any handler sees the request. These are not this library's choices;
 * they are written down so that a change of theirs is noticed.
 */
import { runtime } from "./harness/runtime.ts";

interface ServerSets {
  /** Two `Host` fields (RFC 9112, 3.2, demands 400). */
  readonly repeatedHost: number;
  /** No `Host`, as HTTP/1.0 may have it. Deno names its own address for it. */
  readonly noHost: 400 | 403;
  /** A header of 60 kB. Bun takes 16 kB, and only its command line can change that. */
  readonly hugeHeader: 400 | 431;
  /** `Upgrade` to a protocol that is not spoken here (RFC 9110, 7.8: may be ignored). */
  readonly upgrade: 200 | 400;
}

export const serverSets: ServerSets = {
  node: { repeatedHost: 403, noHost: 403, hugeHeader: 400, upgrade: 200 },
  deno: { repeatedHost: 400, noHost: 400, hugeHeader: 400, upgrade: 400 },
  bun: { repeatedHost: 403, noHost: 403, hugeHeader: 431, upgrade: 200 },
}[runtime] as ServerSets;
