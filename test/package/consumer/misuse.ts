// Never run: what must be told while it is written, and what must not.
import {
  type Application,
  type Backend,
  createMcpHandler,
  createSessions,
  memory,
  type SessionDirectory,
} from "mcp-session";

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

export const handlers: readonly (() => unknown)[] = [
  // @ts-expect-error: no such option
  () => createMcpHandler(results[0]!, { allowedHost: ["mcp.example.com"] }),
  // @ts-expect-error: an option of the other one
  () => createSessions({ opens: () => true, resumable: false }),
  // @ts-expect-error: a caller that is not known is refused with a Response
  () => createMcpHandler(results[0]!, { authenticate: () => null }),
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
