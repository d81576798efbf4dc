/**
 * Keeps sessions and logs in Redis (6.2 or later, or anything that speaks the same), through which nodes also talk to
 * each other: there may be any number of them, and any may die. It takes the application's own client, of the package
 * `redis` or `ioredis`.
 *
 * @module
 */

import { accept, finite, type ReadersOf, readOnly } from "../../core/engine/options/readers.ts";
import type { Backend } from "../../core/engine/ports.ts";
import { RedisBus } from "./redis/bus.ts";
import { linkTo, type RedisClient } from "./redis/client.ts";
import { redisHandles } from "./redis/handles.ts";
import { redisLogs } from "./redis/logs.ts";
import { redisNodes } from "./redis/nodes.ts";
import { redisSessions } from "./redis/sessions.ts";
import { Store } from "./redis/store.ts";

export {
  type IoRedis,
  type IoRedisSubscriber,
  type NodeRedis,
  type NodeRedisStrategy,
  type NodeRedisSubscriber,
  type RedisClient,
} from "./redis/client.ts";
export { type RedisEmitter, RedisTimeout } from "./redis/link.ts";

/** Options of {@linkcode redis}. All may be left out. */
export interface RedisOptions {
  /**
   * The beginning of every key and channel. If several deployments share a Redis, give each its own. Default
   * `{mcp-session}:`; the braces keep all keys in one slot, which a Redis in cluster mode asks for.
   */
  readonly prefix?: string | undefined;
  /**
   * Milliseconds without a sign after which a node is taken for dead. Sessions that it held may grow idle then, and the
   * calls that it left are answered with an error, at most a third of that time later. The nodes' clocks should differ
   * by much less than that. At least 100. Default 10 000.
   */
  readonly leaseMs?: number | undefined;
  /**
   * Milliseconds that Redis may take to answer; after that the answer is 503, and a `backend-error` event carries a
   * {@linkcode RedisTimeout}. At least 1. Default 2 000.
   */
  readonly timeoutMs?: number | undefined;
}

const OPTIONS = {
  prefix: (name: string, given = "{mcp-session}:") =>
    accept(name, given, typeof given === "string" && given !== "", "is not a text"),
  leaseMs: finite(100, 10_000),
  timeoutMs: finite(1, 2_000),
} satisfies ReadersOf<RedisOptions>;

/**
 * Makes a backend in Redis, over the application's own client: `createClient()` of `redis` (5.9 or later) or `Redis` of
 * `ioredis` (5.0 or later).
 *
 * The client has to be connected, or about to be, to one server at a time, which may have replicas. Sentinels of
 * ioredis will do; a client of a Redis Cluster, or of node-redis for sentinels, is refused. The client stays its
 * user's: `close()` of the backend ends only the one connection for messages that the backend made with
 * `client.duplicate()`.
 *
 * Nothing is asked of Redis here. Where it does not answer later, requests get 503, and a `backend-error` event carries
 * a {@linkcode RedisTimeout} or what the client threw.
 *
 * @throws {OptionError} The client is none of those, or an option has a value that it cannot have.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { redis } from "mcp-session/redis";
 * import { createClient } from "redis";
 * import { application } from "./application.ts";
 *
 * const client = createClient({ url: "redis://redis.internal:6379" });
 * await client.connect();
 * export const mcp = createMcpHandler(application, { backend: redis(client) });
 * ```
 */
export function redis(client: RedisClient, options: RedisOptions = {}): Backend {
  const { prefix, leaseMs, timeoutMs } = readOnly(OPTIONS, options);
  const link = linkTo(
    client,
    timeoutMs,
    (channel, text) => bus.receive(channel, text),
    () => bus.connected(),
  );
  const bus = new RedisBus(link, prefix);
  const store = new Store(link, prefix);
  return {
    sessions: redisSessions(store),
    logs: redisLogs(store),
    bus,
    handles: redisHandles(store),
    nodes: redisNodes(store, leaseMs),
    close: () => link.close(),
  };
}
