/**
 * Sessions, logs and the bus in Redis (6.2 or later, or anything that speaks the same): any number of
 * nodes, any of which may die. Takes the application's own client, of the package `redis` or `ioredis`.
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

/** Options of {@linkcode redis}. */
export interface RedisOptions {
  /**
   * The beginning of every key and channel. Default `{mcp-session}:`; the braces keep all keys in one slot, which a
   * Redis in cluster mode asks for. If several deployments share a Redis, give each its own.
   */
  readonly prefix?: string | undefined;
  /**
   * Milliseconds without a sign after which a node is taken for dead. What it held is let go then, and the calls
   * that it left are answered with an error, at most a third of that time later. Default 10 000, at least 100.
   * The nodes' clocks should differ by much less than that.
   */
  readonly leaseMs?: number | undefined;
  /** Milliseconds that Redis may take to answer; after that the answer is 503. Default 2 000, at least 1. */
  readonly timeoutMs?: number | undefined;
}

const OPTIONS = {
  prefix: (name: string, given = "{mcp-session}:") =>
    accept(name, given, typeof given === "string" && given !== "", "is not a text"),
  leaseMs: finite(100, 10_000),
  timeoutMs: finite(1, 2_000),
} satisfies ReadersOf<RedisOptions>;

/**
 * A backend in Redis.
 *
 * The client has to be connected, or about to be, to one server at a time; with the sentinels of ioredis it is, a
 * client of a Redis Cluster is not. It stays its user's: `close()` of the backend ends only the subscriber
 * connection, one a node, that it made with `client.duplicate()`.
 *
 * @throws {OptionError} A client or an option that cannot be.
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
