/** WIRE.md, section 2: DELETE ends everything of a session, once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../core/engine/mod.ts";
import { Line } from "./harness/http.ts";
import { join, notification, request } from "./harness/mcp.ts";
import { app, type Server, up } from "./harness/runtime.ts";

/** An application whose calls end only by being stopped. */
function endless(stopped: string[]) {
  return app((one, { signal }: Exchange) =>
    one.method === "hold"
      ? new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          stopped.push(String(one.id));
          reject(new Error("stopped"));
        });
      })
      : {}
  );
}

async function inFlight(server: Server, count: number): Promise<void> {
  while ((await server.mcp.stats()).inFlight !== count) {
    await new Promise((next) => setTimeout(next, 2));
  }
}

test("of eight at once one gets 204 and seven 404", async (t) => {
  const server = await up(t, app());
  for (let round = 0; round < 10; round++) {
    const { fields } = await join(server);
    const lines = await Promise.all(Array.from({ length: 8 }, () => Line.dial(server.port)));
    for (const line of lines) line.send({ method: "DELETE", fields });
    const all = await Promise.all(lines.map(async (line) => {
      const { status } = await line.answer();
      line.cut();
      return status;
    }));
    assert.deepEqual(all.sort(), [204, ...Array(7).fill(404)]);
  }
  assert.equal((await server.mcp.stats()).sessions, 0);
});

describe("a call in flight", () => {
  test("as JSON is stopped and its POST settled, before the 204", async (t) => {
    const stopped: string[] = [];
    const server = await up(t, endless(stopped), { response: "json" });
    const peer = await join(server);
    const held = [peer.call("hold", {}, { id: 1 }), peer.call("hold", {}, { id: "a" })];
    await inFlight(server, 2);
    assert.equal((await peer.end()).status, 204);
    assert.deepEqual(stopped.sort(), ["1", "a"]);
    for (const [i, id] of [1, "a"].entries()) {
      const answer = await held[i]!;
      assert.equal(answer.status, 404);
      const { error, id: echoed } = await answer.json();
      assert.equal(error.code, -32001);
      assert.equal(echoed, id);
      answer.line.cut();
    }
    assert.deepEqual(await server.mcp.stats(), {
      sessions: 0,
      streams: 0,
      inFlight: 0,
      aborted: 2,
    });
  });

  test("as a stream is stopped and its stream ended", async (t) => {
    const stopped: string[] = [];
    const server = await up(t, endless(stopped), { response: "sse" });
    const peer = await join(server);
    const stream = await peer.stream("hold", {}, 7);
    assert.equal((await peer.end()).status, 204);
    assert.deepEqual(await stream.rest(), []);
    assert.ok(stream.answer.complete);
    assert.deepEqual(stopped, ["7"]);
  });

  test("of another session is not touched", async (t) => {
    const stopped: string[] = [];
    const server = await up(t, endless(stopped));
    const [one, two] = [await join(server), await join(server)];
    two.call("hold", {}, { id: 1 }).catch(() => "its connection ends with the server");
    await inFlight(server, 1);
    assert.equal((await one.end()).status, 204);
    assert.deepEqual(stopped, []);
    assert.equal((await two.post(request(2, "x"))).status, 200);
  });
});

test("every open stream ends cleanly", async (t) => {
  const server = await up(t, endless([]), { response: "sse" });
  const peer = await join(server);
  const streams = [await peer.listen(), await peer.stream("hold"), await peer.stream("hold")];
  assert.equal((await server.mcp.stats()).streams, 3);
  assert.equal((await peer.end()).status, 204);
  for (const stream of streams) {
    assert.deepEqual(await stream.rest(), []);
    assert.ok(stream.answer.complete);
  }
  assert.equal((await server.mcp.stats()).streams, 0);
});

test("a server-to-client request that waits fails with the session", async (t) => {
  let code: unknown;
  const server = await up(
    t,
    app(async (_, exchange) => {
      await exchange.request("roots/list").catch((error) => code = error.code);
      return {};
    }),
  );
  const peer = await join(server);
  const stream = await peer.stream("ask");
  assert.equal((await stream.next()).method, "roots/list");
  assert.equal((await peer.end()).status, 204);
  while (code === undefined) await new Promise((next) => setTimeout(next, 2));
  assert.equal(code, "session-ended");
});

test("what comes after it is 404: nothing comes back to life", async (t) => {
  const server = await up(t, app());
  const peer = await join(server);
  const stream = await peer.listen();
  await stream.block();
  await peer.end();
  assert.equal((await peer.post(notification("notifications/initialized"))).status, 404);
  assert.equal((await peer.get(stream.lastId)).status, 404);
  assert.equal((await peer.end()).status, 404);
});

test("the application is told once, with the reason", async (t) => {
  const ended: [string, string][] = [];
  const server = await up(
    t,
    app(undefined, { ended: (id, reason) => void ended.push([id, reason]) }),
  );
  const peer = await join(server);
  await Promise.all([peer.end(), peer.end(), peer.end()]);
  assert.deepEqual(ended, [[peer.id, "terminated"]]);
});
