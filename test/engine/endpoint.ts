import assert from "node:assert/strict";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import {
  type Application,
  createMcpHandler,
  type HandlerEvent,
  type McpHandler,
  type McpOptions,
} from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { type Scope, type World, WORLDS } from "./worlds.ts";

export const NEWEST = "2025-11-25";

/** What a request of these tests may say. */
export interface Sent {
  readonly session?: string | undefined;
  /** Sent as a bearer token; the endpoint's `authenticate` takes it for the principal. */
  readonly principal?: string;
  readonly accept?: string;
  readonly lastEventId?: string;
  readonly fields?: { readonly [name: string]: string };
}

/** An endpoint in this process, its time and what it tells its operator. */
export class Endpoint {
  readonly handler: McpHandler;
  readonly clock: FakeClock;
  readonly events: HandlerEvent[] = [];
  readonly world: World;
  #ids = 0;

  constructor(
    scope: Scope,
    application: Partial<Application> = {},
    options: McpOptions = {},
    world: World = WORLDS[0]!(),
    clock: FakeClock = new FakeClock(),
  ) {
    this.world = world;
    this.clock = clock;
    this.handler = createMcpHandler({
      serverInfo: { name: "test", version: "1" },
      request: ({ method }) => method === "unknown" ? undefined : { method },
      ...application,
    }, {
      backend: world.backend,
      clock,
      authenticate: ({ headers }) => headers.get("authorization")?.slice("Bearer ".length),
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    scope.after(() => this.handler.close({ within: 0 }));
  }

  /** Sends any message, or text as it is. */
  post(message: object | string, sent: Sent = {}): Promise<Response> {
    return this.#send(
      "POST",
      sent,
      typeof message === "string" ? message : JSON.stringify(message),
    );
  }

  /** Sends a request with an id of its own. */
  call(method: string, sent: Sent = {}, params?: object): Promise<Response> {
    return this.post(request(++this.#ids, method, params), sent);
  }

  get(sent: Sent = {}): Promise<Response> {
    return this.#send("GET", { accept: "text/event-stream", ...sent });
  }

  delete(sent: Sent = {}): Promise<Response> {
    return this.#send("DELETE", sent);
  }

  /** Opens a session; its id. Ready, unless told otherwise. */
  async open(
    sent: Sent = {},
    { version = NEWEST, ready = true }: { version?: string; ready?: boolean } = {},
  ): Promise<string> {
    const answer = await this.post(initialize(version), sent);
    assert.equal(answer.status, 200, await answer.clone().text());
    const session = answer.headers.get("mcp-session-id");
    assert.ok(session !== null);
    await answer.body?.cancel();
    if (ready) {
      const { status } = await this.post(notification("notifications/initialized"), {
        ...sent,
        session,
      });
      assert.equal(status, 202);
    }
    return session;
  }

  /** Lets time pass; what is due happens to its end. */
  async pass(ms: number): Promise<void> {
    await this.world.quiet();
    await this.clock.passing(ms, () => this.world.quiet());
    await this.world.quiet();
  }

  /** The events of one type, in order. */
  told<Type extends HandlerEvent["type"]>(type: Type): Extract<HandlerEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<HandlerEvent, { type: Type }> =>
      event.type === type
    );
  }

  /** Why each session ended, in order. */
  get endings(): readonly string[] {
    return this.told("session-ended").map(({ reason }) => reason);
  }

  #send(method: string, sent: Sent, body?: string): Promise<Response> {
    const headers = new Headers({ accept: sent.accept ?? "application/json, text/event-stream" });
    if (body !== undefined) headers.set("content-type", "application/json");
    if (sent.session !== undefined) headers.set("mcp-session-id", sent.session);
    if (sent.principal !== undefined) headers.set("authorization", `Bearer ${sent.principal}`);
    if (sent.lastEventId !== undefined) headers.set("last-event-id", sent.lastEventId);
    for (const [name, value] of Object.entries(sent.fields ?? {})) headers.set(name, value);
    return this.handler.fetch(
      new Request("http://localhost/mcp", {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      }),
    );
  }
}

/** Reads an answer as an event stream. */
export class Events {
  /** The id of the last event that had one. */
  lastId: string | undefined;
  #text = "";
  readonly #events: EventSourceMessage[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({ onEvent: (event) => void this.#events.push(event) });

  constructor(answer: Response) {
    assert.equal(answer.headers.get("content-type"), "text/event-stream");
    assert.equal(answer.status, 200);
    this.#reader = answer.body!.getReader();
  }

  /** Everything that was written so far. */
  get text(): string {
    return this.#text;
  }

  /** The next event, priming events included; undefined at the end. */
  async event(): Promise<EventSourceMessage | undefined> {
    while (this.#events.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      const text = this.#decoder.decode(value, { stream: true });
      this.#text += text;
      this.#parser.feed(text);
    }
    const event = this.#events.shift()!;
    if (event.id !== undefined) this.lastId = event.id;
    return event;
  }

  /** The next message; undefined at the end. */
  // deno-lint-ignore no-explicit-any -- what is read is looked at by the tests
  async next(): Promise<any> {
    for (let one = await this.event(); one !== undefined; one = await this.event()) {
      if (one.data !== "") return JSON.parse(one.data);
    }
    return undefined;
  }

  /** Every message up to the end. */
  // deno-lint-ignore no-explicit-any -- what is read is looked at by the tests
  async rest(): Promise<any[]> {
    const all = [];
    for (let one = await this.next(); one !== undefined; one = await this.next()) all.push(one);
    return all;
  }

  /** Leaves, as a client does whose connection breaks. */
  async cut(): Promise<void> {
    await this.#reader.cancel();
  }
}

export function request(id: string | number, method: string, params?: object): object {
  return { jsonrpc: "2.0", id, method, params };
}

export function notification(method: string, params?: object): object {
  return { jsonrpc: "2.0", method, params };
}

export function initialize(version: string = NEWEST): object {
  return request(0, "initialize", { protocolVersion: version, capabilities: {}, clientInfo: {} });
}

/** The refusal that an answer is: status, code, message. */
export async function refusal(
  answer: Response,
): Promise<{ status: number; code: number; message: string; id: unknown; retry: boolean }> {
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("mcp-session-id"), null);
  const { id, error } = await answer.json();
  const retry = answer.headers.has("retry-after");
  return { status: answer.status, code: error.code, message: error.message, id, retry };
}

/** A promise and what settles it. */
export function gate<T = void>(): {
  readonly opened: Promise<T>;
  readonly open: (value: T) => void;
} {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}
