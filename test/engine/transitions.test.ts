import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { McpOptions } from "../../core/engine/mod.ts";
import {
  REJECTIONS,
  type RuleId,
  type SessionEvent,
  type SessionState,
  type Transition,
  TRANSITIONS,
} from "../../core/mod.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, initialize, notification, refusal, request } from "./endpoint.ts";
import type { Scope } from "./worlds.ts";

const LIMITS = { idleMs: 60_000, maxAgeMs: 3_600_000, sessions: 1 };

/** What the options have to be for a row to apply. */
function optionsFor({ state, when }: Transition): McpOptions {
  return {
    limits: LIMITS,
    ...(state === "stateless" ? { sessions: "off" } : {}),
    ...(when === "termination-off" ? { termination: false } : {}),
    ...(when === "stale-initialize-fresh" ? { staleInitialize: "fresh" } : {}),
  };
}

/** Brings a session into a state; the id that a request then carries. */
const ARRANGE: {
  readonly [state in SessionState]?: (endpoint: Endpoint) => Promise<string | undefined>;
} = {
  absent: () => Promise.resolve(undefined),
  stateless: () => Promise.resolve(undefined),
  unknown: () => Promise.resolve("nobody"),
  opened: (endpoint) => endpoint.open({}, { ready: false }),
  ready: (endpoint) => endpoint.open(),
};

/** The requests of the table. */
const REQUESTS: {
  readonly [event in SessionEvent]?: (
    endpoint: Endpoint,
    session: string | undefined,
  ) => Promise<Response>;
} = {
  initialize: (endpoint, session) => endpoint.post(initialize(), { session }),
  initialized: (endpoint, session) =>
    endpoint.post(notification("notifications/initialized"), { session }),
  message: (endpoint, session) => endpoint.post(request(1, "tools/list"), { session }),
  listen: (endpoint, session) => endpoint.get({ session }),
  terminate: (endpoint, session) => endpoint.delete({ session }),
};

/** How a session ends although nobody asked. */
const ENDINGS: {
  readonly [event in SessionEvent]?: (endpoint: Endpoint, session: string) => Promise<unknown>;
} = {
  idle: (endpoint) => endpoint.pass(LIMITS.idleMs),
  age: async (endpoint, session) => {
    // A stream holds it, so that it does not grow idle before.
    await endpoint.get({ session });
    await endpoint.pass(LIMITS.maxAgeMs + LIMITS.idleMs);
  },
  evicted: (endpoint) => endpoint.open(),
  ended: (endpoint, session) => endpoint.handler.sessions.end(session),
};

describe("the engine does what the session table says", () => {
  for (const row of TRANSITIONS) {
    const { state, event, when, answer, next } = row;
    test(`${state}, ${event}${when === undefined ? "" : `, ${when}`}: ${answer}, then ${next}`, async (t) => {
      const ended: string[] = [];
      const endpoint = new Endpoint(t as unknown as Scope, {
        ended: (id, reason) => void ended.push(`${id} ${reason}`),
      }, optionsFor(row));
      const session = await ARRANGE[state]!(endpoint);
      const ask = REQUESTS[event];
      if (ask === undefined) await ENDINGS[event]!(endpoint, session!);
      else await checkAnswer(row, await ask(endpoint, session));
      await checkState(row, endpoint, session);
      const over = next === "ended"
        ? [`${session} ${event === "terminate" ? "terminated" : event}`]
        : [];
      assert.deepEqual(ended, over);
    });
  }

  test("for every event that there is", () => {
    for (const { event } of TRANSITIONS) {
      assert.ok(event in REQUESTS || event in ENDINGS, event);
    }
  });
});

describe("a session is ready once notifications/initialized has come, and only then:", () => {
  const call = request(1, "tools/list");
  const initialized = notification("notifications/initialized");
  const response = { jsonrpc: "2.0", id: "nobody's", result: {} };
  const cases: readonly (readonly [string, object | object[], boolean])[] = [
    ["alone", initialized, true],
    ["in a batch", [call, notification("notifications/x"), initialized], true],
    ["a request of that name", { ...initialized, id: 1 }, false],
    ["another notification", notification("notifications/roots/list_changed"), false],
    ["a response", response, false],
    ["a batch without it", [call, notification("notifications/x"), response], false],
  ];
  for (const [what, message, ready] of cases) {
    test(what, async (t) => {
      const endpoint = new Endpoint(t as unknown as Scope, {});
      const session = await endpoint.open({}, { ready: false, version: "2025-03-26" });
      assert.ok((await endpoint.post(message, { session })).ok);
      assert.equal((await endpoint.handler.sessions.get(session))?.ready, ready);
    });
  }
});

async function checkAnswer({ event, answer, effects }: Transition, given: Response): Promise<void> {
  switch (answer) {
    case "serve":
      assert.equal(given.status, event === "initialized" ? 202 : 200);
      assert.equal(given.headers.has("mcp-session-id"), effects.includes("create"));
      if (event === "message") {
        assert.deepEqual((await given.json()).result, { method: "tools/list" });
      }
      return;
    case "stream": {
      const events = new Events(given);
      await turns();
      return events.cut();
    }
    case "ended":
      assert.deepEqual([given.status, await given.text()], [204, ""]);
      return;
    default: {
      const { status, code } = await refusal(given);
      const row = REJECTIONS[answer as RuleId];
      assert.deepEqual([status, code], [row.status, row.code]);
    }
  }
}

/** What a further request finds shows the state. */
async function checkState(
  { state, event, next, effects }: Transition,
  endpoint: Endpoint,
  session: string | undefined,
): Promise<void> {
  const { sessions } = endpoint.handler;
  const again = await endpoint.post(request(2, "tools/list"), { session });
  switch (next) {
    case "opened":
    case "ready": {
      if (effects.includes("create")) {
        assert.equal(await sessions.count(), 1);
        assert.equal(again.status, session === undefined ? 400 : 404, "the id was adopted");
        return;
      }
      assert.equal(again.status, 200);
      assert.equal((await sessions.get(session!))?.ready, next === "ready");
      return;
    }
    case "ended":
      assert.equal(again.status, 404);
      assert.equal(await sessions.count(), event === "evicted" ? 1 : 0);
      return;
    case "stateless":
      assert.equal(again.status, 200);
      assert.equal(await sessions.count(), 0);
      return;
    default:
      assert.equal(again.status, state === "absent" ? 400 : 404);
      assert.equal(await sessions.count(), 0);
  }
}
