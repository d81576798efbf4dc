/** Nodes over a Redis that goes away and comes back. */
import { redis } from "../../../adapters/backends/redis.ts";
import {
  RpcFailure,
  type TestCall,
  type TestClient,
  testClient,
} from "../../../adapters/testing/mod.ts";
import {
  type Application,
  createMcpHandler,
  type HandlerEvent,
  type McpHandler,
  type McpOptions,
} from "../../../core/engine/mod.ts";
import { until } from "./cluster.ts";
import type { clients, RedisServer } from "./redis_server.ts";

let count = 0;

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

/**
 * A call of the {@linkcode application} that says three things before an outage, and the rest in it; Redis is back then.
 * `go` opens its gate.
 */
export async function callThroughOutage(
  server: RedisServer,
  { handler, failures }: Node,
  go: () => void,
): Promise<{ readonly client: TestClient; readonly call: TestCall; readonly got: number[] }> {
  const got: number[] = [];
  const client = testClient(handler, {
    notification: (_method, { i }) => got.push(i as number),
  });
  await client.initialize();
  const call = client.begin("emit");
  await until(() => got.length === 3, "the first events");
  const again = await server.kill();
  go();
  await until(() => failures() > 2, "writes fail");
  await again();
  return { client, call, got };
}

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
