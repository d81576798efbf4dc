/**
 * An old and a new client of the shop, in as few lines as show the difference: the old one shakes hands, keeps
 * a session and is asked in the middle of a call; the new one says everything in every request and sends a call
 * again when it was asked something.
 *
 * @module
 */

type Json = { readonly [key: string]: unknown };

/** What a tool answered. */
export interface Answer {
  readonly text: string;
  /** The basket that it was about, where it says so. */
  readonly basket: string | undefined;
}

/** A client that calls tools. */
export interface Client {
  call(tool: string, given?: Json): Promise<Answer>;
  /** It needs the shop no more. */
  leave(): Promise<void>;
}

/** What the user fills into a form. */
export type User = (question: string) => Json;

const TYPES = {
  "content-type": "application/json",
  "accept": "application/json, text/event-stream",
};

/** A client of 2025-11-25. */
export async function oldClient(url: URL, user: User): Promise<Client> {
  let ids = 0;
  let session: { [name: string]: string } = {};
  const post = (message: Json): Promise<Response> =>
    send(url, { ...session }, { jsonrpc: "2.0", ...message });
  const opened = await post({
    id: ids++,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "old", version: "1.0.0" },
    },
  });
  await opened.body?.cancel();
  session = {
    "mcp-session-id": opened.headers.get("mcp-session-id")!,
    "mcp-protocol-version": "2025-11-25",
  };
  await post({ method: "notifications/initialized" });
  return {
    async call(name, given = {}) {
      const id = ids++;
      const params = { name, arguments: given };
      for await (const message of messagesOf(await post({ id, method: "tools/call", params }))) {
        if (message["method"] === "elicitation/create") {
          // Asked while the call goes on; the answer is a POST of its own.
          const result = filledIn(message["params"] as Json, user);
          await post({ id: message["id"], result });
        } else if (message["id"] === id) return answerOf(message);
      }
      throw new Error("no answer");
    },
    async leave() {
      await fetch(url, { method: "DELETE", headers: session });
    },
  };
}

/** A client of 2026-07-28. */
export function newClient(url: URL, user: User): Client {
  let ids = 0;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "new", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
  };
  return {
    async call(name, given = {}) {
      let further: Json = {};
      for (;;) {
        const headers = {
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": "tools/call",
          "mcp-name": name,
        };
        const params = { name, arguments: given, ...further, _meta };
        const response = await send(url, headers, {
          jsonrpc: "2.0",
          id: ids++,
          method: "tools/call",
          params,
        });
        const message = await lastOf(response);
        const { resultType, inputRequests, requestState } = (message["result"] ?? {}) as Json;
        if (resultType !== "input_required") return answerOf(message);
        // The call is over; it is sent again with what was asked for.
        const asked = Object.entries(inputRequests as { [key: string]: { params: Json } });
        const inputResponses = Object.fromEntries(
          asked.map(([key, { params }]) => [key, filledIn(params, user)]),
        );
        further = { inputResponses, ...(requestState === undefined ? {} : { requestState }) };
      }
    },
    leave: () => Promise.resolve(),
  };
}

function send(url: URL, headers: { [name: string]: string }, message: Json): Promise<Response> {
  const body = JSON.stringify(message);
  return fetch(url, { method: "POST", headers: { ...TYPES, ...headers }, body });
}

/** The messages of an answer, one or an event stream of them. */
async function* messagesOf(response: Response): AsyncGenerator<Json> {
  if (response.headers.get("content-type") === "application/json") {
    yield await response.json() as Json;
    return;
  }
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const data = /^data: (.+)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}

async function lastOf(response: Response): Promise<Json> {
  let last: Json = {};
  for await (const message of messagesOf(response)) last = message;
  return last;
}

function filledIn({ message }: Json, user: User): Json {
  return { action: "accept", content: user(String(message)) };
}

function answerOf({ result, error }: Json): Answer {
  if (error !== undefined) throw new Error((error as { message: string }).message);
  const { content, structuredContent } = result as {
    content: readonly { text: string }[];
    structuredContent?: { basket: string };
  };
  return { text: content.map(({ text }) => text).join("\n"), basket: structuredContent?.basket };
}
