/** The official clients, both major versions, under one face. */
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import {
  Client as Client2,
  type ClientOptions,
  StreamableHTTPClientTransport as Transport2,
} from "@modelcontextprotocol/client";
import type { Scope } from "./runtime.ts";

/** How a client answers, and what it is told. */
export interface Behaviour {
  /** Answers an elicitation; default: accepts with `answer` = the message. */
  readonly elicit?: (message: string) => string | Promise<string>;
  /** Every notification that is no progress. */
  readonly told?: (method: string, params: { [name: string]: unknown }) => void;
  /** Errors that belong to no call. */
  readonly failed?: (error: Error) => void;
  /** Version 2 only. Default `legacy`. */
  readonly mode?: NonNullable<ClientOptions["versionNegotiation"]>["mode"];
}

/** A client that is connected. */
export interface Official {
  readonly sessionId: string | undefined;
  readonly protocolVersion: string | undefined;
  tools(): Promise<string[]>;
  /** The text of a tool's result. */
  call(name: string, text?: string, options?: CallOptions): Promise<string>;
  setLevel(level: "debug" | "error"): Promise<void>;
  ping(): Promise<void>;
  /** Ends the session. */
  terminate(): Promise<void>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly onprogress?: (progress: number) => void;
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

/** A version of the client. */
export interface OfficialClient {
  readonly name: string;
  connect(scope: Scope, url: string, behaviour?: Behaviour): Promise<Official>;
}

const INFO = { name: "official", version: "1" };
const CAPABILITIES = { capabilities: { sampling: {}, elicitation: {}, roots: {} } };

// The default is a second, and tests have no time to lose.
const RECONNECTION = {
  initialReconnectionDelay: 10,
  maxReconnectionDelay: 100,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 5,
};

export const clients: readonly OfficialClient[] = [
  {
    name: "v1",
    async connect(scope, url, behaviour = {}) {
      const client = new Client1(INFO, CAPABILITIES);
      client.setRequestHandler(
        ElicitRequestSchema,
        async ({ params }) => ({ ...await elicited(behaviour, params.message) }),
      );
      client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => sampled(params));
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [] }));
      listen(client, behaviour);
      const transport = new Transport1(new URL(url), { reconnectionOptions: RECONNECTION });
      // The SDK's declarations disagree with each other under exactOptionalPropertyTypes.
      await client.connect(transport as Parameters<Client1["connect"]>[0]);
      scope.after(() => client.close());
      return {
        get sessionId() {
          return transport.sessionId;
        },
        get protocolVersion() {
          return transport.protocolVersion;
        },
        tools: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: async (name, text = "", options = {}) =>
          textOf(
            await client.callTool(
              { name, arguments: { text } },
              CallToolResultSchema,
              requestOptions(options),
            ),
          ),
        setLevel: async (level) => void await client.setLoggingLevel(level),
        ping: async () => void await client.ping(),
        terminate: () => transport.terminateSession(),
        close: () => client.close(),
      };
    },
  },
  {
    name: "v2",
    async connect(scope, url, behaviour = {}) {
      const { mode = "legacy" } = behaviour;
      const client = new Client2(INFO, { ...CAPABILITIES, versionNegotiation: { mode } });
      client.setRequestHandler(
        "elicitation/create",
        async ({ params }) => ({ ...await elicited(behaviour, params.message) }),
      );
      client.setRequestHandler("sampling/createMessage", ({ params }) => sampled(params));
      client.setRequestHandler("roots/list", () => ({ roots: [] }));
      listen(client, behaviour);
      const transport = new Transport2(new URL(url), { reconnectionOptions: RECONNECTION });
      await client.connect(transport);
      scope.after(() => client.close());
      return {
        get sessionId() {
          return transport.sessionId;
        },
        get protocolVersion() {
          return client.getNegotiatedProtocolVersion();
        },
        tools: async () => (await client.listTools()).tools.map(({ name }) => name),
        call: async (name, text = "", options = {}) =>
          textOf(await client.callTool({ name, arguments: { text } }, requestOptions(options))),
        setLevel: async (level) => void await client.setLoggingLevel(level),
        ping: async () => void await client.ping(),
        terminate: () => transport.terminateSession(),
        close: () => client.close(),
      };
    },
  },
];

function listen(client: Client1 | Client2, { told, failed }: Behaviour): void {
  // deno-lint-ignore require-await
  client.fallbackNotificationHandler = async ({ method, params = {} }) => told?.(method, params);
  client.onerror = (error) => failed?.(error);
}

async function elicited({ elicit = (message) => message }: Behaviour, message: string) {
  return { action: "accept" as const, content: { answer: await elicit(message) } };
}

function sampled({ messages }: { messages: { content: unknown }[] }) {
  const { text } = messages[0]!.content as { text: string };
  return {
    role: "assistant" as const,
    content: { type: "text" as const, text: `re: ${text}` },
    model: "none",
  };
}

function requestOptions({ onprogress, signal, timeout }: CallOptions) {
  return {
    ...(onprogress && {
      onprogress: ({ progress }: { progress: number }) => onprogress(progress),
    }),
    ...(signal && { signal }),
    ...(timeout !== undefined && { timeout }),
  };
}

function textOf(result: unknown): string {
  return (result as { content: [{ text: string }] }).content[0].text;
}
