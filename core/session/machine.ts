/**
 * The life of a session, as a table. A row says what one kind of request (or one ending) does to a
 * session in one state: what is answered, which effects the engine performs, and the state after.
 *
 * A session is looked at from one request, so {@linkcode SessionState} is derived and not stored. The four kinds of
 * `unknown` are one state, so that no code path can tell them apart.
 *
 * @module
 */

import type { RuleId } from "../outbound/rejections.ts";
import type { EndReason, SessionRecord } from "./record.ts";

/**
 * Where a session stands, seen from one request.
 *
 * - `absent`: no id was sent.
 * - `unknown`: the id was never minted, has expired or ended, or is another principal's.
 * - `opened`: the answer to `initialize` is out.
 * - `ready`: `notifications/initialized` is in.
 * - `stateless`: sessions are off, or optional and not asked for.
 * - `ended`: it is over.
 */
export type SessionState = "absent" | "unknown" | "opened" | "ready" | "stateless" | "ended";

/**
 * What happens to a session: a request, or an end.
 *
 * - `initialize`: a POST with `initialize`.
 * - `initialized`: a POST with `notifications/initialized`.
 * - `message`: any other POST.
 * - `listen`: a GET.
 * - `terminate`: a DELETE.
 * - `idle`, `age`: a lifetime is over; `evicted`: the place is needed; `ended`: the application ends it.
 */
export type SessionEvent =
  | "initialize"
  | "initialized"
  | "message"
  | "listen"
  | "terminate"
  | Exclude<EndReason, "terminated">;

/**
 * What the engine does for a row. A row's effects are done in order.
 *
 * - `create`: store the record within capacity, and send its id.
 * - `mark-ready`: let server-to-client requests that waited go out.
 * - `delete`: remove the record; only one caller succeeds.
 * - `end-streams`: end every open stream.
 * - `abort-calls`: abort the work in flight, and settle the HTTP answers that wait for it.
 * - `drop-logs`: forget the logs.
 */
export type Effect =
  | "create"
  | "mark-ready"
  | "delete"
  | "end-streams"
  | "abort-calls"
  | "drop-logs";

/** What is answered: served, a stream, 204, nothing (no request asked) or the refusal of a rule. */
export type Answer = "serve" | "stream" | "ended" | "none" | RuleId;

/** What has to hold for a row to apply, beyond state and event. */
export type Guard = "termination-off" | "stale-initialize-fresh";

/** One row of the table. */
export interface Transition {
  /** The state in which it applies. */
  readonly state: SessionState;
  /** The event to which it applies. */
  readonly event: SessionEvent;
  /** What has to hold besides; undefined for nothing. */
  readonly when?: Guard;
  /** What is answered. */
  readonly answer: Answer;
  /** The state afterwards. */
  readonly next: SessionState;
  /** What is done, in order. */
  readonly effects: readonly Effect[];
}

const NOTHING: readonly Effect[] = [];
const CREATE: readonly Effect[] = ["create"];
const END: readonly Effect[] = ["delete", "end-streams", "abort-calls", "drop-logs"];
const ENDINGS = ["idle", "age", "evicted", "ended"] as const;

/** The life of a session, as a table. Where several rows share state and event, the first whose guard holds applies. */
export const TRANSITIONS: readonly Transition[] = [
  row("absent", "initialize", "serve", "opened", CREATE),
  row("absent", "initialized", "session-required"),
  row("absent", "message", "session-required"),
  row("absent", "listen", "session-required"),
  row("absent", "terminate", "session-required"),

  row("unknown", "initialize", "serve", "opened", CREATE, "stale-initialize-fresh"),
  row("unknown", "initialize", "session-not-found"),
  row("unknown", "initialized", "session-not-found"),
  row("unknown", "message", "session-not-found"),
  row("unknown", "listen", "session-not-found"),
  row("unknown", "terminate", "session-not-found"),

  row("opened", "initialize", "already-initialized"),
  row("opened", "initialized", "serve", "ready", ["mark-ready"]),
  row("opened", "message", "serve"),
  row("opened", "listen", "stream"),
  row("opened", "terminate", "termination-off", "opened", NOTHING, "termination-off"),
  row("opened", "terminate", "ended", "ended", END),

  row("ready", "initialize", "already-initialized"),
  row("ready", "initialized", "serve"),
  row("ready", "message", "serve"),
  row("ready", "listen", "stream"),
  row("ready", "terminate", "termination-off", "ready", NOTHING, "termination-off"),
  row("ready", "terminate", "ended", "ended", END),

  row("stateless", "initialize", "serve"),
  row("stateless", "initialized", "serve"),
  row("stateless", "message", "serve"),
  row("stateless", "listen", "stateless-method"),
  row("stateless", "terminate", "stateless-method"),

  ...(["opened", "ready"] as const).flatMap((state) =>
    ENDINGS.map((event) => row(state, event, "none", "ended", END))
  ),
];

/** The options that a guard asks about. */
export interface Guards {
  /** Clients may end their sessions with DELETE. */
  readonly termination: boolean;
  /** What `initialize` with the id of a session that is gone gets: a refusal, or a new session. */
  readonly staleInitialize: "reject" | "fresh";
}

/**
 * The row that applies to an event in a state.
 *
 * @throws {RangeError} The table has none: the engine asked for what cannot happen.
 */
export function decide(state: SessionState, event: SessionEvent, guards: Guards): Transition {
  const rows = INDEX.get(state)?.get(event);
  if (rows !== undefined) {
    for (const one of rows) if (one.when === undefined || holds(one.when, guards)) return one;
  }
  throw new RangeError(`no transition for event "${event}" in state "${state}"`);
}

/** How sessions are used: `required`, `optional` (a POST without id is served without one) or `off`. */
export type SessionMode = "required" | "optional" | "off";

/** What a request says about its session, and what the store knows of it. */
export interface SessionGiven {
  /** Whether requests need sessions. */
  readonly mode: SessionMode;
  /** The id that was sent; null where none was. */
  readonly id: string | null;
  /** The record of that id, whose lifetime is not over; undefined where there is none. */
  readonly record: SessionRecord | undefined;
  /** Who asks; undefined for an anonymous caller. */
  readonly principal: string | undefined;
}

/** The state in which a request finds its session. */
export function stateOf(given: SessionGiven, event: SessionEvent): SessionState {
  if (given.mode === "off") return "stateless";
  if (given.id === null) {
    return given.mode === "optional" && event !== "initialize" ? "stateless" : "absent";
  }
  const { record } = given;
  if (record === undefined || record.owner !== given.principal) return "unknown";
  return record.ready ? "ready" : "opened";
}

// A row that says no more leaves the session as it is.
function row(
  state: SessionState,
  event: SessionEvent,
  answer: Answer,
  next: SessionState = state,
  effects: readonly Effect[] = NOTHING,
  when?: Guard,
): Transition {
  const cell = { state, event, answer, next, effects };
  return when === undefined ? cell : { ...cell, when };
}

function holds(guard: Guard, guards: Guards): boolean {
  return guard === "termination-off" ? !guards.termination : guards.staleInitialize === "fresh";
}

const INDEX: ReadonlyMap<SessionState, ReadonlyMap<SessionEvent, readonly Transition[]>> = new Map(
  [...Map.groupBy(TRANSITIONS, (one) => one.state)].map((
    [state, rows],
  ) => [state, Map.groupBy(rows, (one) => one.event)]),
);
