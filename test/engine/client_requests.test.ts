import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ClientRequestError,
  type Exchange,
  memory,
  type RequestOptions,
} from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, notification } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

const initialized = notification("notifications/initialized");

/** An application whose calls ask the client for its roots, and say how that went. */
function asking(options: RequestOptions = {}) {
  return {
    request: async (_: unknown, exchange: Exchange) => {
      try {
        return { got: await exchange.request("roots/list", { for: "test" }, options) };
      } catch (error) {
        assert.ok(error instanceof ClientRequestError);
        return { code: error.code, message: error.message, error: error.error };
      }
    },
  };
}

testInWorlds(
  "a request to the client is answered by what the client answers",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, asking(), {}, world);
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    const { id, method, params } = await events.next();
    assert.deepEqual([method, params], ["roots/list", { for: "test" }]);
    const answer = { jsonrpc: "2.0", id, result: { roots: [{ uri: "a:b" }] } };
    assert.equal((await endpoint.post(answer, { session })).status, 202);
    assert.deepEqual((await events.next()).result, { got: { roots: [{ uri: "a:b" }] } });
    assert.equal(await events.next(), undefined);
  },
);

testInWorlds(
  "a client's error is the request's failure, with what it said",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, asking(), {}, world);
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    const { id } = await events.next();
    const error = { code: -1, message: "User rejected", data: { why: "no" } };
    await endpoint.post({ jsonrpc: "2.0", id, error }, { session });
    const { result } = await events.next();
    assert.deepEqual(result, { code: "refused", message: "User rejected", error });
  },
);

testInWorlds(
  "an answer that nests too deep to be passed on fails the request, and no backend is blamed",
  async (scope, world) => {
    const [asker, other] = [0, 1].map(() => new Endpoint(scope, asking(), {}, world));
    const session = await asker!.open();
    const events = new Events(await asker!.call("tools/call", { session }));
    const { id } = await events.next();
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    const answer = `{"jsonrpc":"2.0","id":"${id}","result":{"roots":${deep}}}`;
    assert.equal((await other!.post(answer, { session })).status, 202);
    const { code, got } = (await events.next()).result;
    // How deep is too deep is for the runtime to say.
    assert.ok(code === "refused" || got !== undefined);
    await world.quiet();
    assert.deepEqual(other!.told("backend-error"), []);
  },
);

test("an answer for another node is taken once that has it, and refused where it cannot", async (t) => {
  const backend = memory();
  const passing = gate();
  const passed = gate();
  let away = false;
  const bus = instead(backend.bus, "publish", async (publish, args) => {
    if (!String(args[0]).startsWith("answers/")) return publish(...args);
    passing.open();
    await passed.opened;
    if (away) throw new Error("away");
    return publish(...args);
  });
  const asker = new Endpoint(t, asking(), { backend });
  const other = new Endpoint(t, {}, { backend: { ...backend, bus } });
  const session = await asker.open();
  const events = new Events(await asker.call("tools/call", { session }));
  const { id } = await events.next();
  const answer = { jsonrpc: "2.0", id, result: { roots: [] } };
  let taken = false;
  const answering = other.post(answer, { session }).then((response) => {
    taken = true;
    return response.status;
  });
  await passing.opened;
  await turns(3);
  assert.equal(taken, false);
  passed.open();
  assert.equal(await answering, 202);
  assert.deepEqual((await events.next()).result, { got: { roots: [] } });

  away = true;
  assert.equal((await other.post(answer, { session })).status, 503);
  assert.match(String(other.told("backend-error")[0]!.error), /away/);
});

testInWorlds(
  "what is no signal is refused, and nothing is asked or left behind",
  async (scope, world) => {
    const signal = new AbortController() as never;
    const endpoint = new Endpoint(
      scope,
      { request: (_, exchange) => exchange.request("roots/list", {}, { signal }) },
      { keepAliveMs: 0 },
      world,
    );
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    assert.equal((await events.next()).error.code, -32603);
    assert.equal(await events.next(), undefined);
    assert.ok(endpoint.told("application-error")[0]!.error instanceof TypeError);
    await world.quiet();
    assert.equal((await endpoint.handler.stats()).inFlight, 0);
  },
);

testInWorlds(
  "a time to wait that is none is refused, and nothing is asked",
  async (scope, world) => {
    for (const timeoutMs of [NaN, -1, -Infinity, null]) {
      const endpoint = new Endpoint(
        scope,
        {
          request: (_, exchange) =>
            exchange.request("roots/list", {}, { timeoutMs: timeoutMs as never }),
        },
        {},
        world,
      );
      const session = await endpoint.open();
      const events = new Events(await endpoint.call("tools/call", { session }));
      assert.equal((await events.next()).error.code, -32603);
      const { error } = endpoint.told("application-error")[0]!;
      assert.ok(error instanceof TypeError);
      assert.equal(
        error.message,
        `timeoutMs: ${timeoutMs} is not a time of at least 0 milliseconds`,
      );
    }
  },
);

