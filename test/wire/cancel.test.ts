/** WIRE.md, section 3: what stops a call, and what does not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../core/engine/mod.ts";
import { type Fields, Line } from "./harness/http.ts";
import { join, notification, posting, request } from "./harness/mcp.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";

interface World {
  readonly server: Server;
  /** The ids of calls whose signal aborted. */
  readonly stopped: (string | number | undefined)[];
  /** Lets every call finish. */
  finish(): void;
}

async function world(scope: Scope): Promise<World> {
  const stopped: (string | number | undefined)[] = [];
  const gates: (() => void)[] = [];
  const server = await up(
    scope,
    app((one, { signal }: Exchange) =>
      one.method !== "work" ? {} : new Promise((done) => {
        signal.addEventListener("abort", () => stopped.push(one.id));
        gates.push(() => done({ finished: one.id }));
      })
    ),
  );
  return { server, stopped, finish: () => gates.splice(0).forEach((open) => open()) };
}

async function inFlight(server: Server, count: number): Promise<void> {
  while ((await server.mcp.stats()).inFlight !== count) {
    await new Promise((next) => setTimeout(next, 2));
  }
}

const cancel = (requestId: unknown) => notification("notifications/cancelled", { requestId });

describe("notifications/cancelled", () => {
  test("stops a call whose answer was to be JSON: the POST settles at once, without a response", async (t) => {
    const { server, stopped, finish } = await world(t);
    const peer = await join(server);
    const waiting = peer.call("work", {}, { id: 1 });
    await inFlight(server, 1);
    assert.equal((await peer.post(cancel(1))).status, 202);
    const answer = await waiting;
    assert.equal(answer.status, 202);
    assert.equal(await answer.text(), "");
    assert.equal(answer.get("content-type"), undefined);
    assert.deepEqual(stopped, [1]);
    finish();
    const { inFlight: left, aborted } = await server.mcp.stats();
    assert.deepEqual([left, aborted], [0, 1]);
  });

  test("stops a call whose answer is a stream: the stream ends without a response", async (t) => {
    const { server, stopped, finish } = await world(t);
    const peer = await join(server);
    const stream = await peer.stream("work", {}, "a");
    await peer.post(cancel("a"));
    finish();
    assert.deepEqual(await stream.rest(), []);
    assert.ok(stream.answer.complete);
    assert.deepEqual(stopped, ["a"]);
  });

  test("frees the id", async (t) => {
    const { server } = await world(t);
    const peer = await join(server);
    const waiting = peer.call("work", {}, { id: 1 });
    await inFlight(server, 1);
    await peer.post(cancel(1));
    (await waiting).line.cut();
    assert.equal((await peer.post(request(1, "x"))).status, 200);
  });

  for (const other of ["1", 2, null, undefined, {}, "__proto__"]) {
    test(`of ${JSON.stringify(other)} does not stop 1`, async (t) => {
      const { server, stopped, finish } = await world(t);
      const peer = await join(server);
      const waiting = peer.call("work", {}, { id: 1 });
      await inFlight(server, 1);
      assert.equal((await peer.post(cancel(other))).status, 202);
      assert.deepEqual(stopped, []);
      finish();
      const answer = await waiting;
      assert.deepEqual((await answer.json()).result, { finished: 1 });
      answer.line.cut();
    });
  }

  test("from another session does not stop it", async (t) => {
    const { server, stopped, finish } = await world(t);
    const [one, two] = [await join(server), await join(server)];
    const waiting = one.call("work", {}, { id: 1 });
    await inFlight(server, 1);
    await two.post(cancel(1));
    assert.deepEqual(stopped, []);
    finish();
    (await waiting).line.cut();
  });

  test("of a finished call, or of none, is accepted", async (t) => {
    const { server } = await world(t);
    const peer = await join(server);
    await peer.post(request(1, "x"));
    assert.equal((await peer.post(cancel(1))).status, 202);
    assert.equal((await server.mcp.stats()).aborted, 0);
  });
});

describe("a lost connection stops nothing", () => {
  test("while the answer would have been JSON", async (t) => {
    const { server, stopped, finish } = await world(t);
    const peer = await join(server);
    const line = await Line.dial(server.port);
    line.send(posting(request(1, "work"), peer.fields));
    await inFlight(server, 1);
    line.cut();
    await peer.post(request(2, "x"));
    assert.deepEqual(stopped, []);
    finish();
    await inFlight(server, 0);
    assert.equal((await server.mcp.stats()).aborted, 0);
  });

  test("while the answer is a stream: the result waits in the log", async (t) => {
    const { server, stopped, finish } = await world(t);
    const peer = await join(server);
    const stream = await peer.stream("work", {}, 1);
    await stream.block();
    stream.cut();
    while ((await server.mcp.stats()).streams > 0) await peer.post(notification("x"));
    assert.deepEqual(stopped, []);
    finish();
    await inFlight(server, 0);
    const resumed = await peer.listen(stream.lastId);
    assert.deepEqual((await resumed.rest()).map((one) => one.result), [{ finished: 1 }]);
    assert.ok(resumed.answer.complete);
  });

  test("of the standalone stream either", async (t) => {
    const { server, stopped, finish } = await world(t);
    const peer = await join(server);
    const waiting = peer.call("work", {}, { id: 1 });
    const standalone = await peer.listen();
    standalone.cut();
    while ((await server.mcp.stats()).streams > 0) await peer.post(notification("x"));
    finish();
    const answer = await waiting;
    assert.deepEqual(stopped, []);
    assert.deepEqual((await answer.json()).result, { finished: 1 });
  });
});

describe("a client that is gone leaves nothing behind", () => {
  /** A server that lets a method in only once `admit` is called. */
  async function gated(scope: Scope, gatedMethod: string) {
    const events: string[] = [];
    let admit = (): void => {};
    let asked = 0;
    const gate = new Promise<void>((open) => admit = open);
    const server = await up(scope, app(), {
      authenticate: async ({ method, headers }) => {
        if (method !== gatedMethod || headers.get("x-gated") === null) return undefined;
        asked++;
        await gate;
        return undefined;
      },
      onEvent: (event) => event.type === "exchange" && events.push(`${event.http} ${event.status}`),
    });
    const peer = await join(server);
    const gone = async (fields: Fields, body?: string): Promise<void> => {
      const line = await Line.dial(server.port);
      const all: Fields = [...peer.fields, ["X-Gated", "1"], ...fields];
      line.send({ method: gatedMethod, fields: all, ...(body === undefined ? {} : { body }) });
      while (asked === 0) await peer.post(notification("x"));
      line.cut();
      // The server has to learn of it; there is nothing to wait for.
      await new Promise((next) => setTimeout(next, 50));
      events.length = 0;
      admit();
    };
    return { server, peer, events, gone };
  }

  test("before its stream begins", { timeout: 30_000 }, async (t) => {
    const { server, peer, events, gone } = await gated(t, "GET");
    await gone([["Accept", "text/event-stream"]]);
    while (!events.includes("GET 200")) await peer.post(notification("x"));
    while ((await server.mcp.stats()).streams > 0) await peer.post(notification("x"));
    const stream = await peer.listen();
    stream.cut();
  });

  test("before its body is read", { timeout: 30_000 }, async (t) => {
    const { peer, events, gone } = await gated(t, "POST");
    await gone([["Content-Type", "application/json"], ["Content-Length", "1000"]], "{");
    while (!events.includes("POST 400")) await peer.post(notification("x"));
  });
});
