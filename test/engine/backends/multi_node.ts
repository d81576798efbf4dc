/** What must work on several nodes over any shared backend, whatever node a request comes to. */
import assert from "node:assert/strict";
import type { Check, RpcFailure, TestEvent } from "../../../adapters/testing/mod.ts";
import { type Backend, createSessions, type McpOptions } from "../../../core/engine/mod.ts";
import { type Cluster, gate, until, withCluster } from "./cluster.ts";

/** The lifecycle around plain handlers, on two nodes. */
async function guarded(backends: readonly Backend[]): Promise<void> {
  const guards = backends.slice(0, 2).map((backend) =>
    createSessions({ backend, opens: (request) => new URL(request.url).pathname === "/init" })
  );
  const serves = guards.map((one) => one.guard((_request, { id }) => Response.json({ id })));
  const ask = async (node: number, method: string, path: string, id?: string) => {
    const headers = new Headers(id === undefined ? {} : { "mcp-session-id": id });
    const response = await serves[node]!(
      new Request(`http://localhost${path}`, { method, headers }),
    );
    await response.body?.cancel();
    return response;
  };
  try {
    const id = (await ask(0, "POST", "/init")).headers.get("mcp-session-id")!;
    const statuses = [];
    for (
      const [node, method, path] of [[0, "GET", "/"], [1, "POST", "/x"], [1, "DELETE", "/"], [
        0,
        "GET",
        "/",
      ]] as const
    ) {
      statuses.push((await ask(node, method, path, id)).status);
    }
    assert.deepEqual(statuses, [200, 200, 204, 404]);
  } finally {
    await Promise.all(guards.map((one) => one.close()));
    for (const backend of new Set(backends)) await backend.close?.();
  }
}

