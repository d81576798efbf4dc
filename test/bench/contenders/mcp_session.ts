/** This library, as its users get it: compiled, with its runtime's adapter. */
import type * as Library from "../../../core/engine/mod.ts";
import type * as Ids from "../../../core/engine/ids.ts";
import type * as NodeAdapter from "../../../adapters/runtimes/node.ts";
import { type Contender, echoResult, type Options } from "./contender.ts";

/** Ids that are handed out to the load generator, taken evenly from all. */
const SAMPLE = 65_536;

const PARAMS = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "bench", version: "1.0.0" },
};
const INITIALIZE_PARAMS = JSON.stringify(PARAMS);
const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: PARAMS,
});

const OPENING = {
  method: "POST",
  url: "http://127.0.0.1/mcp",
  headers: new Headers({
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "host": "127.0.0.1",
  }),
};

export async function contender(
  options: Options,
): Promise<Contender & { readonly handle: Library.McpHandler["handle"] }> {
  const { runtime, shape, modern, later, resumable, library } = options;
  const { createMcpHandler, memory }: typeof Library = await import(
    `${library}/core/engine/mod.js`
  );
  const { mintSessionId }: typeof Ids = await import(`${library}/core/engine/ids.js`);
  const backend = await backendOf(options) ?? memory();
  const handler = createMcpHandler({
    serverInfo: { name: "bench", version: "1.0.0" },
    capabilities: { tools: {} },
    request(message, exchange) {
      const { name, arguments: given } = message.params as {
        name: string;
        arguments: { text?: string; count: number };
      };
      if (message.method !== "tools/call") return undefined;
      if (name === "steps") {
        for (let step = 1; step <= given.count; step++) {
          exchange.progress(step, given.count);
        }
      }
      const result = echoResult(given.text ?? "");
      return later ? Promise.resolve(result) : result;
    },
  }, {
    response: modern ? "auto" : shape,
    resumable,
    limits: { sessions: 2_000_000, logEvents: 20_000, idleMs: 3_600_000 },
    backend,
  });
  const node: typeof NodeAdapter | undefined = runtime === "node"
    ? await import(`${library}/adapters/runtimes/node.js`)
    : undefined;
  return {
    fetch: handler.fetch,
    handle: handler.handle,
    ...(node === undefined ? {} : { listener: node.nodeListener(handler) }),
    fill: (count) =>
      sampled(count, async () => {
        const reply = await handler.handle(OPENING, { text: () => Promise.resolve(INITIALIZE) });
        return reply.headers["mcp-session-id"]!;
      }),
    store(count) {
      const now = Date.now();
      return sampled(count, () => {
        const id = mintSessionId();
        backend.sessions.create(
          {
            id,
            version: "2025-11-25",
            owner: undefined,
            initialize: INITIALIZE_PARAMS,
            created: now,
            seen: now,
            ready: true,
            held: false,
          },
          { sessions: Infinity, perPrincipal: Infinity },
          { idleMs: Infinity, maxAgeMs: Infinity },
        );
        return id;
      });
    },
    async broadcast() {
      for await (const session of handler.sessions.list()) {
        session.notify("notifications/message", { data: "hello" });
      }
    },
  };
}

async function backendOf(
  { backend, location, library }: Options,
): Promise<Library.Backend | undefined> {
  if (backend === "memory") return undefined;
  const { open } = await import(`./backend_${backend}.ts`) as {
    open(library: string, location: string): Promise<Library.Backend>;
  };
  return open(library, location);
}

/** Opens sessions one after the other, and gives the ids of some. */
async function sampled(
  count: number,
  open: () => string | Promise<string>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  const every = Math.max(1, Math.floor(count / SAMPLE));
  for (let i = 0; i < count; i++) {
    const id = await open();
    if (i % every === 0) ids.push(id);
  }
  return ids.slice(0, SAMPLE);
}