testInWorlds(
  "how far a client has got comes to whoever asked it, on whichever node it arrives, until it answers",
  async (scope, world) => {
    const told: unknown[] = [];
    const application = asking({
      onProgress(params) {
        told.push(params);
        if (params.progress === 2) throw new Error("the application's own");
      },
    });
    const [asker, other] = [0, 1].map(() => new Endpoint(scope, application, {}, world));
    const session = await asker!.open();
    const events = new Events(await asker!.call("tools/call", { session }));
    const { id, params } = await events.next();
    const { progressToken } = params._meta;
    assert.deepEqual(params, { for: "test", _meta: { progressToken } });
    const steps = [1, 2, 3].map((progress) => ({ progressToken, progress, message: "…" }));
    for (const [i, step] of steps.entries()) {
      const node = i === 1 ? asker! : other!;
      const posted = await node.post(notification("notifications/progress", step), { session });
      assert.equal(posted.status, 202);
    }
    await world.quiet();
    await asker!.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
    assert.deepEqual((await events.next()).result, { got: { roots: [] } });
    assert.deepEqual(told, steps);
    const [failure] = asker!.told("application-error");
    assert.deepEqual(
      [failure!.method, (failure!.error as Error).message],
      ["notifications/progress", "the application's own"],
    );
    await asker!.post(notification("notifications/progress", steps[0]), { session });
    await world.quiet();
    assert.equal(told.length, 3);
  },
);

testInWorlds(
  "what is no function to be told of progress is refused, and nothing is asked",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: (_, exchange) => exchange.request("roots/list", {}, { onProgress: "no" as never }),
      },
      {},
      world,
    );
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    assert.equal((await events.next()).error.code, -32603);
    const { error } = endpoint.told("application-error")[0]!;
    assert.equal(String(error), 'TypeError: onProgress: "no" is not a function');
  },
);