/** The checks, for three backends that share a store. */
export function multiNode(make: () => Promise<readonly Backend[]> | readonly Backend[]): Check[] {
  const checks: Check[] = [];
  const check = (
    name: string,
    run: (cluster: Cluster, ended: string[]) => Promise<void>,
    options: McpOptions = {},
  ): void => {
    checks.push({ name, run: async () => withCluster(await make(), options, run) });
  };

  check("any verb on any node", async ({ client }, ended) => {
    const one = client();
    await one.initialize();
    for (const node of [0, 1, 2, 0]) {
      one.to(node);
      assert.deepEqual(await one.call("where"), { node });
    }
    one.to(1);
    assert.equal(await one.end(), 204);
    one.to(2);
    await assert.rejects(one.call("where"), (error) => (error as RpcFailure).status === 404);
    await until(() => ended.length === 3, "every node is told that the session ended");
  });

  check("eight DELETEs on three nodes: one ends the session", async ({ client }) => {
    const one = client();
    await one.initialize();
    const statuses = await Promise.all(Array.from({ length: 8 }, (_, i) => {
      one.to(i % 3);
      return one.end();
    }));
    assert.deepEqual(statuses.sort(), [204, 404, 404, 404, 404, 404, 404, 404]);
  });

  check("of streams that are opened at once on several nodes one is left", async ({
    client,
    nodes,
  }) => {
    const one = client();
    await one.initialize();
    for (let round = 1; round <= 10; round++) {
      const got: unknown[] = [];
      const opening = [0, 1, 0].map((node) => {
        one.to(node);
        return one.listen();
      });
      const open = new Set(await Promise.all(opening));
      const readings = [...open].map(async (stream) => {
        for await (const { message } of stream) {
          if (message !== undefined && got.push(message.params)) break;
        }
        open.delete(stream);
      });
      await until(() => open.size <= 1, "the others are ended");
      (await nodes[2]!.sessions.get(one.sessionId!))!.notify("told", { round });
      await Promise.all(readings);
      assert.deepEqual(got, [{ round }]);
    }
  });

  check("two readers of one client that come back on several nodes do so ever later", async ({
    client,
  }) => {
    const one = client();
    await one.initialize();
    const told: (number | undefined)[] = [];
    let before: AsyncIterator<TestEvent> | undefined;
    for (const node of [0, 1, 0, 1, 0, 1, 0]) {
      one.to(node);
      const reader = (await one.listen())[Symbol.asyncIterator]();
      // The priming event: it has taken its place.
      await reader.next();
      if (before !== undefined) {
        let last: number | undefined;
        for (let got = await before.next(); !got.done; got = await before.next()) {
          last = got.value.retryMs ?? last;
        }
        told.push(last);
      }
      before = reader;
    }
    assert.deepEqual(told, [undefined, undefined, 1_000, 1_000, 2_000, 2_000]);
  });

  check("events emitted on one node reach the connection on another, once, in order", async ({
    client,
    nodes,
  }) => {
    const one = client();
    await one.initialize();
    one.to(1);
    const stream = await one.listen();
    const writers = [];
    for (const node of nodes) writers.push((await node.sessions.get(one.sessionId!))!);
    const expected: string[] = [];
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const { message } of stream) {
        if (message === undefined) continue;
        got.push(`${message.method}`);
        if (got.length === 30) return;
      }
    })();
    for (let i = 0; i < 30; i++) {
      writers[i % 3]!.notify(`m${i}`);
      expected.push(`m${i}`);
      // Writers on several nodes have no order among themselves; each waits until it is its turn.
      await until(() => got.length > i, `message ${i}`);
    }
    await reading;
    assert.deepEqual(got, expected);
    stream.close();
  });

  check("asked on one node, answered on the second, resumed on the third", async ({ client }) => {
    let asked!: () => void;
    const seen = new Promise<void>((resolve) => asked = resolve);
    let answer!: (value: { [name: string]: unknown }) => void;
    const one = client({
      request: () => {
        asked();
        return new Promise((resolve) => answer = resolve);
      },
    });
    await one.initialize();
    const call = one.begin("ask");
    await seen;
    call.disconnect();
    one.to(1);
    answer({ action: "accept" });
    one.to(2);
    const resumed = call.resume();
    one.to(1);
    assert.deepEqual(await resumed.result, { answer: { action: "accept" } });
  });

  check("a node that has served nothing asks whom it finds in the list", async ({
    client,
    nodes,
  }) => {
    const one = client();
    await one.initialize();
    const stream = await one.listen();
    (async () => {
      for await (const { message } of stream) {
        if (message) await one.send("POST", { jsonrpc: "2.0", id: message.id, result: {} });
      }
    })();
    for await (const session of nodes[2]!.sessions.list()) {
      assert.deepEqual(await session.request("roots/list", {}, { timeoutMs: 5_000 }), {});
    }
    stream.close();
  });

  check("a call's stream is taken over by another node in the middle", async ({ client }) => {
    const got: unknown[] = [];
    const name = crypto.randomUUID();
    const one = client({ notification: (_method, params) => got.push(params.i) });
    await one.initialize();
    const call = one.begin("emit", { gate: name, count: 50 });
    await until(() => got.length === 1, "the first event");
    one.to(1);
    // The first connection is open still: the newest wins.
    const resumed = call.resume();
    await resumed.response;
    await assert.rejects(call.result, /ended without an answer/);
    gate(name).open();
    assert.deepEqual(await resumed.result, { count: 50 });
    assert.deepEqual(got, Array.from({ length: 50 }, (_, i) => i + 1));
  });

  check("cancellation reaches the node that works", async ({ client }) => {
    const one = client();
    await one.initialize();
    const name = crypto.randomUUID();
    const call = one.begin("wait", { gate: name });
    await call.response;
    one.to(2);
    await call.cancel();
    assert.equal(await gate(name).promise, 0);
    await assert.rejects(call.result, /ended without an answer/);
  });

  check("DELETE on one node ends streams and work on the others", async ({ client, nodes }) => {
    const one = client();
    await one.initialize();
    const name = crypto.randomUUID();
    const call = one.begin("wait", { gate: name });
    await call.response;
    one.to(1);
    const stream = await one.listen();
    one.to(2);
    assert.equal(await one.end(), 204);
    assert.equal(await gate(name).promise, 0);
    for await (const _ of stream) { /* read to its end */ }
    await until(
      async () =>
        (await Promise.all(nodes.map((node) => node.stats()))).every((one) =>
          one.streams === 0 && one.inFlight === 0 && one.sessions === 0
        ),
      "nothing is left on any node",
    );
  });

  check("what changed on one node is told on all", async ({ client, nodes }) => {
    const got: string[] = [];
    const streams = [];
    for (const node of [0, 1, 2]) {
      const one = client();
      one.to(node);
      await one.initialize();
      const stream = await one.listen();
      streams.push(stream);
      (async () => {
        for await (const { message } of stream) if (message) got.push(`${node} ${message.method}`);
      })();
    }
    nodes[1]!.notify.toolsListChanged();
    await until(() => got.length === 3, "three notifications");
    assert.deepEqual(
      got.sort(),
      [0, 1, 2].map((node) => `${node} notifications/tools/list_changed`),
    );
    for (const stream of streams) stream.close();
  });

  const tight = { limits: { sessions: 10, sessionsPerPrincipal: 4 } };
  check("capacity and quotas hold exactly under 50 initializes at once", async ({
    client,
    nodes,
  }) => {
    const open = (count: number) =>
      Promise.all(Array.from({ length: count }, async (_, i) => {
        const one = client({ headers: { "x-user": `u${i % 5}` } });
        one.to(i % 3);
        // One that gave way at once learns of it with its next request.
        await one.initialize().catch((error) => assert.equal((error as RpcFailure).status, 404));
        return one;
      }));
    await open(50);
    const owners = new Map<string | undefined, number>();
    for await (const { principal } of nodes[0]!.sessions.list()) {
      owners.set(principal, (owners.get(principal) ?? 0) + 1);
    }
    const counts = [...owners.values()];
    assert.equal(counts.reduce((sum, one) => sum + one, 0), 10);
    assert.ok(counts.every((one) => one <= 4), `${counts}`);
    assert.equal(await nodes[1]!.sessions.count(), 10);
  }, {
    ...tight,
    authenticate: ({ headers }) => headers.get("x-user") ?? "nobody",
  });

  check("a drained node keeps the records, and its calls end on their streams", async ({
    client,
    events,
    nodes,
  }) => {
    const one = client();
    await one.initialize();
    const got: number[] = [];
    const name = crypto.randomUUID();
    const other = client({ notification: (_method, params) => got.push(params.i as number) });
    await other.initialize();
    const call = other.begin("emit", { gate: name, count: 3 });
    const stuck = one.begin("wait", { gate: `${name} stuck` });
    await Promise.all([call.response, stuck.response]);
    await until(() => got.length === 1 && stuck.lastEventId !== undefined, "both have begun");
    const { lastEventId } = stuck;
    const stream = await one.listen();
    const closed = nodes[0]!.close({ within: 500 });
    // The reader of the standalone stream is told when to come back, then sent away.
    let retryMs: number | undefined;
    for await (const event of stream) retryMs = event.retryMs ?? retryMs;
    assert.equal(retryMs, 1_000, JSON.stringify(events.slice(-6)));
    await assert.rejects(client().initialize(), (error) => (error as RpcFailure).status === 503);
    gate(name).open();
    assert.deepEqual(await call.result, { count: 3 });
    assert.deepEqual(got, [1, 2, 3]);
    await closed;
    assert.equal(await gate(`${name} stuck`).promise, 0);
    one.to(1);
    assert.deepEqual(await one.call("where"), { node: 1 });
    for (const { result } of [stuck, stuck.resume(lastEventId)]) {
      await assert.rejects(result, (error) => (error as RpcFailure).code === -32000);
    }
  });

  checks.push({
    name: "guarded handlers share their sessions",
    run: async () => guarded(await make()),
  });
  return checks;
}
