import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";
import { guardListener } from "../../adapters/runtimes/node.ts";
import { createSessions } from "../../core/engine/mod.ts";
import { ask, distant, opens, served, stores } from "./guarded.ts";

/** Every usual order in which a listener answers "hello, world" with a header of its own. */
const orders: Record<string, (response: ServerResponse, request: IncomingMessage) => unknown> = {
  "setHeader, end": (response) => {
    response.setHeader("x-own", "yes");
    response.end("hello, world");
  },
  "writeHead, end": (response) => {
    response.writeHead(200, { "x-own": "yes" }).end("hello, world");
  },
  "writeHead with a message and an array": (response) => {
    response.writeHead(200, "Fine", ["x-own", "yes"]);
    response.end("hello, world");
  },
  "writeHead with pairs": (response) => {
    const pairs: unknown = [["x-own", "yes"], ["set-cookie", ["a=1", "b=2"]], [
      "Content-Length",
      12,
    ]];
    response.writeHead(200, pairs as string[]).end("hello, world");
  },
  "writeHead with a message and one pair": (response) => {
    response.writeHead(200, "Fine", [["x-own", "yes"]] as unknown as string[]).end("hello, world");
  },
  "writeHead with an array that repeats a name": (response) => {
    response.setHeader("X-Own", "no");
    response.writeHead(200, ["x-own", "yes", "set-cookie", "a=1", "set-cookie", "b=2"]);
    response.end("hello, world");
  },
  "writeHead without a message": (response) => {
    response.writeHead(200, undefined, { "x-own": "yes" }).end("hello, world");
  },
  "setHeader, writeHead with others": (response) => {
    response.setHeader("x-own", "no");
    response.setHeader("x-other", "1");
    response.writeHead(200, { "X-Own": "yes" });
    response.end("hello, world");
  },
  "write, write, end": (response) => {
    response.setHeader("x-own", "yes");
    response.write("hello");
    response.write(", ");
    response.end("world");
  },
  "writeHead, write, end with callbacks": async (response) => {
    response.writeHead(200, { "x-own": "yes" });
    await new Promise<void>((done) => response.write("hello", () => done()));
    await new Promise<void>((done) => response.write(", ", "utf8", () => done()));
    await new Promise<void>((done) => response.end("world", () => done()));
  },
  "flushHeaders, then the body later": async (response) => {
    response.setHeader("x-own", "yes");
    response.flushHeaders();
    await new Promise((resolve) => setTimeout(resolve, 40));
    response.end("hello, world");
  },
  "status and head later than the listener returns": (response) => {
    setTimeout(() => {
      response.statusCode = 200;
      response.setHeader("x-own", "yes");
      response.end("hello, world");
    }, 10);
  },
  "write one at a time, as drain allows": async (response) => {
    response.setHeader("x-own", "yes");
    for (const part of ["hello", ", ", "world"]) {
      if (!response.write(part)) await new Promise<void>((go) => response.once("drain", go));
    }
    response.end();
  },
  "a pipeline": async (response) => {
    response.setHeader("x-own", "yes");
    await pipeline(Readable.from(["hello", ", ", "world"]), response);
  },
  "after the body was read": async (response, request) => {
    for await (const _ of request) { /* taken off the connection */ }
    response.setHeader("x-own", "yes");
    response.end("hello, world");
  },
  "a setHeader of somebody else's": (response) => {
    const { setHeader } = response;
    response.setHeader = (name, value) => setHeader.call(response, name, value);
    response.setHeader("x-own", "yes");
    response.end("hello, world");
  },
  "wrapped as compression does it": (response) => {
    const { writeHead, write, end } = response;
    let told = false;
    // Its own methods stand before the library's: they must stay there when the head is out.
    Object.assign(response, {
      writeHead(...args: Parameters<typeof writeHead>) {
        if (!told) response.setHeader("x-own", "yes");
        told = true;
        return writeHead.apply(response, args);
      },
      write: (chunk: string) => {
        if (!response.headersSent) response.writeHead(response.statusCode);
        return write.call(response, chunk.toLowerCase(), "utf8");
      },
      end: (chunk: string) => {
        if (!response.headersSent) response.writeHead(response.statusCode);
        return end.call(response, chunk.toLowerCase(), "utf8");
      },
    });
    response.write("HELLO");
    setTimeout(() => {
      response.write(", ");
      response.end("WORLD");
    }, 40);
  },
};

