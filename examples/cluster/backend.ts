/**
 * The nodes' backend by name: `redis://HOST:PORT`, or `sqlite:FILE` for nodes of one machine.
 *
 * @module
 */

import { createClient } from "redis";
import { redis, type RedisClient } from "../../adapters/backends/redis.ts";
import { sqlite } from "../../adapters/backends/sqlite.ts";
import type { Backend } from "../../core/engine/mod.ts";

/** What {@linkcode backendOf} accepts. */
export const BACKENDS = "redis://HOST:PORT or sqlite:FILE";

/** The backend of a name; undefined where it names none. */
export function backendOf(name: string, leaseMs: number): Backend | undefined {
  if (name.startsWith("sqlite:")) return sqlite(name.slice("sqlite:".length), { leaseMs });
  return /^rediss?:\/\//.test(name) ? redis(connected(name), { leaseMs }) : undefined;
}

function connected(url: string): RedisClient {
  const client = createClient({ url, socket: { reconnectStrategy: 100 } });
  // Requests are answered with 503 while Redis is away, and the client goes on trying.
  client.on("error", (error) => console.error(`redis: ${error.message}`));
  client.connect().catch(() => {/* told above */});
  return client;
}
