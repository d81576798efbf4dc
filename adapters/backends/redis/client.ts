/**
 * The two clients as one thing. Only the part of their interfaces that is used is named, so that neither is a
 * dependency.
 *
 * @module
 */

import { OptionError, shown } from "../../../core/engine/errors.ts";
import { ClientLink, IGNORED, type Link, type RedisEmitter } from "./link.ts";

/**
 * A client of the package `redis` (node-redis), version 5.9 or later, as far as it is used. Earlier ones corrupt what
 * is not ASCII in a long text that comes in several pieces.
 */
export interface NodeRedis extends RedisEmitter {
  /** It is connected. */
  readonly isReady: boolean;
  /** Sends a command. */
  sendCommand(
    args: string[],
    options?: { readonly typeMapping: Record<never, never>; readonly asap: false },
    // deno-lint-ignore no-explicit-any -- what it resolves to depends on the command
  ): Promise<any>;
  /** What it was made with. */
  readonly options?: {
    readonly socket?:
      | { readonly reconnectStrategy?: NodeRedisStrategy | number | false | undefined }
      | undefined;
  } | undefined;
  /** Makes another one with the same options. */
  duplicate(
    override: { readonly socket: { readonly reconnectStrategy: NodeRedisStrategy } },
  ): NodeRedisSubscriber;
}

/**
 * Says after how many milliseconds node-redis tries to connect again. Where it gives no number, node-redis gives up.
 */
// deno-lint-ignore no-explicit-any -- why it tries again is of no concern here
export type NodeRedisStrategy = (retries: number, cause: any) => number | false | Error;

/** The connection of node-redis that hears channels, as far as it is used. */
export interface NodeRedisSubscriber extends RedisEmitter {
  /** Connects it. */
  connect(): Promise<unknown>;
  /** Hears a channel. */
  subscribe(
    channel: string,
    listener: (message: string, channel: string) => void,
  ): Promise<unknown>;
  /** Hears a channel no longer. */
  unsubscribe(channel: string): Promise<unknown>;
  /** Ends it. */
  destroy(): unknown;
}

/** A client of the package `ioredis`, version 5 or later, as far as it is used. */
export interface IoRedis extends RedisEmitter {
  /** `ready` where it is connected. */
  readonly status: string;
  /** Sends a command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** What it was made with. */
  readonly options?: {
    // deno-lint-ignore no-explicit-any -- of another type in each version
    readonly retryStrategy?: ((times: number) => any) | null | undefined;
  };
  /** Makes another one with the same options, but for these. */
  duplicate(
    override: {
      readonly autoResubscribe: true;
      readonly autoResendUnfulfilledCommands: true;
      readonly commandTimeout: undefined;
      readonly enableOfflineQueue: true;
      readonly maxRetriesPerRequest: null;
      readonly retryStrategy: (times: number) => number;
    },
  ): IoRedisSubscriber;
}

/** The connection of ioredis that hears channels, as far as it is used. */
export interface IoRedisSubscriber extends RedisEmitter {
  /** Hears a channel. */
  subscribe(channel: string): Promise<unknown>;
  /** Hears a channel no longer. */
  unsubscribe(channel: string): Promise<unknown>;
  /** Ends it. */
  disconnect(): unknown;
}

/** A client that {@linkcode redis} takes: of the package `redis`, or of `ioredis`. */
export type RedisClient = NodeRedis | IoRedis;

/**
 * A link over a client.
 *
 * @param message Receives what comes on a channel.
 * @param connected The subscriber connection is there, for the first time or again.
 * @throws {OptionError} It is neither of the two clients, or one of several servers.
 */
export function linkTo(
  client: RedisClient,
  timeoutMs: number,
  message: (channel: string, text: string) => void,
  connected: () => void,
): Link {
  if (isOfSeveral(client)) {
    throw new OptionError(
      "client",
      "a client of several servers (a Redis Cluster, or sentinels of node-redis); " +
        "expected createClient() of redis, or Redis of ioredis",
    );
  }
  if (isIoRedis(client)) {
    return new ClientLink(client, timeoutMs, {
      ready: () => client.status === "ready",
      send: ([name, ...args]) => client.call(name!, ...args),
      subscriber: () => {
        // Whatever the client does for its user: what is heard here has to be heard again, and a command is
        // settled as it ends, be it on a later connection.
        const own = client.duplicate({
          autoResubscribe: true,
          autoResendUnfulfilledCommands: true,
          commandTimeout: undefined,
          enableOfflineQueue: true,
          maxRetriesPerRequest: null,
          retryStrategy: (times) => pause(client.options?.retryStrategy?.(times), times),
        });
        own.on("message", message);
        own.on("ready", connected);
        own.on("error", IGNORED);
        return {
          ready: Promise.resolve(),
          subscribe: (channel) => own.subscribe(channel),
          unsubscribe: (channel) => own.unsubscribe(channel),
          close: () => void own.disconnect(),
        };
      },
    });
  }
  if (isNodeRedis(client)) {
    return new ClientLink(client, timeoutMs, {
      ready: () => client.isReady,
      send: (args) => client.sendCommand(args, AS_SENT),
      subscriber: () => {
        const socket = client.options?.socket;
        const given = socket?.reconnectStrategy;
        const own = client.duplicate({
          socket: {
            ...socket,
            reconnectStrategy: (retries, cause) =>
              pause(typeof given === "function" ? given(retries, cause) : given, retries),
          },
        });
        const receive = (text: string, channel: string): void => message(channel, text);
        own.on("ready", connected);
        own.on("error", IGNORED);
        return {
          ready: own.connect(),
          subscribe: (channel) => own.subscribe(channel, receive),
          unsubscribe: (channel) => own.unsubscribe(channel),
          close: () => void own.destroy(),
        };
      },
    });
  }
  throw new OptionError(
    "client",
    `${shown(client)} is neither a client of redis (node-redis) nor one of ioredis`,
  );
}

/** Its user's client may give something else, such as buffers, and send what it was given last first. */
const AS_SENT = { typeMapping: {}, asap: false } as const;

// A client may give up, but not this connection: nobody would notice that nothing is heard any more.
function pause(given: unknown, tries: number): number {
  return typeof given === "number" ? given : Math.min(50 * 2 ** tries, 2_000);
}

// They look like the others. In a Cluster, a sender is not told whether anybody hears a message.
function isOfSeveral(client: RedisClient): boolean {
  const { isCluster, masters, acquire } = (client ?? {}) as unknown as Record<string, unknown>;
  return isCluster === true || masters !== undefined || acquire !== undefined;
}

function isIoRedis(client: RedisClient): client is IoRedis {
  return typeof (client as Partial<IoRedis>)?.call === "function" &&
    typeof (client as Partial<IoRedis>).status === "string";
}

function isNodeRedis(client: RedisClient): client is NodeRedis {
  return typeof (client as Partial<NodeRedis>)?.sendCommand === "function" &&
    typeof (client as Partial<NodeRedis>).isReady === "boolean";
}