// What was written before 2017 asks Node's own field whether the head is out.
orders["wrapped as older middleware does it"] = (response) => {
  const inner = response as ServerResponse & { _header: string | null };
  const { write, end } = response;
  const implicit = (): void => {
    if (!inner._header) response.writeHead(200, { "x-own": "yes" });
  };
  Object.assign(response, {
    write: (chunk: string) => (implicit(), write.call(response, chunk, "utf8")),
    end: (chunk: string) => (implicit(), end.call(response, chunk, "utf8")),
  });
  response.write("hello");
  response.write(", ");
  response.end("world");
};

for (const [store, backend] of Object.entries(stores)) {
  describe(`with ${store}, a listener that answers with`, () => {
    for (const [order, answer] of Object.entries(orders)) {
      test(`${order} opens a session and is served in it`, { timeout: 30_000 }, async (t) => {
        const { port, sessions, events } = await served(
          t,
          (request, response) => answer(response, request),
          { backend: backend() },
        );
        const opened = await ask(port, "/open", { body: "{}" });
        assert.equal(opened.status, 200);
        assert.equal(opened.text, "hello, world");
        assert.equal(opened.headers["x-own"], "yes");
        if (/pairs|repeats/.test(order)) {
          assert.deepEqual(opened.headers["set-cookie"], ["a=1", "b=2"]);
        }
        const id = opened.headers["mcp-session-id"] as string;
        assert.match(id, /^[\w-]{24}$/);
        assert.equal(await sessions.count(), 1);

        const next = await ask(port, "/event", { id, body: "{}" });
        assert.deepEqual([next.status, next.text], [200, "hello, world"]);
        assert.equal(next.headers["x-own"], "yes");
        assert.equal(next.headers["mcp-session-id"], undefined);
        assert.deepEqual(events.filter((event) => event.type === "application-error"), []);
      });
    }

    const empty: Record<string, (response: ServerResponse, done: () => void) => unknown> = {
      "end": (response, done) => (response.end(), done()),
      "end with null": (response, done) => (response.end(null), done()),
      "end with a callback": (response, done) => response.end(done),
      "writeHead with null": (response, done) => {
        response.writeHead(200, null as unknown as undefined).end(done);
      },
    };
    for (const [kind, answer] of Object.entries(empty)) {
      test(`no body, by ${kind}, opens a session`, { timeout: 30_000 }, async (t) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const { port, sessions } = await served(
          t,
          (_request, response) => answer(response, resolve),
          { backend: backend() },
        );
        const { status, text, headers } = await ask(port, "/open");
        assert.deepEqual([status, text], [200, ""]);
        assert.match(String(headers["mcp-session-id"]), /^[\w-]{24}$/);
        assert.equal(await sessions.count(), 1);
        await promise;
      });
    }

    test("another status opens none", { timeout: 30_000 }, async (t) => {
      for (const status of [302, 400, 500]) {
        const { port, sessions } = await served(t, (_request, response) => {
          response.writeHead(status, { "x-own": "yes" }).end("no");
        }, { backend: backend() });
        const { headers, text, ...refused } = await ask(port, "/open");
        assert.deepEqual([refused.status, text, headers["x-own"]], [status, "no", "yes"]);
        assert.equal(headers["mcp-session-id"], undefined);
        assert.equal(await sessions.count(), 0);
      }
    });

    test("statusCode 404 opens none", { timeout: 30_000 }, async (t) => {
      const { port, sessions } = await served(t, (_request, response) => {
        response.statusCode = 404;
        response.end();
      }, { backend: backend() });
      const { status, headers } = await ask(port, "/open");
      assert.deepEqual([status, headers["mcp-session-id"]], [404, undefined]);
      assert.equal(await sessions.count(), 0);
    });
  });
}

/** Listeners whose whole answer goes nowhere where the session cannot be stored. */
const swallowed: Record<string, (response: ServerResponse) => unknown> = {
  "writeHead, end": (response) => {
    response.writeHead(200, { "x-own": "yes", "content-type": "text/plain" }).end("hello");
  },
  "setHeader, write, end": (response) => {
    response.setHeader("x-own", "yes");
    response.write("hello");
    response.end("world");
  },
  "callbacks that are waited for": async (response) => {
    await new Promise<void>((done) => response.write("hello", () => done()));
    await new Promise<void>((done) => response.end(() => done()));
  },
  "an endless stream": (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write(": tick\n\n"), 5);
    response.on("close", () => clearInterval(timer));
  },
  "a pipeline": async (response) => {
    await pipeline(Readable.from(["hello", "world"]), response);
  },
};

