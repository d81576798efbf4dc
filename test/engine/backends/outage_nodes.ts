/** Nodes over a Redis that goes away and comes back. */
import assert from "node:assert/strict";
import { redis } from "../../../adapters/backends/redis.ts";
import { RpcFailure, type TestCall } from "../../../adapters/testing/mod.ts";
import {
  type Application,
  createMcpHandler,
  type HandlerEvent,
  type McpHandler,
  type McpOptions,
} from "../../../core/engine/mod.ts";
import type { clients, RedisServer } from "./redis_server.ts";

let count = 0;

/** Resolves once it holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 20) {
    assert.ok(waited < 10_000, `not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One that is under test. */
export interface Node {
  readonly handler: McpHandler;
  readonly events: HandlerEvent[];
  readonly failures: () => number;
}

/** Runs nodes that share a Redis. */
export async function withNodes(
  server: RedisServer,
  client: typeof clients[number],
  how: number,
  application: Application,
  run: (nodes: readonly Node[], prefix: string) => Promise<void>,
  options: McpOptions = {},
): Promise<void> {
  const prefix = `{outage${count++}}:`;
  const ends: (() => void)[] = [];
  const nodes: Node[] = [];
  for (let i = 0; i < how; i++) {
    const { client: connected, end } = await client.connect(server.port);
    const backend = redis(connected, { prefix, timeoutMs: 300, leaseMs: 1_500 });
    const events: HandlerEvent[] = [];
    const handler = createMcpHandler(application, {
      ...options,
      backend,
      keepAliveMs: 0,
      onEvent: (event) => events.push(event),
    });
    const failures = () => events.filter(({ type }) => type === "backend-error").length;
    nodes.push({ handler, events, failures });
    ends.push(() => {
      backend.close!();
      end();
    });
  }
  try {
    await run(nodes, prefix);
  } finally {
    await Promise.all(nodes.map(({ handler }) => handler.close({ within: 0 })));
    for (const end of ends) end();
  }
}

/** Its call says forty things; after the third it waits for the gate. */
export const application = (gate: Promise<unknown>): Application => ({
  serverInfo: { name: "server", version: "1" },
  async request({ method }, exchange) {
    if (method !== "emit") return {};
    for (let i = 1; i <= 40; i++) {
      exchange.notify("emitted", { i });
      if (i === 3) await gate;
    }
    return { done: true };
  },
});

/** The answer to a call, also where its connection is lost meanwhile. */
export async function answerOf(call: TestCall): Promise<unknown> {
  let current = call;
  for (let tries = 0;; tries++) {
    try {
      return await current.result;
    } catch (error) {
      if (tries === 50 || (error instanceof RpcFailure && error.status === 200)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
      current = current.resume();
    }
  }
}
