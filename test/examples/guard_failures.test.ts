import assert from "node:assert/strict";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { describe, test } from "node:test";
import type { HandlerEvent } from "../../core/engine/mod.ts";
import { ask, distant, type Listener, open, served, stores } from "./guarded.ts";

describe("a listener that fails", () => {
  const failures: Record<string, Listener> = {
    "throws": () => {
      throw new Error("secret");
    },
    "rejects": () => Promise.reject(new Error("secret")),
    "sets headers, then rejects": async (_request, response) => {
      response.setHeader("x-own", "yes");
      await Promise.reject(new Error("secret"));
    },
  };
  for (const [kind, listener] of Object.entries(failures)) {
    test(`before it answers (${kind}) is 500 and opens no session`, async (t) => {
      const { port, sessions, events } = await served(t, listener);
      const { status, headers, text } = await ask(port, "/open");
      assert.deepEqual([status, headers["mcp-session-id"]], [500, undefined]);
      assert.equal(headers["x-own"], undefined);
      assert.equal(JSON.parse(text).error.code, -32603);
      assert.doesNotMatch(text, /secret/);
      assert.equal(await sessions.count(), 0);
      assert.equal(events.filter((event) => event.type === "application-error").length, 1);
    });
  }

  test("with a head that cannot be sent is 500", { timeout: 30_000 }, async (t) => {
    const { port, events } = await served(t, (request, response) => {
      if (request.url === "/open") return response.end();
      response.writeHead(200, { "x-own": "two\nlines" }).end("hello");
    });
    const { status, text } = await ask(port, "/event", { id: await open(port) });
    assert.deepEqual([status, JSON.parse(text).error.code], [500, -32603]);
    assert.equal(events.filter((event) => event.type === "application-error").length, 1);
  });

  test("half-way has its answer cut off", { timeout: 30_000 }, async (t) => {
    const { port, events } = await served(t, async (_request, response) => {
      await new Promise<void>((done) => response.write("half", () => done()));
      throw new Error("secret");
    });
    const { status, cut } = await ask(port, "/open");
    assert.deepEqual([status, cut], [200, true]);
    assert.equal(events.filter((event) => event.type === "application-error").length, 1);
  });
});

/** What a listener throws at, or through, before anything of its answer is sent. */
const unsendable: Record<string, (response: ServerResponse) => unknown> = {
  "a field that cannot be": (response) => response.writeHead(200, { "x-own": "two\nlines" }),
  "an array with a name too many": (response) => response.writeHead(200, ["x-own"]),
  "a message that cannot be": (response) => response.writeHead(200, "two\nlines"),
  "a status that cannot be": (response) => response.writeHead(20_000),
  "a body that is a number": (response) => response.end(5),
  "a part that is null": (response) => response.write(null),
};

const failures = (events: readonly HandlerEvent[]): HandlerEvent[] =>
  events.filter((event) => event.type === "application-error");

