/** An endpoint in this process, spoken to in both eras. */
import assert from "node:assert/strict";
import {
  type Application,
  createMcpHandler,
  type HandlerEvent,
  type JsonObject,
  type McpHandler,
  type McpOptions,
} from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { type Differing, modern } from "../wire/harness/modern.ts";

/** An answer: what came over HTTP and the message in it. */
export interface Got {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- any JSON
  readonly json: any;
}

/** Who asks, and how the request differs. */
export interface As extends Differing {
  readonly principal?: string;
  /** Aborts when the client leaves before it has its answer. */
  readonly signal?: AbortSignal;
}

/** A handler, its time, and what it tells its operator. */
export class ModernEndpoint {
  readonly handler: McpHandler;
  readonly clock: FakeClock;
  readonly events: HandlerEvent[] = [];

  constructor(
    scope: { after(fn: () => Promise<void>): void },
    application: Partial<Application>,
    options: McpOptions = {},
    clock: FakeClock = new FakeClock(),
  ) {
    this.clock = clock;
    this.handler = createMcpHandler({
      serverInfo: { name: "test", version: "1" },
      request: () => ({}),
      ...application,
    }, {
      clock,
      authenticate: ({ headers }) => headers.get("authorization") ?? undefined,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    scope.after(() => this.handler.close({ within: 0 }));
  }

  /** Sends a modern request; the head of its answer. */
  post(method: string, params: JsonObject = {}, as: As = {}): Promise<Response> {
    const { fields, body } = modern(method, params, as);
    const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
    if (as.principal !== undefined) headers.set("authorization", as.principal);
    const signal = as.signal ?? null;
    return this.handler.fetch(
      new Request("http://localhost/mcp", { method: "POST", headers, body, signal }),
    );
  }

  /** Sends a modern request whose answer is JSON. */
  async ask(method: string, params: JsonObject = {}, as: As = {}): Promise<Got> {
    const answer = await this.post(method, params, as);
    assert.equal(answer.headers.get("content-type"), "application/json");
    return { status: answer.status, json: await answer.json() };
  }

  /** Calls a tool. */
  call(name: string, args: JsonObject = {}, as: As = {}, more: JsonObject = {}): Promise<Got> {
    return this.ask("tools/call", { name, arguments: args, ...more }, as);
  }
}
