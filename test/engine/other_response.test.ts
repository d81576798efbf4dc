import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, createSessions } from "../../core/engine/mod.ts";
import { initialize } from "./endpoint.ts";

const Own = Response;

/** What `@hono/node-server` 1 puts in the place of the global one; `json()` gives what it always gave. */
class Other extends Response {
  static override json(value: unknown, init?: ResponseInit): Response {
    return Own.json(value, init);
  }
}

function replaced(t: { after(fn: () => void): void }): void {
  globalThis.Response = Other;
  t.after(() => void (globalThis.Response = Own));
}

describe("where something has put another Response in the place of the global one", () => {
  for (const cors of [false, true]) {
    test(`a guarded handler may give one of the runtime's${cors ? " to a page" : ""}`, async (t) => {
      replaced(t);
      const sessions = createSessions({ opens: ({ url }) => url.endsWith("/init"), cors });
      const guarded = sessions.guard((_, session) => Response.json({ hello: session.id }));
      const opened = await guarded(new Request("http://localhost/init", { method: "POST" }));
      assert.equal(opened.status, 200);
      const id = opened.headers.get("mcp-session-id");
      assert.deepEqual(await opened.json(), { hello: id });
      const headers = { "mcp-session-id": id! };
      const next = await guarded(new Request("http://localhost/", { method: "POST", headers }));
      assert.deepEqual(await next.json(), { hello: id });
    });

    test(`authenticate may give one of the runtime's${cors ? " to a page" : ""}`, async (t) => {
      replaced(t);
      const mcp = createMcpHandler({
        serverInfo: { name: "test", version: "1" },
        request: () => ({}),
      }, {
        cors,
        authenticate: () =>
          Response.json({ who: "are you" }, {
            status: 401,
            headers: { "www-authenticate": "Bearer" },
          }),
      });
      const { body, ...rest } = posting();
      const answer = await mcp.fetch(new Request("http://localhost/mcp", { ...rest, body }));
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get("www-authenticate"), "Bearer");
      assert.deepEqual(await answer.json(), { who: "are you" });
    });
  }
});

function posting() {
  const headers = { "content-type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(initialize()) };
}
