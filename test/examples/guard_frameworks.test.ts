import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import express from "express";
import fastify from "fastify";
import { guardListener } from "../../adapters/runtimes/node.ts";
import { createSessions } from "../../core/engine/mod.ts";
import { ask, served, stores } from "./guarded.ts";

describe("Express", () => {
  function app(): express.Express {
    const app = express();
    app.use(express.json());
    app.post("/open", (_request, response) => void response.json({ opened: true }));
    app.post("/refused", (_request, response) => void response.status(422).json({ no: true }));
    app.post("/thrown", () => {
      throw Object.assign(new Error("secret"), { expose: false });
    });
    app.post("/event", (request, response) => void response.json({ got: request.body }));
    app.get("/events", (_request, response) => {
      response.set("content-type", "text/event-stream");
      response.write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 20);
    });
    app.get("/file", (_request, response) => response.sendFile(import.meta.filename));
    return app;
  }
  const options = {
    opens: (request: { url: string }) =>
      ["/open", "/refused", "/thrown"].includes(new URL(request.url).pathname),
  };

  for (const [store, backend] of Object.entries(stores)) {
    test(`an app is served with sessions, with ${store}`, { timeout: 30_000 }, async (t) => {
      t.mock.method(console, "error", () => {/* Express prints what its handlers throw */});
      const listener = app();
      const { port, sessions } = await served(
        t,
        (request, response) => listener(request, response),
        { ...options, backend: backend() },
      );
      for (const [path, status] of [["/refused", 422], ["/thrown", 500]] as const) {
        const refused = await ask(port, path);
        assert.deepEqual([refused.status, refused.headers["mcp-session-id"]], [status, undefined]);
      }
      assert.equal(await sessions.count(), 0);
      const opened = await ask(port, "/open");
      assert.deepEqual([opened.status, opened.text], [200, '{"opened":true}']);
      const id = opened.headers["mcp-session-id"] as string;
      assert.equal((await ask(port, "/event")).status, 400);
      assert.equal((await ask(port, "/event", { id: "nobody's" })).status, 404);
      const file = await ask(port, "/file", { method: "GET", id });
      assert.match(file.text, /^import assert/);
      const events = await ask(port, "/events", { method: "GET", id });
      assert.equal(events.text, "data: 1\n\ndata: 2\n\n");
      assert.equal((await ask(port, "/missing", { id })).status, 404);
      assert.equal((await ask(port, "/", { method: "DELETE", id })).status, 204);
      assert.equal((await ask(port, "/event", { id })).status, 404);
    });
  }

  test("one route takes the sessions as middleware", { timeout: 30_000 }, async (t) => {
    const sessions = createSessions({ opens: ({ url }) => new URL(url).pathname === "/open" });
    const app = express();
    app.use("/mcp", (request, response, next) => {
      guardListener(sessions, (_request, _response, session) => {
        response.locals["session"] = session;
        next();
      })(request, response);
    });
    app.post("/mcp/open", (_request, response) => void response.json(response.locals["session"]));
    app.get("/health", (_request, response) => void response.send("fine"));
    const server = app.listen(0, "127.0.0.1");
    t.after(() => server.close());
    await new Promise((listening) => server.once("listening", listening));
    const { port } = server.address() as AddressInfo;
    assert.equal((await ask(port, "/health", { method: "GET" })).text, "fine");
    assert.equal((await ask(port, "/mcp/event")).status, 400);
    const { headers, text } = await ask(port, "/mcp/open");
    assert.equal(JSON.parse(text).id, headers["mcp-session-id"]);
  });
});

describe("Fastify", () => {
  for (const [store, backend] of Object.entries(stores)) {
    test(`an instance is served with sessions, with ${store}`, { timeout: 30_000 }, async (t) => {
      const sessions = createSessions({
        opens: ({ url }) => ["/open", "/refused", "/thrown"].includes(new URL(url).pathname),
        backend: backend(),
      });
      const app = fastify({
        serverFactory: (handler) =>
          createServer(guardListener(sessions, (request, response) => handler(request, response))),
      });
      t.after(() => app.close());
      app.post("/open", () => ({ opened: true }));
      app.post("/refused", (_request, reply) => reply.code(422).send({ no: true }));
      app.post("/thrown", () => Promise.reject(new Error("secret")));
      app.post("/event", (request) => ({ got: request.body ?? null }));
      app.get(
        "/events",
        (_request, reply) =>
          reply.type("text/event-stream").send(Readable.from(["data: 1\n\n", "data: 2\n\n"])),
      );
      await app.listen({ port: 0, host: "127.0.0.1" });
      const { port } = app.server.address() as AddressInfo;
      for (const [path, status] of [["/refused", 422], ["/thrown", 500]] as const) {
        const refused = await ask(port, path);
        assert.deepEqual([refused.status, refused.headers["mcp-session-id"]], [status, undefined]);
      }
      assert.equal(await sessions.count(), 0);
      const opened = await ask(port, "/open");
      assert.deepEqual([opened.status, opened.text], [200, '{"opened":true}']);
      const id = opened.headers["mcp-session-id"] as string;
      assert.equal((await ask(port, "/event")).status, 400);
      assert.equal((await ask(port, "/event", { id: "nobody's" })).status, 404);
      assert.equal((await ask(port, "/event", { id })).text, '{"got":null}');
      const events = await ask(port, "/events", { method: "GET", id });
      assert.equal(events.text, "data: 1\n\ndata: 2\n\n");
      assert.equal((await ask(port, "/", { method: "DELETE", id })).status, 204);
      assert.equal((await ask(port, "/event", { id })).status, 404);
    });
  }
});
