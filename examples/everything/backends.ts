/**
 * Where sessions are kept, by name.
 *
 * @module
 */

import { redis } from "../../adapters/backends/redis.ts";
import { sealed } from "../../adapters/backends/sealed.ts";
import { sqlite } from "../../adapters/backends/sqlite.ts";
import type { McpOptions } from "../../core/engine/mod.ts";

/** The options that come with a backend. */
export type Backing = Pick<McpOptions, "backend" | "stateKeys">;

/** What is accepted, for error messages. */
export const BACKENDS = "memory, sqlite:FILE, redis://… or sealed:KEY with a key of 64 hex digits";

/** Reads a name; undefined where it is none. The backend is opened when the result is called. */
export function backendOf(name: string): (() => Promise<Backing>) | undefined {
  if (name === "memory") return () => Promise.resolve({});
  const file = /^sqlite:(.+)$/.exec(name)?.[1];
  if (file !== undefined) return async () => ({ backend: sqlite(file), ...await keysOf(name) });
  const key = /^sealed:([0-9a-f]{64})$/i.exec(name)?.[1];
  if (key !== undefined) {
    const keys = [Uint8Array.from(key.match(/../g)!, (byte) => parseInt(byte, 16))];
    return async () => ({ backend: sealed({ keys }), ...await keysOf(name) });
  }
  if (!/^rediss?:\/\/./.test(name) || !URL.canParse(name)) return undefined;
  return async () => ({ backend: redis(await connect(name)), ...await keysOf(name) });
}

// It need not be up: requests get 503 until it is.
async function connect(url: string) {
  const { createClient } = await import("redis");
  const client = createClient({ url, socket: { reconnectStrategy: 50 } });
  client.on("error", () => {/* what could not be had is told where it was wanted */});
  client.connect().catch(() => {/* it tries again by itself */});
  return client;
}

// A retry can reach another node, which has to open what this one sealed. A deployment gives its nodes random
// keys; all that these have in common is the name of their backend.
async function keysOf(name: string): Promise<Backing> {
  const bytes = new TextEncoder().encode(`requestState ${name}`);
  return { stateKeys: [new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))] };
}
