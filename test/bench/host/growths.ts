/** What is done among few and among many, and how many those are. */
import type * as Library from "../../../core/engine/mod.ts";
import type {
  BodyReader,
  Exchange,
  McpHandler,
  McpOptions,
  Reply,
} from "../../../core/engine/mod.ts";
import { echoResult } from "../contenders/contender.ts";
import { CALL, INITIALIZE, LISTEN, MODERN_CALL, type Request } from "../load/requests.ts";

/** One thing, done among more and more of another. */
export interface Growth {
  readonly what: string;
  readonly among: string;
  readonly few: number;
  readonly many: number;
  /** It is done to each of them, and measured by each. */
  readonly each?: true;
  /** Makes so many of them, and what is done among them. */
  prepare(count: number): Promise<() => unknown>;
}

/** Room for all of it. */
const LIMITS = {
  ...{ sessions: 2_000_000, idleMs: 3_600_000, inFlight: 10_000, inFlightPerPrincipal: 10_000 },
  ...{ logEvents: 20_000, subscriptions: 20_000, subscriptionsPerPrincipal: 20_000 },
};

export function growths(library: typeof Library): readonly Growth[] {
  const room = (options: McpOptions = {}): Room => new Room(library, options);
  const sessions = { among: "sessions", few: 1_000, many: 1_000_000 };
  const streams = { among: "open streams", few: 100, many: 10_000 };
  const subscriptions = { among: "subscriptions", few: 100, many: 10_000 };
  const events = { among: "events of its stream", few: 100, many: 10_000 };
  return [
    {
      what: "for comparison, a look-up in a `Map`",
      among: "names",
      few: 1_000,
      many: 1_000_000,
      prepare(count) {
        const names = Array.from({ length: count }, (_, i) => `a name of 24 characters ${i}`);
        const kept = new Map(names.map((name) => [name, { name }]));
        return Promise.resolve(() => kept.get(any(names))!.name);
      },
    },
    {
      what: "a call",
      ...sessions,
      async prepare(count) {
        const here = room();
        const ids = await here.sessions(count);
        return () => here.call(any(ids));
      },
    },
    {
      what: "`initialize`",
      ...sessions,
      async prepare(count) {
        const here = room();
        await here.sessions(count);
        return async () => here.end(await here.open());
      },
    },
    {
      what: "`initialize` where another session has to give way",
      ...sessions,
      async prepare(count) {
        const here = room({ limits: { ...LIMITS, sessions: count } });
        await here.sessions(count);
        return () => here.open();
      },
    },
    {
      what: "a stream, opened and closed",
      ...sessions,
      async prepare(count) {
        const here = room();
        const ids = await here.sessions(count);
        return async () => (await here.listen(any(ids))).cancelled();
      },
    },
    {
      what: "`stats()`",
      ...sessions,
      async prepare(count) {
        const here = room();
        await here.sessions(count);
        return () => here.mcp.stats();
      },
    },
    {
      what: "a call",
      ...streams,
      async prepare(count) {
        const here = room();
        const ids = await here.listening(count);
        return () => here.call(any(ids));
      },
    },
    {
      what: "a further stream, opened and closed",
      ...streams,
      async prepare(count) {
        const here = room();
        await here.listening(count);
        const ids = await here.sessions(1_000);
        return async () => (await here.listen(any(ids))).cancelled();
      },
    },
    {
      what: "a message to one of them",
      ...streams,
      async prepare(count) {
        const here = room();
        const ids = await here.listening(count);
        return () => here.tell(any(ids));
      },
    },
    {
      what: "an update that one of them asked for",
      ...streams,
      async prepare(count) {
        const here = room();
        const ids = await here.listening(count);
        return () => here.mcp.notify.resourceUpdated(any(ids));
      },
    },
    {
      what: "a change, told to each of them",
      ...streams,
      each: true,
      async prepare(count) {
        const here = room();
        await here.listening(count);
        return () => here.mcp.notify.toolsListChanged();
      },
    },
    {
      what: "a call of 2026-07-28",
      ...subscriptions,
      async prepare(count) {
        const here = room();
        for (let i = 0; i < count; i++) await here.subscribe(`test://${i}`);
        return () => here.post(MODERN_CALL);
      },
    },
    {
      what: "an update that one of them asked for",
      ...subscriptions,
      async prepare(count) {
        const here = room();
        for (let i = 0; i < count; i++) await here.subscribe(`test://${i}`);
        return () => here.mcp.notify.resourceUpdated(`test://${Math.floor(Math.random() * count)}`);
      },
    },
    {
      what: "a change, told to each of them",
      ...subscriptions,
      each: true,
      async prepare(count) {
        const here = room();
        for (let i = 0; i < count; i++) await here.subscribe(`test://${i}`);
        return () => here.mcp.notify.toolsListChanged();
      },
    },
    {
      what: "a further event of a call, read by its client",
      ...events,
      async prepare(count) {
        const here = room();
        const call = await here.endless(await here.open());
        for (let i = 0; i < count; i++) call.progress(i);
        return () => call.progress(count);
      },
    },
    {
      what: "the same where the oldest has to give way",
      ...events,
      async prepare(count) {
        const here = room({ limits: { ...LIMITS, logEvents: count } });
        const call = await here.endless(await here.open());
        for (let i = 0; i <= count; i++) call.progress(i);
        return () => call.progress(count);
      },
    },
    {
      what: "resuming it before its last event",
      ...events,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        const call = await here.endless(id);
        for (let i = 0; i < count; i++) call.progress(i);
        return async () => (await here.listen(id, call.lastEventId())).cancelled();
      },
    },
    {
      what: "resuming it from its beginning, by event",
      ...events,
      each: true,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        const call = await here.endless(id);
        const first = call.lastEventId();
        for (let i = 0; i < count; i++) call.progress(i);
        return async () => (await here.listen(id, first)).cancelled();
      },
    },
    {
      what: "a call, answered as an event stream",
      among: "streams that its session keeps",
      few: 10,
      many: 10_000,
      async prepare(count) {
        const here = room({ response: "sse" });
        const id = await here.open();
        for (let i = 0; i < count; i++) await here.call(id);
        return () => here.call(id);
      },
    },
    {
      what: "a call",
      among: "calls in flight in its session",
      few: 10,
      many: 1_000,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        for (let i = 0; i < count; i++) await here.endless(id);
        return () => here.call(id);
      },
    },
    {
      what: "a question to the client, and its answer",
      among: "questions that wait",
      few: 10,
      many: 1_000,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        for (let i = 0; i < count; i++) (await here.endless(id)).ask();
        const call = await here.endless(id);
        return async () => {
          const asked = call.ask();
          await here.post(answerTo(call.lastMessage()), id);
          await asked;
        };
      },
    },
    {
      what: "a handle, resolved",
      among: "handles",
      few: 100,
      many: 100_000,
      async prepare(count) {
        const here = room();
        const { exchange: { handles } } = await here.endless(await here.open());
        const minted: string[] = [];
        for (let i = 0; i < count; i++) minted.push(await handles.mint(i));
        return () => handles.resolve(any(minted));
      },
    },
    {
      what: "a call of 2026-07-28",
      among: "principals",
      few: 10,
      many: 100_000,
      async prepare(count) {
        const here = room({ authenticate: () => `p${Math.floor(Math.random() * count)}` });
        for (let i = 0; i < 2 * count; i++) await here.post(MODERN_CALL);
        return () => here.post(MODERN_CALL);
      },
    },
  ];
}

type StreamBody = Extract<Reply["body"], { open: unknown }>;

/** A handler with what goes on in it. */
class Room {
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
    const reply = await this.mcp.handle(headOf(method, headers, session), bodyOf(text));
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

  async subscribe(uri: string): Promise<void> {
    opened(await this.post(listenFor(uri)), () => {});
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

function answerTo({ id }: { readonly id: string | number }): Request {
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

function headOf(
  method: string,
  fields: Readonly<Record<string, string>>,
  session: string,
): Parameters<McpHandler["handle"]>[0] {
  const read = new Map([["host", "127.0.0.1"]]);
  for (const [name, value] of Object.entries(fields)) {
    read.set(name.toLowerCase(), value.replace("{session}", session));
  }
  const get = (name: string): string | null => read.get(name) ?? null;
  return { method, url: "http://127.0.0.1/mcp", headers: { get } };
}

function bodyOf(text: string): BodyReader {
  return { text: () => Promise.resolve(text) };
}

function any<T>(of: readonly T[]): T {
  return of[Math.floor(Math.random() * of.length)]!;
}
