import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createSessions,
  type GuardOptions,
  type HandlerEvent,
  memory,
  OptionError,
  type Sessions,
} from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { gate } from "./endpoint.ts";

const OPENS = "http://localhost/mcp/init";
const EVENT = "http://localhost/mcp/event";

const opens = (request: { url: string }): boolean => request.url === OPENS;

/** Sessions that note what they tell. */
function noted(options: Partial<GuardOptions> = {}): [Sessions, HandlerEvent[]] {
  const events: HandlerEvent[] = [];
  return [createSessions({ opens, onEvent: (event) => events.push(event), ...options }), events];
}

const post = (url: string, id?: string): Request =>
  new Request(url, { method: "POST", headers: id === undefined ? {} : { "mcp-session-id": id } });
const end = (id: string): Request =>
  new Request(EVENT, { method: "DELETE", headers: { "mcp-session-id": id } });

/** Opens a session through a handler of its own. */
async function open(sessions: Sessions): Promise<string> {
  const response = await sessions.guard(() => Response.json({}))(post(OPENS));
  assert.equal(response.status, 200);
  const id = response.headers.get("mcp-session-id");
  assert.ok(id);
  return id;
}

const failing = {
  "that throws": () => {
    throw new Error("secret");
  },
  "that rejects": () => Promise.reject(new Error("secret")),
  "that returns nothing": () => undefined as unknown as Response,
  "that returns something else": () => ({ status: 200 }) as unknown as Response,
  "whose response was read already": async () => {
    const response = Response.json({});
    await response.text();
    return response;
  },
};

/** What the operator is told of it. */
const WHY: Readonly<Record<string, RegExp>> = {
  "that throws": /secret/,
  "that rejects": /secret/,
  "that returns nothing": /the handler gave undefined, not a Response/,
  "that returns something else": /the handler gave an object, not a Response/,
  "whose response was read already": /read already/,
};

describe("a handler", () => {
  for (const [kind, handler] of Object.entries(failing)) {
    test(`${kind} opens no session`, async () => {
      const [sessions, events] = noted();
      const response = await sessions.guard(handler)(post(OPENS));
      assert.equal(response.status, 500);
      assert.equal(response.headers.get("mcp-session-id"), null);
      const text = await response.text();
      assert.equal(JSON.parse(text).error.code, -32603);
      assert.doesNotMatch(text, /secret/);
      assert.equal(await sessions.count(), 0);
      const errors = events.filter((event) => event.type === "application-error");
      assert.equal(errors.length, 1);
      assert.match(String(errors[0]!.error), WHY[kind]!);
      const told = events.filter((event) => event.type === "exchange");
      assert.deepEqual(told.map(({ status, outcome }) => [status, outcome]), [
        [500, "internal-error"],
      ]);
    });

    test(`${kind} leaves its session alive`, async () => {
      const [sessions] = noted();
      const id = await open(sessions);
      assert.equal((await sessions.guard(handler)(post(EVENT, id))).status, 500);
      const again = await sessions.guard(() => Response.json({}))(post(EVENT, id));
      assert.equal(again.status, 200);
    });
  }

  for (const status of [199, 300, 302, 400, 404, 500]) {
    test(`that answers the opening request with ${status} opens no session`, async () => {
      const [sessions] = noted();
      // 199 cannot be made with the constructor; it stands for what is just outside.
      const answer = status < 200
        ? Object.defineProperty(new Response(null), "status", { value: status })
        : new Response(null, { status });
      const response = await sessions.guard(() => answer)(post(OPENS));
      assert.equal(response.status, status);
      assert.equal(response.headers.get("mcp-session-id"), null);
      assert.equal(await sessions.count(), 0);
    });
  }

  test("is given the id that the opening answer carries", async () => {
    const [sessions] = noted();
    let given = "";
    const guarded = sessions.guard((_request, session) => {
      given = session.id;
      return new Response(null, { status: 204 });
    });
    const response = await guarded(post(OPENS));
    assert.equal(response.headers.get("mcp-session-id"), given);
    assert.equal(await sessions.count(), 1);
  });

  test("has its response passed on as it is where nothing is added", async () => {
    const [sessions] = noted();
    const id = await open(sessions);
    const own = Response.json({});
    assert.equal(await sessions.guard(() => own)(post(EVENT, id)), own);
  });
});

