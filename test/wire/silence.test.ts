/**
 * A 14-second silent call and a 30-second idle GET survive on this runtime's default settings, with `serve()` and
 * with what a user writes in one line; with `serve()`, so does an idle connection. All wait at the same time.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createMcpHandler, type McpHandler } from "../../core/engine/mod.ts";
import { type Answer, type Fields, Line } from "./harness/http.ts";
import { join, posting, request } from "./harness/mcp.ts";
import { app, serveHere, servePlain } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const CALL_MS = 14_000;
const IDLE_MS = 30_000;

const WAYS: Readonly<
  Record<string, (mcp: McpHandler) => Promise<{ port: number; close(): Promise<void> }>>
> = {
  "serve()": (mcp) => serveHere(mcp, { within: 0 }),
  "a plain server": servePlain,
};

/** What is sent, and how many milliseconds it is silent. */
const CALLS: Readonly<Record<string, { method: string; accept: string }>> = {
  "whose client takes both": { method: "sleep", accept: "application/json, text/event-stream" },
  "whose client takes JSON only": { method: "sleep", accept: "application/json" },
  "whose client takes a stream only": { method: "sleep", accept: "text/event-stream" },
  "that said something before": { method: "talk", accept: "application/json, text/event-stream" },
};

const sleeper = app((one, exchange) => {
  if (one.method === "talk") exchange.notify("notifications/message", { data: "before" });
  return new Promise((done) => setTimeout(() => done({ slept: true }), CALL_MS));
});

const ends: (() => Promise<void>)[] = [];
const results = new Map<string, Promise<unknown>>();

async function resultOf(answer: Answer): Promise<unknown> {
  assert.equal(answer.status, 200);
  if (answer.get("content-type") === "application/json") return (await answer.json()).result;
  return (await new Events(answer).rest()).at(-1)?.result;
}

before(async () => {
  for (const [way, serve] of Object.entries(WAYS)) {
    const mcp = createMcpHandler(sleeper);
    const server = await serve(mcp);
    ends.push(() => server.close());
    const peer = await join(server);
    for (const [name, { method, accept }] of Object.entries(CALLS)) {
      const fields: Fields = [["Accept", accept]];
      results.set(`${way} ${name}`, peer.call(method, {}, { fields }).then(resultOf));
    }
    const stream = await peer.listen();
    const idle = async (): Promise<unknown> => {
      await new Promise((next) => setTimeout(next, IDLE_MS));
      (await mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "still here" });
      return (await stream.next())?.params.data;
    };
    results.set(`${way} idle`, idle());
    const used = async (): Promise<unknown> => {
      const line = await Line.dial(server.port);
      ends.push(() => Promise.resolve(line.cut()));
      const statuses: number[] = [];
      for (const waitMs of [0, IDLE_MS]) {
        await new Promise((next) => setTimeout(next, waitMs));
        line.send(posting(request("used", "ping"), peer.fields));
        const answer = await line.answer();
        await answer.text();
        statuses.push(answer.status);
      }
      return statuses;
    };
    if (way === "serve()") results.set("used", used());
  }
  // Each is looked at by its own test; one that fails before that is not unhandled.
  for (const result of results.values()) result.catch(() => "its test tells");
});
after(async () => {
  for (const end of ends) await end();
});

for (const way of Object.keys(WAYS)) {
  describe(`with ${way}`, () => {
    for (const name of Object.keys(CALLS)) {
      test(`a call that is silent for 14 seconds, ${name}`, { timeout: 30_000 }, async () => {
        assert.deepEqual(await results.get(`${way} ${name}`), { slept: true });
      });
    }

    test("a GET on which nothing happens for 30 seconds", { timeout: 45_000 }, async () => {
      assert.equal(await results.get(`${way} idle`), "still here");
    });
  });
}

test("a connection of serve() that was idle for 30 seconds", { timeout: 45_000 }, async () => {
  assert.deepEqual(await results.get("used"), [200, 200]);
});
