import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createSessions,
  type GuardOptions,
  type HandlerEvent,
  memory,
  type Sessions,
} from "../../core/engine/mod.ts";
import type { Entry } from "../../core/engine/guard/guard.ts";
import { Failing } from "../doubles/failing.ts";

const OPENS = "http://localhost/open";
const ORIGIN = { origin: "http://localhost" };
const STREAM = { headers: { "content-type": "text/event-stream" } };

/** Sessions that note what they tell. */
function noted(options: Partial<GuardOptions> = {}): [Sessions, HandlerEvent[]] {
  const events: HandlerEvent[] = [];
  const opens = ({ url }: { url: string }): boolean => url === OPENS;
  return [createSessions({ opens, onEvent: (event) => events.push(event), ...options }), events];
}

const told = (events: readonly HandlerEvent[], type: HandlerEvent["type"]): HandlerEvent[] =>
  events.filter((event) => event.type === type);

const post = (url: string, headers: { [name: string]: string } = {}): Request =>
  new Request(url, { method: "POST", headers });

/** A response whose body somebody else reads. */
function locked(init: ResponseInit): Response {
  const response = new Response("hello", init);
  response.body!.getReader();
  return response;
}

const unsendable: Record<string, () => Response> = {
  "a locked response": () => locked({}),
  "a locked event stream": () => locked(STREAM),
  "text": () => "hello" as unknown as Response,
  "what looks like a response": () =>
    ({ status: 200, headers: new Headers() }) as unknown as Response,
};

describe("a handler that opens a session with", () => {
  for (const [kind, answer] of Object.entries(unsendable)) {
    test(`${kind} opens none`, async () => {
      const [sessions, events] = noted({ cors: true });
      const { status, headers } = await sessions.guard(answer)(post(OPENS, ORIGIN));
      assert.deepEqual([status, headers.get("mcp-session-id")], [500, null]);
      // The page shall learn why it got nothing.
      assert.equal(headers.get("access-control-allow-origin"), ORIGIN.origin);
      assert.equal(headers.get("content-type"), "application/json");
      assert.equal(await sessions.count(), 0);
      assert.equal(told(events, "application-error").length, 1);
      assert.equal(told(events, "exchange").length, 1);
      const opened = told(events, "session-opened").length;
      assert.equal(told(events, "session-ended").length, opened);
    });
  }
});

test("a locked event stream does not hold its session", async () => {
  const [sessions] = noted({ limits: { sessions: 1 } });
  const open = (): Promise<Response> => sessions.guard(() => new Response())(post(OPENS));
  const id = (await open()).headers.get("mcp-session-id")!;
  const event = post("http://localhost/event", { "mcp-session-id": id });
  assert.equal((await sessions.guard(() => locked(STREAM))(event)).status, 500);
  assert.equal((await open()).status, 200);
});

describe("what the handler answered is let go of where it is not given", () => {
  /** An event stream that tells of its end. */
  function told(): { readonly response: Response; readonly over: Promise<void> } {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    return {
      response: new Response(new ReadableStream({ cancel: () => resolve() }), STREAM),
      over,
    };
  }

  test("because there is no place for its session", { timeout: 30_000 }, async () => {
    const [sessions] = noted({ limits: { sessions: 1 } });
    const holding = await sessions.guard(() => told().response)(post(OPENS));
    const refused = told();
    assert.equal((await sessions.guard(() => refused.response)(post(OPENS))).status, 503);
    await refused.over;
    await holding.body!.cancel();
  });

  test("because the store fails", { timeout: 30_000 }, async () => {
    const failing = new Failing(memory(), "rejects");
    const [sessions] = noted({ backend: failing.backend });
    failing.break("sessions.create");
    const refused = told();
    assert.equal((await sessions.guard(() => refused.response)(post(OPENS))).status, 503);
    await refused.over;
  });
});

test("an exchange is told of once, also where its session is refused and its handler then fails", async () => {
  const [sessions, events] = noted({ limits: { sessions: 1 } });
  const headers = new Headers({ host: "localhost" });
  const enter = async (): Promise<Entry> => {
    const entry = await sessions.enter({ method: "POST", url: OPENS, headers });
    assert.ok("commit" in entry);
    return entry;
  };
  const holding = await enter();
  await holding.commit(200);
  const entry = await enter();
  const refused = await entry.commit(200);
  assert.ok("status" in refused);
  entry.fail(new Error("secret"));
  entry.leave();
  holding.leave();
  const exchanges = events.flatMap((one) => one.type === "exchange" ? [one.status] : []);
  assert.deepEqual(exchanges, [200, 503]);
});

describe("an entry that has opened its session", () => {
  async function opened(sessions: Sessions): Promise<Entry> {
    const headers = new Headers({ host: "localhost" });
    const entry = await sessions.enter({ method: "POST", url: OPENS, headers });
    assert.ok("commit" in entry);
    const { add } = await entry.commit(200) as { add: { [name: string]: string } };
    assert.equal(add["mcp-session-id"], entry.session.id);
    return entry;
  }

  test("and fails before its answer is sent ends it, and is not told", async () => {
    const [sessions, events] = noted();
    const entry = await opened(sessions);
    entry.onEnd(() => assert.fail("told of its own end"));
    assert.equal(entry.fail(new Error("secret")).status, 500);
    assert.equal(await sessions.count(), 0);
    entry.leave();
    const [ended] = told(events, "session-ended");
    assert.deepEqual(ended, { type: "session-ended", session: entry.session.id, reason: "ended" });
  });

  test("and fails later keeps it", async () => {
    const [sessions, events] = noted();
    const entry = await opened(sessions);
    entry.fail(new Error("secret"), true);
    entry.leave();
    assert.equal(await sessions.count(), 1);
    assert.equal(told(events, "application-error").length, 1);
  });

  for (const failure of ["throws", "rejects"] as const) {
    test(`tells where the store ${failure} at its end`, async () => {
      const failing = new Failing(memory(), failure);
      const [sessions, events] = noted({ backend: failing.backend });
      const entry = await opened(sessions);
      failing.break("sessions.delete");
      assert.equal(entry.fail(new Error("secret")).status, 500);
      await new Promise((resolve) => setTimeout(resolve));
      assert.equal(told(events, "backend-error").length, 1);
    });
  }
});
