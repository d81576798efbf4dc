/**
 * Serves servers of the official SDK, v1 (`@modelcontextprotocol/sdk`) and v2 (`@modelcontextprotocol/server`), with
 * this library's sessions. It imports neither: the library takes the place of the SDK's HTTP transport.
 *
 * @module
 */

import type { Application } from "../../core/engine/application.ts";
import { shown } from "../../core/engine/errors.ts";
import type { Exchange, SessionHandle } from "../../core/engine/exchange.ts";
import type { Change } from "../../core/engine/modern/subscriptions.ts";
import {
  accept,
  fetching,
  finite,
  type ReadersOf,
  readOnly,
} from "../../core/engine/options/readers.ts";
import type { Eras } from "../../core/inbound/head.ts";
import type { JsonObject, RpcNotification, RpcRequest } from "../../core/protocol/json_rpc.ts";
import { type CallContext, callContext } from "./call_context.ts";
import { ExchangeExtra } from "./sdk_extra.ts";
import { Link, type LinkedCall } from "./sdk_link.ts";
import type { SdkOptions, SdkServerFactory } from "./sdk_options.ts";
import type { SdkModernHandler } from "./sdk_types.ts";

export type { SdkContext, SdkOptions, SdkServerFactory } from "./sdk_options.ts";
export type { SdkModernHandler, SdkSendOptions, SdkServer, SdkTransport } from "./sdk_types.ts";

const OPTIONS = {
  retryMs: finite(0, 1_000),
  modern: fetching<SdkModernHandler>,
} satisfies ReadersOf<SdkOptions>;

/**
 * Makes an application for `createMcpHandler` of servers of the official SDK: one server object for each session, which
 * is closed when its session ends, for whatever reason, and when the handler closes. A request without a session has
 * one of its own. Where the process that had a session's object is gone (a restart, another node), a new one is made
 * and the stored handshake replayed.
 *
 * What a server sends in answer to a call goes on that call's stream: what names the call by `relatedRequestId`, and,
 * where the runtime has `AsyncLocalStorage`, also what a handler asks of the client without naming it. Everything else
 * goes on the session's standalone stream, and waits there for a reader. A server that closes itself ends its session.
 *
 * @param factory Makes a server object, not yet connected; a new one each time. What it throws is answered with -32603
 * and told as an `application-error` event.
 * @throws {OptionError} The factory is not a function, such as a server itself, or an option has a value that it cannot
 * have.
 *
 * @example
 * ```ts
 * import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
 * import { createMcpHandler } from "mcp-session";
 * import { serve } from "mcp-session/node";
 * import { sdkServer } from "mcp-session/sdk";
 *
 * function buildServer(): McpServer {
 *   const server = new McpServer({ name: "greeter", version: "1.0.0" });
 *   server.registerTool("greet", {}, () => ({ content: [{ type: "text", text: "Hello" }] }));
 *   return server;
 * }
 * const { url } = await serve(createMcpHandler(sdkServer(buildServer)), { port: 3000 });
 * console.log(`MCP on ${url}`);
 * ```
 */
export function sdkServer(factory: SdkServerFactory, options: SdkOptions = {}): Application {
  accept(
    "factory",
    factory,
    typeof factory === "function",
    "is not a function that makes a server: each session needs one of its own",
  );
  const { retryMs, modern } = readOnly(OPTIONS, options);
  return new SdkApplication(factory, retryMs, modern);
}

/** Told by the signal of what is cancelled, and by the request that the progress is of. */
const OWN_WAYS: ReadonlySet<string> = new Set([
  "notifications/cancelled",
  "notifications/progress",
]);

const INITIALIZED: RpcNotification = { jsonrpc: "2.0", method: "notifications/initialized" };

class SdkApplication implements Application {
  readonly #factory: SdkServerFactory;
  readonly #retryMs: number;
  readonly #context: CallContext<LinkedCall> = callContext();
  readonly #sessions = new Map<string, Link | Promise<Link>>();
  /** Those of requests without a session, and those that a session is not yet known by. */
  readonly #unbound = new Set<Link>();
  readonly eras: Eras;
  readonly modern?: SdkModernHandler;
  #closed = false;

  constructor(factory: SdkServerFactory, retryMs: number, modern: SdkModernHandler | undefined) {
    this.#factory = factory;
    this.#retryMs = retryMs;
    this.eras = modern === undefined ? "legacy" : "both";
    if (modern !== undefined) this.modern = modern;
  }

  async initialize({ params }: RpcRequest, exchange: Exchange): Promise<JsonObject> {
    const { session } = exchange;
    const link = await this.#connect(exchange, false);
    const result = await this.#handshake(link, params, exchange);
    if (session === undefined) await discard(link);
    else await this.#bind(session, link);
    return result;
  }

