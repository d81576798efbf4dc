/**
 * Sessions, logs and the bus in Redis (6.2 or later, or anything that speaks the same): any number of
 * nodes, any of which may die. Takes the application's own client, of the package `redis` or `ioredis`.
 *
 * @module
 */

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
  type NodeRedisSubscriber,
  type RedisClient,
  RedisTimeout,
} from "./redis/client.ts";

/** Options of {@linkcode redis}. */
export interface RedisOptions {
  /**
   * Begins every key and channel. Default `{mcp-session}:`; the braces keep all keys in one slot of a
   * Redis Cluster. Deployments that share a Redis need one each.
   */
  readonly prefix?: string;
  /**
   * Milliseconds after which a node that gave no sign is taken for dead: what it held is let go, and calls
   * that it left are answered with an error, at most a third later. Default 10 000, at least 100.
   * The nodes' clocks should agree to within a part of it.
   */
  readonly leaseMs?: number;
  /** Milliseconds that Redis may take for an answer; then 503. Default 2 000, at least 1. */
  readonly timeoutMs?: number;
}

/**
 * A backend in Redis.
 *
 * The client has to be connected, or about to be. It stays its user's: `close()` of the backend ends only the
 * subscriber connection, one a node, that it made with `client.duplicate()`.
 *
 * @throws {TypeError} An option that cannot be.
 */
export function redis(client: RedisClient, options: RedisOptions = {}): Backend {
  const { prefix = "{mcp-session}:" } = options;
  if (typeof prefix !== "string" || prefix === "") {
    throw new TypeError(`prefix: ${JSON.stringify(prefix)} is not a text`);
  }
  const leaseMs = atLeast("leaseMs", options.leaseMs ?? 10_000, 100);
  const timeoutMs = atLeast("timeoutMs", options.timeoutMs ?? 2_000, 1);
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

function atLeast(name: string, given: number, least: number): number {
  if (Number.isFinite(given) && given >= least) return given;
  throw new TypeError(`${name}: ${JSON.stringify(given)} is not a number of at least ${least}`);
}
