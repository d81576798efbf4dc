import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  decide,
  type Guards,
  REJECTIONS,
  type SessionEvent,
  type SessionGiven,
  type SessionMode,
  type SessionRecord,
  type SessionState,
  stateOf,
  type Transition,
  TRANSITIONS,
} from "../../core/mod.ts";

const USUAL: Guards = { termination: true, staleInitialize: "reject" };
const END = "delete, end-streams, abort-calls, drop-logs";

/** What WIRE.md, section 2, says, cell by cell: `answer -> next state: effects`. */
const EXPECTED: { readonly [cell: string]: string } = {
  "absent, initialize": "serve -> opened: create",
  "absent, initialized": "session-required -> absent: ",
  "absent, message": "session-required -> absent: ",
  "absent, listen": "session-required -> absent: ",
  "absent, terminate": "session-required -> absent: ",

  "unknown, initialize, stale-initialize-fresh": "serve -> opened: create",
  "unknown, initialize": "session-not-found -> unknown: ",
  "unknown, initialized": "session-not-found -> unknown: ",
  "unknown, message": "session-not-found -> unknown: ",
  "unknown, listen": "session-not-found -> unknown: ",
  "unknown, terminate": "session-not-found -> unknown: ",

  "opened, initialize": "already-initialized -> opened: ",
  "opened, initialized": "serve -> ready: mark-ready",
  "opened, message": "serve -> opened: ",
  "opened, listen": "stream -> opened: ",
  "opened, terminate, termination-off": "termination-off -> opened: ",
  "opened, terminate": `ended -> ended: ${END}`,
  "opened, idle": `none -> ended: ${END}`,
  "opened, age": `none -> ended: ${END}`,
  "opened, evicted": `none -> ended: ${END}`,
  "opened, ended": `none -> ended: ${END}`,

  "ready, initialize": "already-initialized -> ready: ",
  "ready, initialized": "serve -> ready: ",
  "ready, message": "serve -> ready: ",
  "ready, listen": "stream -> ready: ",
  "ready, terminate, termination-off": "termination-off -> ready: ",
  "ready, terminate": `ended -> ended: ${END}`,
  "ready, idle": `none -> ended: ${END}`,
  "ready, age": `none -> ended: ${END}`,
  "ready, evicted": `none -> ended: ${END}`,
  "ready, ended": `none -> ended: ${END}`,

  "stateless, initialize": "serve -> stateless: ",
  "stateless, initialized": "serve -> stateless: ",
  "stateless, message": "serve -> stateless: ",
  "stateless, listen": "stateless-method -> stateless: ",
  "stateless, terminate": "stateless-method -> stateless: ",
};

const REQUESTS: readonly SessionEvent[] = [
  "initialize",
  "initialized",
  "message",
  "listen",
  "terminate",
];
const ENDINGS: readonly SessionEvent[] = ["idle", "age", "evicted", "ended"];
const STATES: readonly SessionState[] = ["absent", "unknown", "opened", "ready", "stateless"];

const record: SessionRecord = {
  id: "a",
  version: "2025-11-25",
  owner: "alice",
  initialize: "{}",
  created: 0,
  seen: 0,
  ready: true,
  held: false,
};
const request = fc.constantFrom(...REQUESTS);
const guards: fc.Arbitrary<Guards> = fc.record({
  termination: fc.boolean(),
  staleInitialize: fc.constantFrom("reject", "fresh"),
});

describe("the session table", () => {
  test("says in every row what is expected of it, and has no row that nobody expects", () => {
    assert.deepEqual(
      Object.fromEntries(TRANSITIONS.map((row) => [cellOf(row), contentOf(row)])),
      EXPECTED,
    );
    assert.equal(TRANSITIONS.length, Object.keys(EXPECTED).length, "a row stands there twice");
  });

  for (const row of TRANSITIONS) {
    test(`${cellOf(row)} is the row that applies then`, () => {
      assert.equal(decide(row.state, row.event, guardsFor(row)), row);
    });
  }

  test("has an answer to every request in every state that a request can meet", () => {
    fc.assert(fc.property(fc.constantFrom(...STATES), request, guards, (state, event, guards) => {
      assert.equal(decide(state, event, guards).state, state);
    }));
  });

  test("names only refusals that there are", () => {
    const served = ["serve", "stream", "ended", "none"];
    for (const { answer } of TRANSITIONS) {
      assert.ok(served.includes(answer) || Object.hasOwn(REJECTIONS, answer), answer);
    }
  });

  test("throws where the engine asks for what cannot happen", () => {
    for (const event of [...REQUESTS, ...ENDINGS]) {
      assert.throws(() => decide("ended", event, USUAL), RangeError);
    }
    for (const state of ["absent", "unknown", "stateless"] as const) {
      for (const event of ENDINGS) assert.throws(() => decide(state, event, USUAL), RangeError);
    }
  });

  test("gives nothing to a request that it refuses", () => {
    for (const row of TRANSITIONS) {
      if (!Object.hasOwn(REJECTIONS, row.answer)) continue;
      assert.deepEqual([row.effects.length, row.next], [0, row.state], cellOf(row));
    }
  });
});