describe("the option opens", () => {
  test("has to be a function", () => {
    assert.throws(() => createSessions({} as GuardOptions), OptionError);
    assert.throws(() => createSessions(undefined as unknown as GuardOptions), OptionError);
  });

  test("that throws is the application's failure, not the store's", async () => {
    const [sessions, events] = noted({
      opens: () => {
        throw new Error("secret");
      },
    });
    const response = await sessions.guard(() => Response.json({}))(post(EVENT));
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret/);
    const [error] = events.filter((event) => event.type === "application-error");
    assert.equal(error?.method, "opens");
  });

  const wrong: readonly (readonly [string, () => unknown, string])[] = [
    ["a promise", () => Promise.resolve(false), "an object"],
    ["a text", () => "no", '"no"'],
    ["what is no text either", () => Object.create(null), "an object"],
    ["nothing", () => undefined, "undefined"],
  ];
  for (const [what, gives, shown] of wrong) {
    test(`that gives ${what} opens nothing`, async () => {
      const [sessions, events] = noted({ opens: gives as never });
      const response = await sessions.guard(() => Response.json({}))(post(EVENT));
      assert.equal(response.status, 500);
      assert.equal(await sessions.count(), 0);
      const [told] = events.filter((event) => event.type === "application-error");
      assert.equal(
        String(told?.error),
        `TypeError: opens: gave ${shown}, which is neither true nor false; it may not be async`,
      );
    });
  }

  test("is not asked about DELETE", async () => {
    const [sessions] = noted();
    const request = new Request(OPENS, { method: "DELETE" });
    assert.equal((await sessions.guard(() => Response.json({}))(request)).status, 400);
    assert.equal(await sessions.count(), 0);
  });
});

/** An event stream that goes on until it is cancelled. */
function endless(): Response {
  return until(() => {});
}

/** The same, which says when. */
function until(cancel: () => void): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(": hello\n\n")),
      cancel,
    }),
    { headers: { "content-type": "Text/Event-Stream; charset=utf-8" } },
  );
}

describe("an event stream", () => {
  test("ends with its session", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const id = await open(sessions);
    const gone = gate();
    const response = await sessions.guard(() => until(gone.open))(post(EVENT, id));
    const reading = response.text();
    assert.equal((await sessions.guard(endless)(end(id))).status, 204);
    assert.equal(await reading, ": hello\n\n");
    await gone.opened;
  });

  test("ends where the handler's ends", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const headers = { "content-type": "text/event-stream" };
    const guarded = sessions.guard(() => new Response(": hello\n\n", { headers }));
    assert.equal(await (await guarded(post(OPENS))).text(), ": hello\n\n");
  });

  test("fails where the handler's fails", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const body = new ReadableStream({ pull: () => Promise.reject(new Error("broken")) });
    const headers = { "content-type": "text/event-stream" };
    const response = await sessions.guard(() => new Response(body, { headers }))(post(OPENS));
    // Half an answer must not look like a whole one.
    await assert.rejects(response.text());
  });

  test("without a body is an answer like any other", async () => {
    const [sessions] = noted();
    const headers = { "content-type": "text/event-stream" };
    const response = await sessions.guard(() => new Response(null, { headers }))(post(OPENS));
    assert.equal(response.status, 200);
    assert.equal(response.body, null);
    assert.equal(await sessions.count(), 1);
  });

  test("is given up when its client leaves", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const id = await open(sessions);
    const gone = gate();
    const response = await sessions.guard(() => until(gone.open))(post(EVENT, id));
    await response.body!.cancel();
    await gone.opened;
  });

  test("of a session that ended before its head ends at once", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const id = await open(sessions);
    const guarded = sessions.guard(async () => {
      assert.equal(await sessions.end(id), true);
      return endless();
    });
    const response = await guarded(post(EVENT, id));
    assert.equal(response.status, 200);
    await response.text();
  });

  test("that opens a session ends with it", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const response = await sessions.guard(endless)(post(OPENS));
    const reading = response.text();
    assert.equal(await sessions.end(response.headers.get("mcp-session-id")!), true);
    assert.equal(await reading, ": hello\n\n");
  });

  test("ends when the sessions close, and its session stays", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const id = await open(sessions);
    const response = await sessions.guard(endless)(post(EVENT, id));
    const reader = response.body!.getReader();
    assert.equal((await reader.read()).done, false);
    await sessions.close();
    assert.equal((await reader.read()).done, true);
    const guarded = sessions.guard(() => Response.json({}));
    assert.equal((await guarded(post(EVENT, id))).status, 200);
    const listen = new Request(EVENT, { headers: { "mcp-session-id": id } });
    for (const refused of [post(OPENS), listen]) {
      const { status, headers } = await guarded(refused);
      assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
    }
    assert.equal(await sessions.count(), 1);
  });

  for (const how of ["ends", "fails", "is left"] as const) {
    test(`holds its session until it ${how}`, { timeout: 30_000 }, async () => {
      const clock = new FakeClock();
      const [sessions] = noted({ clock, limits: { idleMs: 1_000 } });
      const id = await open(sessions);
      let source!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (one) => void (source = one) });
      const headers = { "content-type": "text/event-stream" };
      const response = await sessions.guard(() => new Response(body, { headers }))(post(EVENT, id));
      const status = async (): Promise<number> =>
        (await sessions.guard(() => Response.json({}))(post(EVENT, id))).status;
      clock.jump(5_000);
      assert.equal(await status(), 200);
      if (how === "ends") source.close();
      else if (how === "fails") source.error(new Error("broken"));
      else await response.body!.cancel();
      await turns();
      clock.jump(1_000);
      assert.equal(await status(), 404);
    });
  }

  test("does not end with another that shares its session", { timeout: 30_000 }, async () => {
    const [sessions] = noted();
    const id = await open(sessions);
    const guarded = sessions.guard(endless);
    const [first, second] = [await guarded(post(EVENT, id)), await guarded(post(EVENT, id))];
    await first.body!.cancel();
    const reading = second.text();
    await sessions.end(id);
    assert.equal(await reading, ": hello\n\n");
  });
});