  async request(request: RpcRequest, exchange: Exchange): Promise<object | undefined> {
    const { session } = exchange;
    if (session === undefined) return this.#once(request, exchange);
    const found = this.#find(session, exchange);
    const link = found instanceof Promise ? await found : found;
    this.#used(link, session, exchange);
    const result = await link.request(request, exchange, this.#extra(exchange));
    const uri = request.params?.uri;
    if (result !== undefined && typeof uri === "string") {
      if (request.method === "resources/subscribe") link.subscriptions.add(uri);
      else if (request.method === "resources/unsubscribe") link.subscriptions.delete(uri);
    }
    return result;
  }

  async notification(notification: RpcNotification, exchange: Exchange): Promise<void> {
    // Both find the server that they are for by themselves, on whichever node it is.
    if (OWN_WAYS.has(notification.method)) return;
    const { session } = exchange;
    if (session === undefined) {
      const link = await this.#connect(exchange, false);
      link.notify(notification, this.#extra(exchange));
      return link.end();
    }
    const found = this.#find(session, exchange);
    const link = found instanceof Promise ? await found : found;
    if (notification.method !== "notifications/initialized") this.#used(link, session, exchange);
    link.notify(notification, this.#extra(exchange));
  }

  async ended(sessionId: string): Promise<void> {
    const link = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    await (await built(link))?.end();
  }

  *holds(): Iterable<string> {
    for (const [id, link] of [...this.#sessions]) {
      if (!(link instanceof Link) || this.#sessions.get(id) !== link) continue;
      // Whoever takes only some of them gets the others the next time.
      this.#sessions.delete(id);
      this.#sessions.set(id, link);
      yield id;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    // One that is being built is closed once it is there, by whoever builds it: that may never be.
    const links = [...this.#unbound, ...this.#sessions.values()];
    this.#sessions.clear();
    const ends = links.map((link) => link instanceof Link ? link.end() : undefined);
    const all = [this.modern?.close?.(), ...ends];
    // Where one fails, that is told once all are done.
    await Promise.allSettled(all);
    await Promise.all(all);
  }

  changed(change: Change): void {
    const notify = this.modern?.notify;
    if ("updated" in change) notify?.resourceUpdated(change.updated);
    else if (change.changed === "tools") notify?.toolsChanged();
    else if (change.changed === "prompts") notify?.promptsChanged();
    else notify?.resourcesChanged();
  }

  subscribed(sessionId: string, uri: string): boolean {
    const link = this.#sessions.get(sessionId);
    return link instanceof Link && link.subscriptions.has(uri);
  }

  #find(session: SessionHandle, exchange: Exchange): Link | Promise<Link> {
    const { id } = session;
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const rebuilding = this.#rebuild(session, exchange).then(
      async (link) => {
        if (this.#sessions.get(id) === rebuilding) await this.#bind(session, link);
        return link;
      },
      (error) => {
        if (this.#sessions.get(id) === rebuilding) this.#sessions.delete(id);
        throw error;
      },
    );
    this.#sessions.set(id, rebuilding);
    return rebuilding;
  }

  async #bind(session: SessionHandle, link: Link): Promise<void> {
    this.#sessions.set(session.id, link);
    this.#unbound.delete(link);
    // The server has closed itself since it answered.
    if (link.over) await this.#left(link, session);
  }

  async #rebuild(session: SessionHandle, exchange: Exchange): Promise<Link> {
    const link = await this.#connect(exchange, true);
    await this.#handshake(link, session.initialize, exchange);
    return link;
  }

  /**
   * A session's message comes to its server, which may have been told on another node that its client is initialized.
   */
  #used(link: Link, { ready }: SessionHandle, exchange: Exchange): void {
    if (ready && !link.initialized) link.notify(INITIALIZED, this.#extra(exchange));
  }

  async #handshake(
    link: Link,
    params: JsonObject | undefined,
    exchange: Exchange,
  ): Promise<JsonObject> {
    try {
      const result = await link.request(
        // The server has to settle on a revision that is served here; it may know older ones.
        { method: "initialize", params: { ...params, protocolVersion: exchange.version } },
        undefined,
        this.#extra(exchange),
      );
      if (link.over) throw new Error("the server closed itself on initialize");
      return result!;
    } catch (error) {
      await discard(link);
      throw error;
    }
  }

  async #once(request: RpcRequest, exchange: Exchange): Promise<object | undefined> {
    const link = await this.#connect(exchange, false);
    try {
      return await link.request(request, exchange, this.#extra(exchange));
    } finally {
      await discard(link);
    }
  }

  async #connect(exchange: Exchange, rebuilt: boolean): Promise<Link> {
    const { session, version, principal, authInfo } = exchange;
    const server = await this.#factory({
      sessionId: session?.id,
      version,
      principal,
      authInfo,
      initialize: session?.initialize,
      rebuilt,
    });
    if (typeof server?.connect !== "function") {
      throw new TypeError(`factory: gave ${shown(server)}, not a server of the SDK`);
    }
    const link = new Link(server, this.#context, session, (closed) => this.#left(closed, session));
    this.#unbound.add(link);
    if (this.#closed) {
      await link.end();
      throw new Error("the handler has closed");
    }
    try {
      await link.connect();
    } catch (error) {
      this.#unbound.delete(link);
      throw error;
    }
    return link;
  }

  async #left(link: Link, session: SessionHandle | undefined): Promise<void> {
    this.#unbound.delete(link);
    // Still known here: the server has closed itself.
    if (session === undefined || this.#sessions.get(session.id) !== link) return;
    this.#sessions.delete(session.id);
    await session.end();
  }

  #extra(exchange: Exchange): ExchangeExtra {
    return new ExchangeExtra(exchange, this.#retryMs);
  }
}

/** Closes a server that has done its work, or failed at it: where it fails to close, that changes no answer. */
async function discard(link: Link): Promise<void> {
  try {
    await link.end();
  } catch (error) {
    console.error("mcp-session: the SDK's server failed to close", error);
  }
}

/** A link once it is there; undefined where there is none, or building it failed, of which its callers are told. */
async function built(link: Link | Promise<Link> | undefined): Promise<Link | undefined> {
  try {
    return await link;
  } catch {
    return undefined;
  }
}