testInWorlds("a client that does not answer in time is told to stop", async (scope, world) => {
  const endpoint = new Endpoint(scope, asking({ timeoutMs: 5_000 }), { keepAliveMs: 0 }, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  const { id } = await events.next();
  await endpoint.pass(4_999);
  const next = events.next();
  await endpoint.pass(1);
  const cancelled = await next;
  assert.equal(cancelled.method, "notifications/cancelled");
  assert.equal(cancelled.params.requestId, id);
  const { result } = await events.next();
  assert.equal(result.code, "timeout");
  assert.match(result.message, /5000 ms/);
  const late = { jsonrpc: "2.0", id, result: {} };
  assert.equal((await endpoint.post(late, { session })).status, 202);
});

testInWorlds("a client that has no time at all did not answer in time", async (scope, world) => {
  const endpoint = new Endpoint(scope, asking({ timeoutMs: 0 }), { keepAliveMs: 0 }, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  await events.next();
  const next = events.next();
  await endpoint.pass(0);
  assert.equal((await next).method, "notifications/cancelled");
  assert.equal((await events.next()).result.code, "timeout");
});

testInWorlds(
  "a request that was given up before it was sent is never sent",
  async (scope, world) => {
    const gaveUp = AbortSignal.abort("never mind");
    const endpoint = new Endpoint(scope, asking({ signal: gaveUp }), { response: "sse" }, world);
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    assert.equal((await events.next()).result.code, "cancelled");
    assert.equal(await events.next(), undefined);
  },
);

testInWorlds(
  "one that waited for a client to be ready and was given up is not sent then",
  async (scope, world) => {
    const application = asking({ timeoutMs: 1_000 });
    let again: (() => void) | undefined;
    const endpoint = new Endpoint(
      scope,
      {
        request: async (message: unknown, exchange) => {
          const first = await application.request(message, exchange);
          await new Promise<void>((resolve) => again = resolve);
          return first;
        },
      },
      { response: "sse", keepAliveMs: 0 },
      world,
    );
    const session = await endpoint.open({}, { ready: false });
    const events = new Events(await endpoint.call("tools/call", { session }));
    await endpoint.pass(1_000);
    assert.equal((await endpoint.post(initialized, { session })).status, 202);
    await world.quiet();
    again!();
    assert.equal((await events.next()).result.code, "timeout");
    assert.equal(await events.next(), undefined);
  },
);

testInWorlds("a request ends with its call, its session and its handler", async (scope, world) => {
  const ways = [["cancel", "cancelled"], ["end", "session-ended"], [
    "close",
    "session-ended",
  ]] as const;
  for (const [how, code] of ways) {
    let failed: Promise<{ code?: string }> | undefined;
    const { request } = asking();
    const endpoint = new Endpoint(
      scope,
      {
        request: (message, exchange) =>
          failed = request(message, exchange) as Promise<{ code?: string }>,
      },
      {},
      world,
    );
    const session = await endpoint.open();
    const events = new Events(
      await endpoint.post({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
      }, { session }),
    );
    await events.next();
    if (how === "cancel") {
      await endpoint.post(notification("notifications/cancelled", { requestId: 1 }), { session });
    } else if (how === "end") await endpoint.handler.sessions.end(session);
    else await endpoint.handler.close({ within: 0 });
    assert.equal((await failed)?.code, code, how);
    await events.rest();
    await endpoint.handler.close({ within: 0 });
    await world.quiet();
    assert.equal(endpoint.clock.timers, 0, how);
  }
});

testInWorlds("where the answer can only be JSON, a request fails at once", async (scope, world) => {
  const endpoint = new Endpoint(scope, asking(), {}, world);
  const session = await endpoint.open();
  const answer = await endpoint.call("tools/call", { session, accept: "application/json" });
  assert.equal((await answer.json()).result.code, "no-stream");
});

testInWorlds("a ping does not wait for the client to be ready", async (scope, world) => {
  const endpoint = new Endpoint(
    scope,
    {
      request: async (_, exchange) => ({ pong: await exchange.request("ping") }),
    },
    {},
    world,
  );
  const session = await endpoint.open({}, { ready: false });
  const events = new Events(await endpoint.call("tools/call", { session }));
  const { id, method } = await events.next();
  assert.equal(method, "ping");
  await endpoint.post({ jsonrpc: "2.0", id, result: {} }, { session });
  assert.deepEqual((await events.next()).result, { pong: {} });
});

testInWorlds(
  "where nobody can come back to the stream that was left, a request fails at once",
  async (scope, world) => {
    const ask = gate();
    const failed = gate<unknown>();
    const endpoint = new Endpoint(
      scope,
      {
        request: async (_, exchange) => {
          exchange.notify("notifications/message", {});
          await ask.opened;
          exchange.request("roots/list").catch(failed.open);
          return await new Promise<object>(() => {});
        },
      },
      { resumable: false },
      world,
    );
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    await events.next();
    await events.cut();
    await world.quiet();
    ask.open();
    const error = await Promise.race([failed.opened, endpoint.pass(50_000)]);
    assert.ok(error instanceof ClientRequestError);
    assert.equal(error.code, "no-stream");
  },
);

for (const sessions of ["required", "off"] as const) {
  testInWorlds(
    `the end of a call ends what it has asked and nothing else, sessions ${sessions}`,
    async (scope, world) => {
      const left = gate<unknown>();
      const { request } = asking();
      const endpoint = new Endpoint(
        scope,
        {
          request: (message, exchange) => {
            if (message.method === "waits") return request(message, exchange);
            exchange.request("roots/list").catch(left.open);
            return {};
          },
        },
        { sessions },
        world,
      );
      const session = sessions === "off" ? undefined : await endpoint.open();
      const events = new Events(await endpoint.call("waits", { session }));
      const { id } = await events.next();
      await new Events(await endpoint.call("leaves", { session })).rest();
      const error = await left.opened;
      assert.ok(error instanceof ClientRequestError);
      assert.deepEqual([error.code, error.message], ["cancelled", "leaves is over"]);
      await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
      assert.deepEqual((await events.next()).result, { got: { roots: [] } });
    },
  );
}

testInWorlds(
  "of what a call has asked, what was answered changes nothing for the others",
  async (scope, world) => {
    const failed: string[] = [];
    const done = gate();
    const request = async (_: unknown, exchange: Exchange) => {
      for (const name of ["a", "b", "c"]) {
        exchange.request("roots/list", { name }).then(
          () => done.open(),
          ({ code }) => void failed.push(`${name} ${code}`),
        );
      }
      await done.opened;
      return {};
    };
    const endpoint = new Endpoint(scope, { request }, {}, world);
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    const asked = [await events.next(), await events.next(), await events.next()];
    const { id } = asked.find(({ params }) => params.name === "b");
    await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
    assert.deepEqual((await events.next()).result, {});
    await world.quiet();
    assert.deepEqual(failed, ["a cancelled", "c cancelled"]);
  },
);

testInWorlds("who gives up after the answer takes nothing back", async (scope, world) => {
  const giving = new AbortController();
  const endpoint = new Endpoint(
    scope,
    {
      request: async (_, exchange: Exchange) => {
        const got = await exchange.request("roots/list", {}, { signal: giving.signal });
        giving.abort();
        return got;
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  const { id } = await events.next();
  await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
  assert.deepEqual((await events.next()).result, { roots: [] });
});

testInWorlds("an answer that nobody waits for is not kept", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open();
  const { timers } = endpoint.clock;
  for (const id of ["gone.0123456789ab", "none of ours", 1]) {
    assert.equal(
      (await endpoint.post({ jsonrpc: "2.0", id, result: {} }, { session })).status,
      202,
    );
  }
  for (const params of [undefined, {}, { progressToken: 1 }, { progressToken: "gone.0" }]) {
    const progress = notification("notifications/progress", params);
    assert.equal((await endpoint.post(progress, { session })).status, 202);
  }
  await world.quiet();
  assert.equal(endpoint.clock.timers, timers);
});
