// Never run: what must be told while it is written, and what must not.
import {
  type Application,
  type Backend,
  createMcpHandler,
  createSessions,
  memory,
  RpcError,
  type RpcResult,
  type SessionDirectory,
} from "mcp-session";
import { guardListener, nodeListener, serve } from "mcp-session/node";
import { redis } from "mcp-session/redis";
import { sdkServer } from "mcp-session/sdk";
import { sealed } from "mcp-session/sealed";
import { sqlite } from "mcp-session/sqlite";
import { testClient } from "mcp-session/testing";

const serverInfo = { name: "misuse", version: "1" };

/** A result of an interface's type, which has no index signature. */
interface Tools {
  readonly tools: readonly string[];
}
declare const tools: Tools;
declare const record: { readonly [key: string]: unknown };

export const results: readonly Application[] = [
  { serverInfo, request: () => tools },
  { serverInfo, request: () => Promise.resolve(tools) },
  { serverInfo, request: ({ method }) => method === "tools/list" ? record : undefined },
  {
    serverInfo,
    async request({ method }) {
      return method === "tools/list" ? await Promise.resolve(tools) : undefined;
    },
  },
  { serverInfo, request: () => new Promise((resolve) => resolve({ tools: [] })) },
  // @ts-expect-error: a result is an object
  { serverInfo, request: () => "done" },
  // @ts-expect-error: a list of tools is none, but what holds one
  { serverInfo, request: () => [{ name: "add" }] },
  // @ts-expect-error: so it is where it comes later
  { serverInfo, request: () => Promise.resolve("done") },
  // @ts-expect-error: so it is where it comes later
  { serverInfo, request: async () => await Promise.resolve([tools]) },
  // @ts-expect-error: a method that is not known is undefined
  { serverInfo, request: async ({ method }) => await (method === "tools/list" ? tools : null) },
];

/** A table of functions, and one that says what it gives. */
const methods: { readonly [method: string]: () => object | Promise<object> } = {};
const route = (method: string): RpcResult | undefined =>
  method === "tools/list" ? tools : undefined;

export const tables: readonly Application[] = [
  { serverInfo, request: ({ method }) => methods[method]?.() },
  { serverInfo, request: ({ method }) => route(method) },
  { serverInfo, request: async ({ method }) => await Promise.resolve(route(method)) },
];

export const handlers: readonly (() => unknown)[] = [
  // @ts-expect-error: no such option
  () => createMcpHandler(results[0]!, { allowedHost: ["mcp.example.com"] }),
  // @ts-expect-error: an option of the other one
  () => createSessions({ opens: () => true, resumable: false }),
  // @ts-expect-error: a caller that is not known is refused with a Response
  () => createMcpHandler(results[0]!, { authenticate: () => null }),
  // @ts-expect-error: no such limit
  () => createMcpHandler(results[0]!, { limits: { maxSessions: 5 } }),
  // @ts-expect-error: a backend, not what makes one
  () => createMcpHandler(results[0]!, { backend: memory }),
  // @ts-expect-error: whether a request opens a session is known at once
  () => createSessions({ opens: () => Promise.resolve(true) }),
  // @ts-expect-error: a session may be missing
  () => createMcpHandler({ serverInfo, request: (_, { session }) => ({ id: session.id }) }),
  // @ts-expect-error: what is served is a handler, not an application
  () => serve(results[0]!),
  // @ts-expect-error: nor does a listener answer by one
  () => nodeListener(results[0]!),
  // @ts-expect-error: sessions come first
  () => guardListener(createMcpHandler(results[0]!), () => {}),
  // @ts-expect-error: each session needs a server of its own
  () => sdkServer({ connect: async () => {}, close: async () => {} }),
  // @ts-expect-error: a client, not an address
  () => redis("redis://localhost"),
  // @ts-expect-error: the path comes first
  () => sqlite({ busyMs: 5 }),
  // @ts-expect-error: a key is bytes
  () => sealed({ keys: ["secret"] }),
  // @ts-expect-error: a client calls a handler, not an application
  () => testClient(results[0]!),
  // @ts-expect-error: the code comes first
  () => new RpcError("Unknown tool", -32602),
];

const { sessions, logs, bus, handles, nodes, lacks } = memory();

/** Around another one, whatever of it that one leaves out. */
export const around: Backend = { sessions, logs, bus, handles, nodes, lacks };

/** What stands for a handler's sessions in a test needs nothing of the library's inside. */
export const none: SessionDirectory = {
  get: () => Promise.resolve(undefined),
  async *list() {},
  count: () => Promise.resolve(0),
  end: () => Promise.resolve(false),
};
