/** Several nodes over one backend, an application that says where it runs, and clients that go where they are told. */
import assert from "node:assert/strict";
import { type TestClient, testClient } from "../../../adapters/testing/mod.ts";
import {
  type Application,
  type Backend,
  createMcpHandler,
  type HandlerEvent,
  type McpHandler,
  type McpOptions,
} from "../../../core/engine/mod.ts";

/** The nodes, and what they tell. */
export interface Cluster {
  readonly nodes: readonly McpHandler[];
  readonly events: HandlerEvent[];
  /** A client whose next requests go to a node: `to(0)`. */
  client(options?: Parameters<typeof testClient>[1]): TestClient & { to(node: number): void };
}

/** A promise that is resolved from outside, one for each name. */
const gates = new Map<string, { promise: Promise<unknown>; open: (value?: unknown) => void }>();

/** The gate of a name. */
export function gate(name: string) {
  let found = gates.get(name);
  if (found === undefined) {
    let open!: (value?: unknown) => void;
    const promise = new Promise((resolve) => open = resolve);
    gates.set(name, found = { promise, open });
  }
  return found;
}

function application(node: number, ended: string[]): Application {
  return {
    serverInfo: { name: "server", version: "1" },
    async request({ method, params }, exchange) {
      switch (method) {
        case "where":
          return { node };
        case "ask":
          return { answer: await exchange.request("elicitation/create", { node }) };
        case "emit": {
          const { gate: name, count } = params as { gate: string; count: number };
          for (let i = 1; i <= count; i++) {
            exchange.notify("emitted", { i });
            if (i === 1) await gate(name).promise;
          }
          return { count };
        }
        case "wait":
          exchange.notify("waiting");
          await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
          gate(params!.gate as string).open(node);
          return {};
        default:
          return undefined;
      }
    },
    ended: (id) => void ended.push(`${node} ${id}`),
  };
}

/** Runs a check on nodes that share a backend, and closes them. */
export async function withCluster(
  backends: readonly Backend[],
  options: McpOptions,
  run: (cluster: Cluster, ended: string[]) => Promise<void>,
): Promise<void> {
  const events: HandlerEvent[] = [];
  const ended: string[] = [];
  const nodes = backends.map((backend, i) =>
    createMcpHandler(application(i, ended), {
      keepAliveMs: 0,
      ...options,
      backend,
      onEvent: (event) => events.push(event),
    })
  );
  const client: Cluster["client"] = (given) => {
    let at = 0;
    const made = testClient({ fetch: (request) => nodes[at]!.fetch(request) }, given);
    return Object.assign(made, { to: (node: number) => void (at = node) });
  };
  try {
    await run({ nodes, events, client }, ended);
  } finally {
    await Promise.all(nodes.map((node) => node.close({ within: 0 })));
    for (const backend of new Set(backends)) await backend.close?.();
  }
}

/** Waits for what comes of itself. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 10) {
    assert.ok(waited < 20_000, `not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
