/** Handlers of SDK servers with all of their servers at hand, and what tests do with them. */
import { createMcpHandler, type McpHandler, type McpOptions } from "../../../core/engine/mod.ts";
import { type SdkContext, sdkServer } from "../../../adapters/servers/sdk.ts";
import {
  type TestClient,
  testClient,
  type TestClientOptions,
} from "../../../adapters/testing/mod.ts";
import type { Built, ToolCall, Tools, Version } from "./servers.ts";

/** A handler of SDK servers, with all of them at hand. */
export interface Endpoint {
  readonly mcp: McpHandler;
  readonly servers: Built[];
  readonly contexts: SdkContext[];
  /** What servers told: opened and closed, in order. */
  readonly told: string[];
}

export function endpoint(version: Version, tools: Tools, options: McpOptions = {}): Endpoint {
  const servers: Built[] = [];
  const contexts: SdkContext[] = [];
  const told: string[] = [];
  const mcp = createMcpHandler(
    sdkServer((context) => {
      const server = version.build(tools);
      const number = servers.push(server);
      contexts.push(context);
      server.onInitialized(() => told.push(`${number} initialized`));
      server.onClose(() => told.push(`${number} closed`));
      return server;
    }),
    options,
  );
  return { mcp, servers, contexts, told };
}

const ELICITS = { elicitation: {}, roots: {} };

export async function connected(mcp: McpHandler, options: TestClientOptions = {}) {
  const client = testClient(mcp, { capabilities: ELICITS, ...options });
  await client.initialize();
  return client;
}

export function tool(name: string, text = "", meta?: object) {
  return { name, arguments: { text }, ...(meta === undefined ? {} : { _meta: meta }) };
}

export function textOf(result: unknown): string {
  return (result as { content: [{ text: string }] }).content[0].text;
}

/** A tool that is entered and left when the test says so. */
export function gate() {
  const entered: ToolCall[] = [];
  const waiting: ((call: ToolCall) => void)[] = [];
  const leaving = new Map<string, (text: string) => void>();
  return {
    run: (call: ToolCall): Promise<string> => {
      const waits = waiting.shift();
      if (waits === undefined) entered.push(call);
      else waits(call);
      return new Promise((resolve) => leaving.set(call.text, resolve));
    },
    enter: (): Promise<ToolCall> => {
      const call = entered.shift();
      return call === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(call);
    },
    leave: (text: string, result = text) => leaving.get(text)!(result),
  };
}

/** The messages of a client's standalone stream, as they come. */
export async function standalone(client: Pick<TestClient, "listen">) {
  const stream = await client.listen();
  const events = stream[Symbol.asyncIterator]();
  return {
    close: () => stream.close(),
    // deno-lint-ignore no-explicit-any
    next: async (): Promise<any> => {
      for (;;) {
        const { value, done } = await events.next();
        if (done) return undefined;
        if (value.message !== undefined) return value.message;
      }
    },
  };
}
