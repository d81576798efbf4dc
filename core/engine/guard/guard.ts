/**
 * The session lifecycle around any handler, whatever its bodies are.
 *
 * @module
 */

import { type HeadFacts, readHead, type RequestHead } from "../../inbound/head.ts";
import { SESSION_ID_RULE } from "../../inbound/head_rules.ts";
import { firstRefusal } from "../../inbound/rule.ts";
import type { Rejection } from "../../outbound/rejections.ts";
import { ENDED } from "../../outbound/reply.ts";
import { isEventStream } from "../../protocol/media.ts";
import { decide, type SessionEvent, stateOf, type Transition } from "../../session/machine.ts";
import type { SessionRecord } from "../../session/record.ts";
import { backendFailed } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import { shown } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { Front, isCaller, type Trace } from "../front.ts";
import { mintNodeId, mintSessionId } from "../ids.ts";
import { readGuardOptions } from "../options/read_options.ts";
import { needed } from "../options/readers.ts";
import type { Awaitable } from "../ports.ts";
import { refusalOf } from "../refusal.ts";
import type { Outcome, Reply } from "../reply.ts";
import { Lifecycle } from "../sessions/lifecycle.ts";
import { named } from "../sessions/mint.ts";
import { findSession, ownOf } from "../sessions/session_of.ts";
import { answer, isResponse, toResponse } from "../web/response.ts";
import { exempt } from "../web/runtime.ts";
import { Ends, type Entered, type Entry, type GuardSession, HeldEntry } from "./entry.ts";
import type { GuardOptions } from "./guard_options.ts";
import { heldBody } from "./held_body.ts";

export type { Entry, GuardSession } from "./entry.ts";
export type { GuardLimits, GuardOptions } from "./guard_options.ts";

/** A Web-standard handler that is given the session as its second argument. */
export type GuardedHandler = (
  request: Request,
  session: GuardSession,
) => Response | Promise<Response>;

/**
 * The session lifecycle, to be put around handlers: what {@linkcode createSessions} makes. Around a listener for
 * `node:http`, put it with `guardListener` of `mcp-session/node`.
 */
export interface Sessions {
  /**
   * Wraps a Web-standard handler; give the result to `Deno.serve`, `Bun.serve` or any router.
   *
   * Its answer to the request that opens a session gets the session's id, if it is 2xx and the session could be stored;
   * otherwise nothing is opened. A response that is an event stream holds its session as long as it goes on, and ends
   * with it; any other holds it until the handler has returned. What the handler throws, or gives that is no
   * `Response`, is answered with 500 and told as an `application-error` event; nothing of it is sent.
   *
   * @throws {OptionError} The handler is not a function.
   */
  guard(handler: GuardedHandler): (request: Request, server?: unknown) => Promise<Response>;
  /**
   * Lets a request in, or gives the answer that refuses it: for runtimes without Web requests. `guardListener` uses it.
   */
  enter(head: RequestHead): Promise<Entry | Reply>;
  /** How many sessions are stored; some may have expired. Rejects with what the backend threw. */
  count(): Promise<number>;
  /** Ends a session, whoever owns it. False where there is none. Rejects with what the backend threw. */
  end(id: string): Promise<boolean>;
  /**
   * Refuses new sessions and every GET from now on (503 with `Retry-After`), ends the event streams that are open
   * and stops the housekeeping. Sessions stay in the backend; close that, if it needs it, afterwards.
   */
  close(): Promise<void>;
}

/**
 * Gives any handler the session lifecycle of MCP, whatever its bodies are. The opening request gets an id in
 * `Mcp-Session-Id`. Every other request needs it: 400 without one, 404 with one that is unknown, expired, ended or
 * another principal's. DELETE ends the session (2025-11-25, basic/transports, Session Management).
 *
 * @throws {OptionError} An option has a value that it cannot have, or is not known.
 *
 * @example
 * ```ts
 * import { createSessions } from "mcp-session";
 *
 * const sessions = createSessions({
 *   opens: ({ method, url }) => method === "POST" && new URL(url).pathname === "/mcp/init",
 * });
 * const handler = sessions.guard((_request, session) => Response.json({ hello: session.id }));
 * export default { fetch: handler }; // for deno serve and bun; or Deno.serve(handler)
 * ```
 */
export function createSessions(options: GuardOptions): Sessions {
  const guard = new Guard(options);
  return {
    guard(handler) {
      needed("handler", handler);
      return (request, server) => guard.serve(request, handler, server);
    },
    enter: (head) => guard.enter(head),
    count: async () => await guard.front.settings.backend.sessions.count(),
    end: (id) => guard.end(id),
    close: () => guard.close(),
  };
}

class Guard {
  readonly front: Front;
  readonly #lifecycle: Lifecycle;
  readonly #opens: (request: RequestHead) => boolean;
  readonly #ends = new Ends();