/** A memory backend that stores a session only when it is let. */
function slowly(): { backend: GuardOptions["backend"] & object; let: () => void } {
  const backend = memory();
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => go = resolve);
  const { sessions } = backend;
  return {
    backend: {
      ...backend,
      sessions: instead(sessions, "create", (create, args) => gate.then(() => create(...args))),
    },
    let: go,
  };
}

describe("a client that leaves", () => {
  const head = { method: "POST", url: OPENS, headers: new Headers({ host: "localhost" }) };

  test("before the handler answers opens no session", async () => {
    const [sessions] = noted();
    const entry = await sessions.enter(head);
    assert.ok("commit" in entry);
    entry.leave();
    assert.deepEqual(await entry.commit(200), { add: {} });
    assert.equal(await sessions.count(), 0);
  });

  test("while the session is stored opens none", async () => {
    const { backend, let: go } = slowly();
    const [sessions, events] = noted({ backend });
    const entry = await sessions.enter(head);
    assert.ok("commit" in entry);
    const committed = entry.commit(200);
    entry.leave();
    go();
    await committed;
    assert.equal(await sessions.count(), 0);
    const [opened, ended] = events.filter((event) => event.type.startsWith("session-"));
    assert.deepEqual([opened?.type, ended?.type], ["session-opened", "session-ended"]);
  });
});

test("who has left hears no more of the session's end", async () => {
  const [sessions] = noted();
  const id = await open(sessions);
  const headers = new Headers({ host: "localhost", "mcp-session-id": id });
  const told: string[] = [];
  const enter = async (name: string) => {
    const entry = await sessions.enter({ method: "POST", url: EVENT, headers });
    assert.ok("commit" in entry);
    entry.onEnd(() => told.push(name));
    return entry;
  };
  const left = await enter("left");
  await enter("there");
  left.leave();
  left.onEnd(() => told.push("too late"));
  await sessions.end(id);
  assert.deepEqual(told, ["there"]);
});

test("closing waits until the node has left the others", async () => {
  const left = gate<void>();
  const nodes = { leaseMs: 60_000, renew: () => true, alive: () => true, leave: () => left.opened };
  const sessions = createSessions({
    opens: ({ url }) => url === OPENS,
    backend: { ...memory(), nodes },
    clock: new FakeClock(),
  });
  await open(sessions);
  let closed = false;
  const closing = sessions.close().then(() => closed = true);
  await turns(3);
  assert.equal(closed, false);
  left.open();
  await closing;
});

test("who has heard that all is over does not hear of the session's end", async () => {
  const [sessions] = noted();
  const id = await open(sessions);
  const headers = new Headers({ host: "localhost", "mcp-session-id": id });
  const entry = await sessions.enter({ method: "POST", url: EVENT, headers });
  assert.ok("commit" in entry);
  let told = 0;
  entry.onEnd(() => told++);
  await sessions.close();
  assert.equal(told, 1);
  assert.equal(await sessions.end(id), true);
  assert.equal(told, 1);
});

describe("a listener for events that throws", () => {
  test("changes no answer and loses no session", async (t) => {
    t.mock.method(console, "error", () => {});
    const [sessions] = noted({
      onEvent: () => {
        throw new Error("a broken log");
      },
    });
    const id = await open(sessions);
    assert.equal((await sessions.guard(() => Response.json({}))(end(id))).status, 204);
    assert.equal((await sessions.guard(() => Response.json({}))(end(id))).status, 404);
  });
});

describe("without a listener for events", () => {
  test("failures go to the console", async (t) => {
    const lines = t.mock.method(console, "error", () => {});
    const sessions = createSessions({ opens });
    const error = new Error("the handler's own");
    const response = await sessions.guard(() => Promise.reject(error))(post(OPENS));
    assert.equal(response.status, 500);
    assert.equal(lines.mock.callCount(), 1);
    assert.equal(lines.mock.calls[0]?.arguments[1], error);
  });
});