describe("a session", () => {
  // One place where a session may be, as a store would keep it, and what became of the ids before.
  const step = fc.record({
    event: fc.constantFrom(...REQUESTS, ...ENDINGS),
    principal: fc.constantFrom("alice", "alice", "mallory", undefined),
    id: fc.constantFrom("current", "former", "none", "invented"),
  });

  test("that has ended never comes back, whatever happens next", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), guards, (steps, guards) => {
        let minted = 0;
        let current: SessionRecord | undefined;
        const former: string[] = [];
        for (const { event, principal, id } of steps) {
          if (ENDINGS.includes(event)) {
            if (current === undefined) continue;
            const row = decide(current.ready ? "ready" : "opened", event, guards);
            assert.equal(row.next, "ended");
            former.push(current.id);
            current = undefined;
            continue;
          }
          const sent = id === "current"
            ? current?.id ?? null
            : id === "former"
            ? former.at(-1) ?? null
            : id === "none"
            ? null
            : "invented";
          const found = current !== undefined && current.id === sent ? current : undefined;
          const given: SessionGiven = { mode: "required", id: sent, record: found, principal };
          const row = decide(stateOf(given, event), event, guards);
          if (sent !== null && former.includes(sent)) {
            assert.ok(row.state === "unknown", `${sent} is ${row.state} again`);
          }
          if (row.effects.includes("create")) {
            if (current !== undefined) former.push(current.id);
            current = { ...record, id: `s${++minted}`, owner: principal as string, ready: false };
          }
          if (row.effects.includes("mark-ready")) current = { ...current!, ready: true };
          if (row.next === "ended") {
            assert.equal(found?.owner, principal, "ended by somebody else");
            former.push(current!.id);
            current = undefined;
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("is opened before it is ready, and ready until it ends", () => {
    fc.assert(fc.property(fc.array(request, { maxLength: 20 }), (events) => {
      let state: SessionState = "opened";
      for (const event of events) {
        const { next }: Transition = decide(state, event, USUAL);
        if (next === "ended") return;
        assert.equal(next, event === "initialized" ? "ready" : state);
        state = next;
      }
    }));
  });
});

describe("an id that is nobody's", () => {
  const mode = fc.constantFrom<SessionMode>("required", "optional");

  test("is the same, whether it was never minted, has expired, was ended or is somebody else's", () => {
    fc.assert(fc.property(mode, request, guards, fc.string(), (mode, event, guards, id) => {
      const gone: SessionGiven = { mode, id, record: undefined, principal: "mallory" };
      const foreign: readonly SessionGiven[] = [
        { mode, id, record, principal: "mallory" },
        { mode, id, record, principal: undefined },
        { mode, id, record: { ...record, ready: false }, principal: "mallory" },
        { mode, id, record: { ...record, owner: undefined }, principal: "mallory" },
        { mode, id, record: { ...record, owner: "" }, principal: undefined },
      ];
      const row = decide(stateOf(gone, event), event, guards);
      for (const given of foreign) assert.equal(decide(stateOf(given, event), event, guards), row);
    }));
  });

  test("is found by its owner alone", () => {
    const given = { mode: "required", id: "a", record, principal: "alice" } as const;
    assert.equal(stateOf(given, "message"), "ready");
    assert.equal(stateOf({ ...given, record: { ...record, ready: false } }, "message"), "opened");
    const anonymous = { ...record, owner: undefined };
    assert.equal(
      stateOf({ ...given, record: anonymous, principal: undefined }, "message"),
      "ready",
    );
  });
});

describe("a request without a session", () => {
  const without = { id: null, record: undefined, principal: undefined } as const;

  test("is absent where sessions are required, stateless where they are off", () => {
    for (const event of REQUESTS) {
      assert.equal(stateOf({ ...without, mode: "required" }, event), "absent");
      assert.equal(stateOf({ ...without, mode: "off" }, event), "stateless");
      assert.equal(
        stateOf({ mode: "off", id: "a", record, principal: "alice" }, event),
        "stateless",
      );
    }
  });

  test("is stateless where they are optional, unless it opens one", () => {
    for (const event of REQUESTS) {
      const expected = event === "initialize" ? "absent" : "stateless";
      assert.equal(stateOf({ ...without, mode: "optional" }, event), expected);
    }
  });
});

function cellOf({ state, event, when }: Transition): string {
  return [state, event, ...when === undefined ? [] : [when]].join(", ");
}

function contentOf({ answer, next, effects }: Transition): string {
  return `${answer} -> ${next}: ${effects.join(", ")}`;
}

function guardsFor({ when }: Transition): Guards {
  if (when === "termination-off") return { ...USUAL, termination: false };
  return when === undefined ? USUAL : { ...USUAL, staleInitialize: "fresh" };
}
