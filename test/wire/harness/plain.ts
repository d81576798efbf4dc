/** The tools of the SDK tests on plain functions, in the place of an SDK server. */
import type { Application, Exchange, JsonObject } from "../../../core/engine/mod.ts";
import type { ToolCall, Tools } from "../../engine/sdk/servers.ts";

const requestedSchema = { type: "object", properties: { answer: { type: "string" } } };

/** An application with these tools. */
export function plain(tools: Tools): Application {
  return {
    serverInfo: { name: "plain", version: "1" },
    capabilities: { tools: {}, logging: {} },
    async request({ method, params = {} }, exchange) {
      if (method === "tools/list") {
        return { tools: Object.keys(tools).map((name) => ({ name, inputSchema: SCHEMA })) };
      }
      if (method === "logging/setLevel") return {};
      const run = tools[params.name as string];
      if (method !== "tools/call" || run === undefined) return undefined;
      return { content: [{ type: "text", text: await run(toolCall(params, exchange)) }] };
    },
  };
}

const SCHEMA = { type: "object", properties: { text: { type: "string" } } };

function toolCall(params: JsonObject, exchange: Exchange): ToolCall {
  const { head, session } = exchange;
  const ask = async (message: string): Promise<string> => {
    const { content } = await exchange.elicit({ message, requestedSchema });
    return (content as { answer: string }).answer;
  };
  return {
    text: (params.arguments as { text?: string })?.text ?? "",
    id: exchange.id!,
    sessionId: session?.id,
    signal: exchange.signal,
    progressToken: (params._meta as { progressToken?: string } | undefined)?.progressToken,
    authInfo: exchange.authInfo,
    header: (name) => head.headers.get(name) ?? undefined,
    url: head.url,
    closeSSEStream: () => exchange.closeStream(),
    closeStandaloneSSEStream: () => session?.closeStream(),
    notify: (method, params) => Promise.resolve(exchange.notify(method, params)),
    log: (data) =>
      Promise.resolve(session!.notify("notifications/message", { level: "info", data })),
    ask,
    askRelated: ask,
    sample: async (text) => {
      const messages = [{ role: "user", content: { type: "text", text } }];
      const { content } = await exchange.sample({ messages, maxTokens: 10 });
      return (content as { text: string }).text;
    },
    visit: (url) => {
      throw new TypeError(`no test sends a client to ${url} here`);
    },
    close: async () => void await session!.end(),
  };
}