describe("a session that cannot be stored", () => {
  for (const [kind, answer] of Object.entries(swallowed)) {
    test(`is 503 in place of what was written by ${kind}`, { timeout: 30_000 }, async (t) => {
      let whole: unknown;
      const { port, sessions, events } = await served(t, (request, response) => {
        // One that never ends its answer holds the only place.
        if (request.url === "/open?hold") return response.writeHead(200).flushHeaders();
        return whole = answer(response);
      }, { limits: { sessions: 1 } });
      const holding = request({ host: "127.0.0.1", port, path: "/open?hold", method: "POST" });
      holding.end();
      await new Promise((resolve) => holding.once("response", resolve));
      const { status, headers, text } = await ask(port, "/open");
      assert.equal(status, 503);
      assert.equal(headers["mcp-session-id"], undefined);
      assert.equal(headers["x-own"], undefined);
      assert.equal(headers["content-type"], "application/json");
      assert.equal(headers["retry-after"], "1");
      assert.match(JSON.parse(text).error.message, /Every session is in use/);
      assert.equal(await sessions.count(), 1);
      // To the listener it was an answer like any other.
      await whole;
      assert.deepEqual(events.filter((event) => event.type === "application-error"), []);
      holding.destroy();
    });

    test(`is 503 where a distant store fails: ${kind}`, { timeout: 30_000 }, async (t) => {
      let whole: unknown;
      const { port, sessions } = await served(
        t,
        (_request, response) => whole = answer(response),
        { backend: distant(true) },
      );
      const { status, headers, text } = await ask(port, "/open");
      // A stream that had more to say finds its answer closed, as where a client leaves.
      await Promise.resolve(whole).catch(({ code }) =>
        assert.equal(code, "ERR_STREAM_PREMATURE_CLOSE")
      );
      assert.deepEqual([status, headers["x-own"]], [503, undefined]);
      assert.match(JSON.parse(text).error.message, /The session store does not answer/);
      assert.equal(await sessions.count(), 0);
    });
  }

  test("keeps the headers that stood there before the listener", async (t) => {
    const sessions = createSessions({ opens, backend: distant(true), onEvent: () => {} });
    const guarded = guardListener(sessions, (_request, response: ServerResponse) => {
      response.setHeader("x-before", "changed");
      response.setHeader("x-own", "yes");
      response.end("hello");
    });
    const server = createServer((request, response) => {
      response.setHeader("x-before", "kept");
      guarded(request, response);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    t.after(() => server.close());
    const { status, headers } = await ask((server.address() as AddressInfo).port, "/open");
    assert.deepEqual([status, headers["x-before"], headers["x-own"]], [503, "kept", undefined]);
  });
});

describe("while a distant store has not answered", () => {
  test("the head is sent as far as the listener can tell", { timeout: 30_000 }, async (t) => {
    const seen: unknown[] = [];
    const { port } = await served(t, (_request, response) => {
      response.setHeader("x-own", "yes");
      seen.push(response.headersSent, response.writableEnded);
      response.end("hello");
      seen.push(response.headersSent, response.writableEnded);
      response.statusCode = 500;
      for (
        const change of [
          () => response.setHeader("x-late", "1"),
          () => response.removeHeader("x-own"),
          () => response.appendHeader("x-own", "2"),
        ]
      ) assert.throws(change, { code: "ERR_HTTP_HEADERS_SENT" });
    }, { backend: distant() });
    const { status, headers, text } = await ask(port, "/open");
    assert.deepEqual([status, text, headers["x-own"]], [200, "hello", "yes"]);
    assert.deepEqual(seen, [false, false, true, true]);
    assert.ok(headers["mcp-session-id"]);
  });
});

test("what the listener's answer varies by is kept beside what the guard adds", async (t) => {
  const said: Record<string, (response: ServerResponse) => unknown> = {
    "nothing": () => {},
    "setHeader": (response) => response.setHeader("Vary", "Accept-Language"),
    "writeHead": (response) => response.writeHead(200, { Vary: "Accept-Language" }),
    "an array": (response) => response.writeHead(200, ["Vary", "Accept-Language"]),
  };
  for (const [how, say] of Object.entries(said)) {
    const { port } = await served(t, (_request, response) => {
      say(response);
      response.end("hello");
    }, { cors: true });
    const { headers } = await ask(port, "/open");
    assert.equal(headers.vary, how === "nothing" ? "Origin" : "Accept-Language, Origin", how);
  }
});