for (const [store, backend] of Object.entries(stores)) {
  describe(`with ${store}, a listener that opens a session`, () => {
    for (const [kind, send] of Object.entries(unsendable)) {
      test(`with ${kind} is 500 and opens none`, { timeout: 30_000 }, async (t) => {
        const { port, sessions, events } = await served(t, (_request, response) => {
          send(response);
          response.end();
        }, { backend: backend() });
        const { status, message, headers, text } = await ask(port, "/open");
        assert.deepEqual([status, message], [500, "Internal Server Error"]);
        assert.equal(JSON.parse(text).error.code, -32603);
        assert.equal(headers["mcp-session-id"], undefined);
        assert.equal(await sessions.count(), 0);
        assert.equal(failures(events).length, 1);
      });
    }

    for (const kind of ["a field that cannot be", "a body that is a number"]) {
      test(`with ${kind} may answer otherwise`, { timeout: 30_000 }, async (t) => {
        const { port, sessions, events } = await served(t, (_request, response) => {
          try {
            unsendable[kind]!(response);
          } catch {
            response.statusCode = 422;
            response.end("no");
          }
        }, { backend: backend() });
        const { status, headers, text } = await ask(port, "/open");
        assert.deepEqual([status, text], [422, "no"]);
        assert.equal(headers["mcp-session-id"], undefined);
        assert.equal(await sessions.count(), 0);
        assert.deepEqual(failures(events), []);
      });
    }

    const begun: Record<string, (response: ServerResponse) => unknown> = {
      "its head": (response) => response.writeHead(200, "Fine"),
      "a part of its answer": (response) => response.write("half"),
      "a part of an event stream": (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": hello\n\n");
      },
      "a body that is shorter than its length": (response) => {
        response.strictContentLength = true;
        response.setHeader("content-length", 5);
        response.end("half");
      },
    };
    for (const [kind, begin] of Object.entries(begun)) {
      test(`and throws after ${kind} opens none`, { timeout: 30_000 }, async (t) => {
        const { port, sessions, events } = await served(t, (_request, response) => {
          begin(response);
          throw new Error("secret");
        }, { backend: backend() });
        // Where Node has taken the head, no other can be sent.
        const answer = await ask(port, "/open").catch(({ code }) => code);
        if (answer !== "ECONNRESET") {
          assert.deepEqual([answer.status, answer.message], [500, "Internal Server Error"]);
          assert.equal(answer.headers["mcp-session-id"], undefined);
        }
        assert.equal(await sessions.count(), 0);
        assert.equal(failures(events).length, 1);
      });
    }

    // The longer one is not sent yet when the listener throws.
    for (const whole of ["whole", "w".repeat(8 << 20)]) {
      test(`and throws after its answer of ${whole.length} bytes has opened it`, {
        timeout: 30_000,
      }, async (t) => {
        const { port, sessions, events } = await served(t, (_request, response) => {
          response.end(whole);
          throw new Error("secret");
        }, { backend: backend() });
        const { status, text, cut } = await ask(port, "/open");
        assert.deepEqual([status, text.length, cut], [200, whole.length, false]);
        assert.equal(await sessions.count(), 1);
        assert.equal(failures(events).length, 1);
      });
    }

    test("and throws once its client has the id has opened it", { timeout: 30_000 }, async (t) => {
      let fail = (): void => {};
      const failing = new Promise<never>((_, reject) => fail = () => reject(new Error("secret")));
      const { port, sessions, events } = await served(t, (_request, response) => {
        response.write("half");
        return failing;
      }, { backend: backend() });
      const asking = request({ host: "127.0.0.1", port, path: "/open", method: "POST" }).end();
      const answer = await new Promise<IncomingMessage>((got) => asking.once("response", got));
      assert.match(String(answer.headers["mcp-session-id"]), /^[\w-]{24}$/);
      const closed = new Promise<void>((resolve) => answer.once("close", resolve));
      answer.on("error", () => {/* the close that follows tells */}).resume();
      fail();
      await closed;
      assert.equal(answer.complete, false);
      assert.equal(await sessions.count(), 1);
      assert.equal(failures(events).length, 1);
    });
  });
}

test("a listener that throws while a store is asked that refuses is 503", async (t) => {
  const { port, sessions, events } = await served(t, (_request, response) => {
    response.write("half");
    throw new Error("secret");
  }, { backend: distant(true) });
  const { status, message } = await ask(port, "/open");
  assert.deepEqual([status, message], [503, "Service Unavailable"]);
  assert.equal(await sessions.count(), 0);
  assert.equal(failures(events).length, 1);
});

test("a message that the listener has set goes with its status alone", async (t) => {
  for (const backend of [undefined, distant(true)]) {
    const { port } = await served(t, (_request, response) => {
      response.statusMessage = "Fine";
      if (backend === undefined) throw new Error("secret");
      response.end("hello");
    }, backend && { backend });
    const { message } = await ask(port, "/open");
    assert.equal(message, backend ? "Service Unavailable" : "Internal Server Error");
  }
});

test(
  "a response that can be neither opened nor replaced is broken off",
  { timeout: 30_000 },
  async (t) => {
    const { port, sessions } = await served(t, (_request, response) => {
      response.setHeader("x-own", "yes");
      for (const name of ["setHeader", "removeHeader"] as const) {
        response[name] = () => {
          throw new Error("it is somebody else's");
        };
      }
      response.end("hello");
    }, { backend: distant() });
    await assert.rejects(ask(port, "/open"), { code: "ECONNRESET" });
    assert.equal(await sessions.count(), 0);
  },
);
