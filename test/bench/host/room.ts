/** A handler in whose engine is done what the growths measure. */
import type * as Library from "../../../core/engine/mod.ts";
import type { Exchange, McpHandler, McpOptions, Reply } from "../../../core/engine/mod.ts";
import { echoResult } from "../contenders/contender.ts";
import { CALL, INITIALIZE, LISTEN, MODERN_CALL, type Request } from "../load/requests.ts";
import { bodyOf, headOf } from "./plain.ts";

/** Room for all of it. */
export const LIMITS = {
  ...{ sessions: 2_000_000, idleMs: 3_600_000, inFlight: 10_000, inFlightPerPrincipal: 10_000 },
  ...{ logEvents: 20_000, subscriptions: 20_000, subscriptionsPerPrincipal: 20_000 },
};

type StreamBody = Extract<Reply["body"], { open: unknown }>;

/** A handler with what goes on in it. */
export class Room {
  readonly mcp: McpHandler;
  #exchange: Exchange | undefined;
  #calls = 0;

  constructor({ createMcpHandler }: typeof Library, options: McpOptions) {
    this.mcp = createMcpHandler({
      serverInfo: { name: "bench", version: "1.0.0" },
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      request: ({ params }, exchange) => {
        const { name, arguments: given } = params as { name: string; arguments: { text: string } };
        if (name !== "endless") return echoResult(given.text);
        this.#exchange = exchange;
        return new Promise(() => {});
      },
      subscribed: (session, uri) => session === uri,
    }, { keepAliveMs: 0, limits: LIMITS, ...options });
  }

  async post({ method, headers, body }: Request, session = ""): Promise<Reply> {
    const text = body.replaceAll("{id}", String(++this.#calls));
    const reply = await this.mcp.handle(headOf({ method, headers }, session), bodyOf(text));
    if (reply.status >= 300) throw new Error(`${method} answered ${reply.status}: ${reply.body}`);
    return reply;
  }

  /** Opens a session whose client is ready. */
  async open(): Promise<string> {
    const { headers } = await this.post(INITIALIZE);
    const id = headers["mcp-session-id"]!;
    await this.post({ ...CALL, body: INITIALIZED }, id);
    return id;
  }

  async sessions(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await this.open());
    return ids;
  }

  /** Sessions with an open stream each. */
  async listening(count: number): Promise<string[]> {
    const ids = await this.sessions(count);
    for (const id of ids) await this.listen(id);
    return ids;
  }

  call(session: string): Promise<Reply> {
    return this.post(CALL, session);
  }

  async end(session: string): Promise<void> {
    await this.post({ ...LISTEN, method: "DELETE" }, session);
  }

  async listen(session: string, lastEventId?: string): Promise<StreamBody> {
    const headers = lastEventId === undefined
      ? LISTEN.headers
      : { ...LISTEN.headers, "Last-Event-ID": lastEventId };
    return opened(await this.post({ ...LISTEN, headers }, session), () => {});
  }

  async tell(session: string): Promise<void> {
    (await this.mcp.sessions.get(session))!.notify("notifications/message", { data: "hello" });
  }

  /** Subscriptions to a resource each. */
  async subscribing(count: number): Promise<string[]> {
    const uris = Array.from({ length: count }, (_, i) => `test://${i}`);
    for (const uri of uris) opened(await this.post(listenFor(uri)), () => {});
    return uris;
  }

  /** A call that does not end, and whose client reads all it says. */
  async endless(session: string): Promise<Endless> {
    const posted = this.post({ ...CALL, body: ENDLESS }, session);
    while (this.#exchange === undefined) await Promise.resolve();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange.progress(0);
    const call = new Endless(exchange);
    opened(await posted, (text) => call.read(text));
    return call;
  }
}

/** A call that does not end. */
class Endless {
  readonly exchange: Exchange;
  #last = "";

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  read(text: string): void {
    this.#last = text;
  }

  progress(step: number): void {
    this.exchange.progress(step);
  }

  ask(): Promise<unknown> {
    return this.exchange.request("roots/list", {}, { timeoutMs: Infinity });
  }

  lastEventId(): string {
    return this.#last.match(/^id: .+$/gm)!.at(-1)!.slice("id: ".length);
  }

  lastMessage(): { readonly id: string | number } {
    return JSON.parse(this.#last.match(/^data: .+$/gm)!.at(-1)!.slice("data: ".length));
  }
}

const INITIALIZED = JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" });

const ENDLESS = JSON.stringify({
  jsonrpc: "2.0",
  id: "{id}",
  method: "tools/call",
  params: { name: "endless", _meta: { progressToken: 1 } },
});

/** The answer of a client to what it was asked. */
export function answerTo({ id }: { readonly id: string | number }): Request {
  return { ...CALL, body: JSON.stringify({ jsonrpc: "2.0", id, result: { roots: [] } }) };
}

function listenFor(uri: string): Request {
  const { id, params: { _meta } } = JSON.parse(MODERN_CALL.body.replace("{id}", '"{id}"'));
  const notifications = { toolsListChanged: true, resourceSubscriptions: [uri] };
  const method = "subscriptions/listen";
  const { "Mcp-Name": _, ...headers } = MODERN_CALL.headers;
  return {
    method: "POST",
    headers: { ...headers, "Mcp-Method": method },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { notifications, _meta } }),
  };
}

/** Opens the body of an answer that goes on. */
function opened({ body }: Reply, read: (text: string) => void): StreamBody {
  if (body === null || typeof body === "string" || body instanceof Response) {
    throw new Error(`not a stream: ${body}`);
  }
  const write = (text: string): boolean => {
    read(text);
    return true;
  };
  body.open({ write, end() {}, abort() {} });
  return body;
}
