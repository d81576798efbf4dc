/**
 * The same server written on both major versions of the official SDK. What its tools do is given by the
 * test, in words that both versions have.
 */
import { McpServer as McpServer1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import {
  ElicitResultSchema,
  UrlElicitationRequiredError as UrlRequired1,
} from "@modelcontextprotocol/sdk/types.js";
import {
  McpServer as McpServer2,
  UrlElicitationRequiredError as UrlRequired2,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { SdkServer } from "../../../adapters/servers/sdk.ts";

/** One call of a tool, as the version at hand offers it. */
export interface ToolCall {
  /** The tool's one argument. */
  readonly text: string;
  /** The id by which the server knows the request. */
  readonly id: string | number;
  readonly sessionId: string | undefined;
  readonly signal: AbortSignal;
  readonly progressToken: string | number | undefined;
  // deno-lint-ignore no-explicit-any
  readonly authInfo: any;
  /** A field of the HTTP request, and its URL. */
  header(name: string): string | undefined;
  readonly url: string;
  readonly closeSSEStream: (() => void) | undefined;
  readonly closeStandaloneSSEStream: (() => void) | undefined;
  /** Tells the client something in the course of the call. */
  notify(method: string, params: { [name: string]: unknown }): Promise<void>;
  /** Tells the client something apart from any call. */
  log(data: string): Promise<void>;
  /** Asks the client in the course of the call. */
  askRelated(message: string, options?: AskOptions): Promise<string>;
  /** Asks the client without a word about the call. */
  ask(message: string, options?: AskOptions): Promise<string>;
  /** Asks the client's model, without a word about the call. */
  sample(prompt: string): Promise<string>;
  /** Throws the SDK's error that sends the user to a URL first. */
  visit(url: string): never;
  /** Closes the server. */
  close(): Promise<void>;
}

export interface AskOptions {
  readonly timeout?: number;
  readonly onprogress?: (progress: { readonly progress: number }) => void;
}

/** What tools do, by name; what they return is the text of the result. */
export interface Tools {
  readonly [name: string]: (call: ToolCall) => Promise<string> | string;
}

/** A server of one version. */
export interface Built extends SdkServer {
  /** The client's capabilities as the server knows them. */
  capabilities(): unknown;
  /** Calls `fn` on `notifications/initialized`. */
  onInitialized(fn: () => void): void;
  /** Calls `fn` when the server has closed. */
  onClose(fn: () => void): void;
  log(data: string): Promise<void>;
  roots(): Promise<unknown>;
}

/** A version of the SDK. */
export interface Version {
  readonly name: "v1" | "v2";
  build(tools: Tools): Built;
}

const CAPABILITIES = { capabilities: { logging: {} } };
const INFO = { name: "sdk", version: "1" };

const requestedSchema = { type: "object", properties: { answer: { type: "string" } } } as const;

function textOf(result: { action: string; content?: unknown }): string {
  return result.action === "accept" ? (result.content as { answer: string }).answer : result.action;
}

function sampling(prompt: string) {
  const content = { type: "text" as const, text: prompt };
  return { messages: [{ role: "user" as const, content }], maxTokens: 10 };
}

function sampled({ content }: { content: unknown }): string {
  return (content as { text: string }).text;
}

function elicitation(url: string) {
  return { mode: "url", elicitationId: "1", url, message: "visit first" } as const;
}

function content(text: string): { content: { type: "text"; text: string }[] } {
  return { content: [{ type: "text", text }] };
}

export const v1: Version = {
  name: "v1",
  build(tools) {
    const mcp = new McpServer1(INFO, CAPABILITIES);
    const { server } = mcp;
    for (const [name, run] of Object.entries(tools)) {
      mcp.registerTool(
        name,
        { description: name, inputSchema: { text: z.string().default("") } },
        async ({ text }, extra) =>
          content(
            await run({
              text,
              id: extra.requestId,
              sessionId: extra.sessionId,
              signal: extra.signal,
              progressToken: extra._meta?.progressToken,
              authInfo: extra.authInfo,
              header: (field) => extra.requestInfo?.headers[field] as string | undefined,
              url: String(extra.requestInfo?.url),
              closeSSEStream: extra.closeSSEStream,
              closeStandaloneSSEStream: extra.closeStandaloneSSEStream,
              notify: (method, params) => extra.sendNotification({ method, params } as never),
              log: (data) => mcp.sendLoggingMessage({ level: "info", data }, extra.sessionId),
              askRelated: async (message, options) =>
                textOf(
                  await extra.sendRequest(
                    { method: "elicitation/create", params: { message, requestedSchema } },
                    ElicitResultSchema,
                    options,
                  ),
                ),
              ask: async (message, options) =>
                textOf(await server.elicitInput({ message, requestedSchema }, options)),
              sample: async (prompt) => sampled(await server.createMessage(sampling(prompt))),
              visit: (url) => {
                throw new UrlRequired1([elicitation(url)]);
              },
              close: () => mcp.close(),
            }),
          ),
      );
    }
    return Object.assign(mcp, {
      capabilities: () => server.getClientCapabilities(),
      onInitialized: (fn: () => void) => void (server.oninitialized = fn),
      onClose: (fn: () => void) => void (server.onclose = fn),
      log: (data: string) => mcp.sendLoggingMessage({ level: "info", data }),
      roots: () => server.listRoots(),
    });
  },
};

export const v2: Version = {
  name: "v2",
  build(tools) {
    const mcp = new McpServer2(INFO, CAPABILITIES);
    const { server } = mcp;
    for (const [name, run] of Object.entries(tools)) {
      mcp.registerTool(
        name,
        { description: name, inputSchema: z.object({ text: z.string().default("") }) },
        async ({ text }, ctx) =>
          content(
            await run({
              text,
              id: ctx.mcpReq.id,
              sessionId: ctx.sessionId,
              signal: ctx.mcpReq.signal,
              progressToken: ctx.mcpReq._meta?.progressToken,
              authInfo: ctx.http?.authInfo,
              header: (field) => ctx.http?.req?.headers.get(field) ?? undefined,
              url: String(ctx.http?.req?.url),
              closeSSEStream: ctx.http?.closeSSE,
              closeStandaloneSSEStream: ctx.http?.closeStandaloneSSE,
              notify: (method, params) => ctx.mcpReq.notify({ method, params } as never),
              log: (data) => mcp.sendLoggingMessage({ level: "info", data }, ctx.sessionId),
              askRelated: async (message, options) =>
                textOf(
                  await ctx.mcpReq.send({
                    method: "elicitation/create",
                    params: { mode: "form", message, requestedSchema },
                  }, options as never) as { action: string },
                ),
              ask: async (message, options) =>
                textOf(await ctx.mcpReq.elicitInput({ message, requestedSchema }, options)),
              sample: async (prompt) => sampled(await ctx.mcpReq.requestSampling(sampling(prompt))),
              visit: (url) => {
                throw new UrlRequired2([elicitation(url)]);
              },
              close: () => mcp.close(),
            }),
          ),
      );
    }
    return Object.assign(mcp, {
      capabilities: () => server.getClientCapabilities(),
      onInitialized: (fn: () => void) => void (server.oninitialized = fn),
      onClose: (fn: () => void) => void (server.onclose = fn),
      log: (data: string) => mcp.sendLoggingMessage({ level: "info", data }),
      roots: () => server.listRoots(),
    });
  },
};

/** Both. */
export const versions: readonly Version[] = [v1, v2];