  constructor(options: GuardOptions) {
    const settings = readGuardOptions(options);
    this.front = new Front(settings);
    this.#opens = options.opens;
    this.#lifecycle = new Lifecycle(settings, mintNodeId(), {
      ended: (_id, _reason, live) => this.#ends.tell(live),
      cancelled: () => {},
      answered: () => {},
      changed: () => {},
      missed: () => {},
      renewed: () => {},
    });
  }

  async serve(request: Request, handler: GuardedHandler, server: unknown): Promise<Response> {
    const entry = await this.enter(request);
    if ("status" in entry) return answer(request, entry);
    let held = false;
    try {
      const response = await handler(request, entry.session);
      if (!isResponse(response)) {
        throw new TypeError(`the handler gave ${shown(response)}, not a Response`);
      }
      if (response.bodyUsed) throw new TypeError("the handler's response has been read already");
      // What is no response fails here, before anything is stored.
      const stream = isEventStream(response.headers.get("content-type")) && response.body !== null;
      const committed = await entry.commit(response.status);
      if ("status" in committed) {
        // It is not given: its source would go on for nobody.
        response.body?.cancel().catch(() => {/* somebody else reads it */});
        return answer(request, committed);
      }
      const body = stream ? heldBody(response, entry) : response;
      held = stream;
      if (held) exempt(server, request);
      // A copy costs, and some responses (a WebSocket's) cannot be copied.
      if (Object.keys(committed.add).length === 0) return body;
      return toResponse({ status: response.status, headers: committed.add, body });
    } catch (error) {
      return answer(request, entry.fail(error));
    } finally {
      if (!held) entry.leave();
    }
  }

  async enter(head: RequestHead): Promise<Entry | Reply> {
    // The body is not MCP's, so the version header says nothing here.
    const facts = readHead(head, "legacy");
    const trace = this.front.trace();
    try {
      const entered = await this.#enter(head, facts, trace);
      return "session" in entered ? entered : this.front.finish(facts, entered, trace);
    } catch (error) {
      backendFailed(this.front.settings, error);
      return this.front.finish(facts, { rule: "store-unavailable" }, trace);
    }
  }

  end(id: string): Promise<boolean> {
    return this.#lifecycle.endById(id);
  }

  async close(): Promise<void> {
    this.front.draining = true;
    this.#ends.tellAll();
    await this.#lifecycle.close();
  }

  async #enter(head: RequestHead, facts: HeadFacts, trace: Trace): Promise<Entry | Outcome> {
    const { front } = this;
    const { policy } = front.settings;
    const caller = await front.admit(head, facts, trace);
    if (!isCaller(caller)) return caller;
    const malformed = firstRefusal([SESSION_ID_RULE], facts, policy);
    if (malformed !== undefined) return malformed;
    const found = findSession(facts, this.#lifecycle, caller, policy);
    if (!(found instanceof Promise)) return this.#enterIn(found, head, facts, caller, trace);
    return this.#lifecycle.during(facts.sessionId!, found, (record, ended) => {
      return this.#enterIn(ended ? undefined : record, head, facts, caller, trace);
    });
  }

  // Held at once where it lives: to whoever waits for the look-up by a promise of its own, it could still end unheard.
  #enterIn(
    record: SessionRecord | undefined,
    head: RequestHead,
    facts: HeadFacts,
    caller: Caller,
    trace: Trace,
  ): Awaitable<Entry | Outcome> {
    const { front } = this;
    const { policy } = front.settings;
    const id = facts.sessionId;
    const given = { mode: policy.sessions, id, record, principal: caller.principal };
    let event: SessionEvent;
    try {
      event = this.#eventOf(head, record);
    } catch (error) {
      front.emit({ type: "application-error", method: "opens", error });
      return { rule: "internal-error" };
    }
    if (event === "initialize" && front.draining) return { rule: "draining" };
    const row = decide(stateOf(given, event), event, policy);
    const own = ownOf(row, record);
    trace.session = own?.id;
    switch (row.answer) {
      case "serve":
      case "stream":
        if (row.effects.includes("create")) return this.#opening(facts, caller, trace);
        return this.#using(row, own!, caller, facts, trace);
      case "ended":
        return this.#lifecycle.end(own!, "terminated").then((ended) =>
          ended ? ENDED : { rule: "session-not-found" }
        );
      default:
        return refusalOf(row.answer, facts.method);
    }
  }

  // What follows the opening request shows that the client has its id, as `initialized` does in MCP.
  #eventOf(head: RequestHead, record: SessionRecord | undefined): SessionEvent {
    if (head.method === "DELETE") return "terminate";
    const opens: unknown = this.#opens(head);
    // A promise would be true for every request.
    if (typeof opens !== "boolean") {
      throw new TypeError(
        `opens: gave ${shown(opens)}, which is neither true nor false; it may not be async`,
      );
    }
    if (opens) return "initialize";
    if (record?.ready === false) return "initialized";
    return head.method === "GET" ? "listen" : "message";
  }

  #opening(facts: HeadFacts, caller: Caller, trace: Trace): Awaitable<Entry | Outcome> {
    const now = this.front.settings.clock.now();
    const record: SessionRecord = {
      id: mintSessionId(),
      version: undefined,
      owner: caller.principal,
      initialize: "",
      created: now,
      seen: now,
      ready: false,
      held: false,
    };
    const own = named(record, this.front.settings);
    return andThen<SessionRecord | Rejection, Entry | Rejection>(
      own,
      (one) =>
        "rule" in one ? one : this.#entry({ record: one, caller, facts, trace, opening: true }),
    );
  }

  #using(
    { effects }: Transition,
    record: SessionRecord,
    caller: Caller,
    facts: HeadFacts,
    trace: Trace,
  ): Awaitable<Entry | Outcome> {
    const entry = this.#entry({ record, caller, facts, trace, opening: false });
    if (!effects.includes("mark-ready")) return entry;
    const lifecycle = this.#lifecycle;
    const { id } = record;
    return lifecycle.during<void, Entry | Outcome>(id, lifecycle.markReady(id), (_, ended) => {
      // What has ended is held no more.
      return ended ? { rule: "session-not-found" } : entry;
    }).catch((error) => {
      entry.leave();
      throw error;
    });
  }

  #entry(entered: Entered): Entry {
    return new HeldEntry(this.front, this.#lifecycle, this.#ends, entered);
  }
}
