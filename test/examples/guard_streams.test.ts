import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test, type TestContext } from "node:test";
import { memory } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { ask, type Listener, open, served } from "./guarded.ts";

describe("an event stream", () => {
  const headers = { "content-type": "text/event-stream" };

  test("ends with its session, whatever is still written", { timeout: 30_000 }, async (t) => {
    let timer: NodeJS.Timeout | undefined;
    t.after(() => clearInterval(timer));
    const { port, sessions } = await served(t, (request, response) => {
      if (request.url === "/open") return response.end();
      response.writeHead(200, headers).write(": hello\n\n");
      // It never looks whether anybody is there.
      timer = setInterval(() => response.write(": tick\n\n"), 1);
    });
    const id = await open(port);
    const reading = ask(port, "/events", { method: "GET", id });
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal((await ask(port, "/", { method: "DELETE", id })).status, 204);
    const { text, cut } = await reading;
    assert.match(text, /^: hello\n\n/);
    assert.equal(cut, false);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(await sessions.count(), 0);
  });

  test("takes no word after its end, and fails for none", { timeout: 30_000 }, async (t) => {
    let late = (): unknown => undefined;
    const { port, sessions, events } = await served(t, async (request, response, session) => {
      if (request.url === "/open") return response.end();
      response.writeHead(200, headers).write(": hello\n\n");
      response.on("error", (error) => events.push({ type: "backend-error", error }));
      await sessions.end(session.id);
      // In the same turn, before Node has noticed that the answer is over.
      for (let i = 0; i < 5; i++) await undefined;
      late = () => response.write(": late\n\n");
      late();
    });
    const { status, text } = await ask(port, "/events", { method: "GET", id: await open(port) });
    assert.deepEqual([status, text], [200, ": hello\n\n"]);
    late();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(events.filter((event) => event.type.endsWith("-error")), []);
  });

  test("whose session ended before its head ends at once", { timeout: 30_000 }, async (t) => {
    const { port, sessions } = await served(t, async (request, response, session) => {
      if (request.url === "/open") return response.end();
      await sessions.end(session.id);
      response.setHeader("Content-Type", "text/event-stream");
      response.write(": hello\n\n");
    });
    const { status, text } = await ask(port, "/events", { method: "GET", id: await open(port) });
    assert.deepEqual([status, text], [200, ": hello\n\n"]);
  });

  test("holds its session for longer than the idle time", { timeout: 30_000 }, async (t) => {
    const clock = new FakeClock();
    const { port, sessions } = await served(t, (request, response) => {
      if (request.url === "/open") return response.end();
      response.writeHead(200, headers).flushHeaders();
      clock.pass(1_500);
      response.end("data: late\n\n");
    }, { clock, limits: { idleMs: 1_000 } });
    const id = await open(port);
    const { text } = await ask(port, "/events", { method: "GET", id });
    assert.equal(text, "data: late\n\n");
    assert.equal(await sessions.count(), 1);
    assert.equal((await ask(port, "/event", { id, method: "DELETE" })).status, 204);
  });

  test("that its client leaves does not hold it any more", { timeout: 30_000 }, async (t) => {
    let gone: (() => void) | undefined;
    const left = new Promise<void>((resolve) => gone = resolve);
    const { port, events } = await served(t, (request, response) => {
      if (request.url === "/open") return response.end();
      response.writeHead(200, headers).flushHeaders();
      response.on("close", () => gone?.());
    }, { limits: { sessions: 1 } });
    const id = await open(port);
    const reading = request({
      ...{ host: "127.0.0.1", port, path: "/events", headers: { "mcp-session-id": id } },
    });
    reading.on("error", () => {/* it is cut off by this test */});
    reading.end();
    await new Promise((resolve) => reading.once("response", resolve));
    assert.equal((await ask(port, "/open")).status, 503);
    reading.destroy();
    await left;
    assert.equal((await ask(port, "/open")).status, 200);
    const ended = events.filter((event) => event.type === "session-ended");
    assert.deepEqual(ended.map(({ session, reason }) => [session, reason]), [[id, "evicted"]]);
  });
});

describe("a client that leaves while the session is looked up", () => {
  /** Serves a listener that a client's request to /event reaches once the client is gone. */
  async function left(t: TestContext, listener: Listener) {
    const asked = Promise.withResolvers<void>();
    const found = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const store = memory();
    const sessions = instead(store.sessions, "get", async (own, args) => {
      asked.resolve();
      await found.promise;
      return await own(...args);
    });
    const { port } = await served(t, (request, response, session) => {
      if (request.url === "/open") return response.end();
      listener(request, response, session);
      called.resolve();
    }, { backend: { ...store, sessions } });
    const id = await open(port);
    const leaving = request({
      ...{ host: "127.0.0.1", port, path: "/event", headers: { "mcp-session-id": id } },
    });
    leaving.on("error", () => {/* it is cut off by this test */});
    leaving.end();
    await asked.promise;
    leaving.destroy();
    // Round trips of others: by then the server has seen it leave.
    for (let i = 0; i < 3; i++) await open(port);
    found.resolve();
    await called.promise;
    return () => store.sessions.get(id) as { readonly held: boolean };
  }

  test("does not hold it", { timeout: 30_000 }, async (t) => {
    const record = await left(t, () => {});
    while (record().held) await turns();
  });

  // A stream that is written by a timer would go on for ever.
  test("is told to the listener like any that leaves", { timeout: 30_000 }, async (t) => {
    const heard: string[] = [];
    await left(t, (request, response) => {
      request.on("close", () => heard.push("request"));
      response.once("close", () => heard.push("response"));
    });
    while (heard.length < 2) await turns();
    assert.deepEqual(heard.sort(), ["request", "response"]);
  });
});
