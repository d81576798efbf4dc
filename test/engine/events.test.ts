import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Application, HandlerEvent, StreamCloseReason } from "../../core/engine/mod.ts";
import { memory, RpcError } from "../../core/engine/mod.ts";
import { Failing } from "../doubles/failing.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, notification, request } from "./endpoint.ts";
import { type Scope, testInWorlds } from "./worlds.ts";

testInWorlds(
  "an operator is told of a session from its opening to its end",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: (_, exchange) => {
          exchange.notify("notifications/message", {});
          return {};
        },
      },
      {},
      world,
    );
    const session = await endpoint.open({ principal: "alice" });
    const sent = { session, principal: "alice" };
    await new Events(await endpoint.call("tools/call", sent)).rest();
    await endpoint.call("tools/list", { session });
    await endpoint.delete(sent);
    await world.quiet();
    const stream = endpoint.told("stream-opened")[0]!.stream;
    const exchange = (http: string, method: string | undefined, status: number) => ({
      type: "exchange",
      http,
      method,
      name: undefined,
      outcome: "served",
      status,
      session,
      durationMs: 0,
    });
    const expected: object[] = [
      { type: "session-opened", session, version: "2025-11-25", principal: "alice" },
      exchange("POST", "initialize", 200),
      exchange("POST", "notifications/initialized", 202),
      { type: "stream-opened", session, stream },
      {
        type: "request",
        method: "tools/call",
        name: undefined,
        outcome: "result",
        code: undefined,
        session,
        durationMs: 0,
      },
      exchange("POST", "tools/call", 200),
      { type: "stream-closed", session, stream, reason: "finished" },
      { type: "rejected", rule: "session-not-found", status: 404, session: undefined },
      {
        ...exchange("POST", "tools/list", 404),
        outcome: "session-not-found",
        session: undefined,
      },
      { type: "session-ended", session, reason: "terminated" },
      exchange("DELETE", undefined, 204),
    ];
    assert.deepEqual(endpoint.events, expected);
  },
);

testInWorlds(
  "of a request says what became of it, and how long it took in all",
  async (scope, world) => {
    const finish = gate<object>();
    const endpoint = new Endpoint(
      scope,
      {
        request: ({ method }, exchange) => {
          exchange.notify("notifications/message", {});
          if (method === "fails") throw new RpcError(-32002, "no");
          return method === "slow" ? finish.opened : new Promise(() => {});
        },
      },
      { keepAliveMs: 0 },
      world,
    );
    const session = await endpoint.open();
    const slow = new Events(await endpoint.call("slow", { session }));
    const stopped = new Events(await endpoint.call("stopped", { session }));
    await new Events(await endpoint.call("fails", { session })).rest();
    await endpoint.pass(5_000);
    finish.open({});
    await slow.rest();
    await endpoint.pass(1_000);
    await endpoint.delete({ session });
    await stopped.rest();
    await world.quiet();
    const told = endpoint.told("request").map((
      { method, outcome, code, durationMs, session: of },
    ) => [method, outcome, code, durationMs, of === session]);
    assert.deepEqual(told, [
      ["fails", "error", -32002, 0, true],
      ["slow", "result", undefined, 5_000, true],
      ["stopped", "stopped", undefined, 6_000, true],
    ]);
  },
);

testInWorlds("of a request says what it is for", async (scope, world) => {
  const application: Partial<Application> = {
    request: () => {
      throw new Error("broken");
    },
  };
  const endpoint = new Endpoint(scope, application, {}, world);
  const session = await endpoint.open();
  const asked: readonly (readonly [string, object, string | undefined])[] = [
    ["tools/call", { name: "greet", arguments: { name: "Ada" } }, "greet"],
    ["prompts/get", { name: "two words" }, '"two words"'],
    ["resources/read", { uri: "file:///a" }, "file:///a"],
    ["tasks/get", { taskId: "7" }, "7"],
    ["tools/call", { name: "x\ny\u2028" }, '"x\\ny\\u2028"'],
    ["tools/call", { name: 5 }, undefined],
    ["tools/call", {}, undefined],
    ["tools/list", { name: "greet" }, undefined],
  ];
  for (const [method, params] of asked) {
    await endpoint.post(request(1, method, params), { session });
  }
  await endpoint.post(request(1, "tools/call", { name: "y".repeat(9_999) }), { session });
  const expected = asked.map(([method, , name]) => [method, name]);
  for (const type of ["exchange", "request", "application-error"] as const) {
    const told = endpoint.told(type).map(({ method, name }) => [method, name]);
    assert.deepEqual(told.slice(-1 - asked.length, -1), expected, type);
    assert.ok(told.at(-1)![1]!.length <= 80, type);
  }
});

testInWorlds("an event of a stream without a session names none", async (scope, world) => {
  const application: Partial<Application> = {
    request: ({ method }, exchange) => {
      if (method === "talk") exchange.notify("notifications/message", {});
      return {};
    },
  };
  const options = { sessions: "off", response: "sse" } as const;
  const endpoint = new Endpoint(scope, application, options, world);
  for (const method of ["talk", "whole"]) await new Events(await endpoint.call(method)).rest();
  await world.quiet();
  const told = [...endpoint.told("stream-opened"), ...endpoint.told("stream-closed")];
  assert.deepEqual(told.map(({ session }) => session), Array(4).fill(undefined));
});

describe("an event", () => {
  test("of an exchange says how long it took", async (t) => {
    const finish = gate<object>();
    const endpoint = new Endpoint(t as unknown as Scope, { request: () => finish.opened });
    const session = await endpoint.open();
    const call = endpoint.call("tools/call", { session, accept: "application/json" });
    await endpoint.pass(1_234);
    finish.open({});
    await call;
    assert.equal(endpoint.told("exchange").at(-1)!.durationMs, 1_234);
  });

  test("of a batch, of a response and of no body has the name that fits", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope);
    const session = await endpoint.open({}, { version: "2025-03-26" });
    await endpoint.post([notification("notifications/x")], { session });
    await endpoint.post({ jsonrpc: "2.0", id: "x", result: {} }, { session });
    await endpoint.post("{", { session });
    const names = endpoint.told("exchange").slice(2).map(({ method }) => method);
    assert.deepEqual(names, ["batch", "response", undefined]);
  });

  test("tells of what the application throws, with what it threw", async (t) => {
    const thrown = new Error("secret");
    const fail = () => {
      throw thrown;
    };
    const endpoint = new Endpoint(t as unknown as Scope, {
      request: fail,
      notification: ({ method }) => method === "later" ? Promise.reject(thrown) : fail(),
      ended: fail,
    });
    const session = await endpoint.open({}, { ready: false });
    await endpoint.call("tools/call", { session });
    await endpoint.post(notification("now"), { session });
    await endpoint.post(notification("later"), { session });
    await endpoint.delete({ session });
    await turns(3);
    const told = endpoint.told("application-error");
    assert.deepEqual(told.map(({ method }) => method), ["tools/call", "now", "later", "ended"]);
    for (const { error } of told) assert.equal(error, thrown);
  });

  test("tells why a connection stopped reading", async (t) => {
    const store = new Failing(memory(), "rejects");
    const application = { request: () => new Promise<never>(() => {}) };
    const endpoint = new Endpoint(t as unknown as Scope, application, {
      backend: store.backend,
      limits: { queuedBytes: 1_000 },
      keepAliveMs: 0,
    });
    const session = await endpoint.open();
    const handle = (await endpoint.handler.sessions.get(session))!;
    const reasons = () => endpoint.told("stream-closed").map(({ reason }) => reason);
    const expected: StreamCloseReason[] = [];
    const listen = async () => {
      const answer = await endpoint.get({ session });
      await turns(3);
      return answer;
    };
    const check = async (reason: StreamCloseReason) => {
      await turns(5);
      expected.push(reason);
      assert.deepEqual(reasons(), expected);
    };

    await new Events(await listen()).cut();
    await check("disconnected");
    await listen();
    await listen();
    await check("replaced");
    handle.closeStream();
    await check("polling");
    await listen();
    // Nobody reads, so the runtime's own buffer fills first.
    for (let i = 0; i < 10; i++) {
      handle.notify("notifications/message", { text: "x".repeat(20_000) });
    }
    await endpoint.pass(500);
    await check("slow");
    const other = await endpoint.open();
    await endpoint.get({ session: other });
    await turns(3);
    store.break("logs.read");
    (await endpoint.handler.sessions.get(other))!.notify("notifications/message", {});
    await check("lost");
    assert.match(`${endpoint.told("backend-error")[0]?.error}`, /logs.read is broken/);
    store.mend();
    await endpoint.get({ session: other });
    await endpoint.delete({ session: other });
    await check("session-ended");
  });

  test("tells that a connection was closed with its handler", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {}, { resumable: false });
    await endpoint.get({ session: await endpoint.open() });
    await endpoint.handler.close();
    assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["closed"]);
  });

  test("that is thrown at changes nothing", async (t) => {
    let told = 0;
    const shown: unknown[] = [];
    const { error } = console;
    console.error = (...args: unknown[]) => void shown.push(args);
    try {
      const endpoint = new Endpoint(t as unknown as Scope, {
        request: (_, exchange) => {
          exchange.notify("notifications/message", {});
          throw new Error("broken");
        },
      }, {
        onEvent: () => {
          told++;
          throw new Error("the operator is broken");
        },
      });
      const session = await endpoint.open();
      const [, answer] = await new Events(await endpoint.call("tools/call", { session })).rest();
      assert.equal(answer.error.code, -32603);
      assert.equal((await endpoint.call("tools/list", { session: "nobody" })).status, 404);
      assert.equal((await endpoint.delete({ session })).status, 204);
      assert.equal(await endpoint.handler.sessions.count(), 0);
    } finally {
      console.error = error;
    }
    assert.ok(told > 5);
    assert.equal(shown.length, told);
  });

  test("that a promise rejects changes nothing either", async (t) => {
    const shown: unknown[][] = [];
    const { error } = console;
    console.error = (...args: unknown[]) => void shown.push(args);
    try {
      const broken = new Error("the operator is broken");
      const lazy = { then: (_: unknown, failed: (error: unknown) => void) => failed(broken) };
      for (const given of [() => Promise.reject(broken), () => lazy, () => Promise.resolve()]) {
        const endpoint = new Endpoint(t as unknown as Scope, {}, { onEvent: given as never });
        await endpoint.open();
        // A rejection that nobody handles would have ended the process by then.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.deepEqual([...new Set(shown.flat())], ["mcp-session: onEvent rejected", broken]);
    } finally {
      console.error = error;
    }
  });

  test("that nobody listens to reaches the console where something failed", async (t) => {
    const shown: string[] = [];
    const { error } = console;
    console.error = (text: string) => void shown.push(text);
    try {
      const store = new Failing(memory(), "throws");
      const endpoint = new Endpoint(t as unknown as Scope, {
        request: () => {
          throw new Error("broken");
        },
      }, { backend: store.backend, onEvent: undefined as never });
      const session = await endpoint.open();
      await endpoint.post(request(1, "tools/call"), { session });
      await endpoint.post(request(2, "tools/call", { name: "greet" }), { session });
      store.break("sessions.get");
      await endpoint.post(request(3, "tools/call"), { session });
    } finally {
      console.error = error;
    }
    assert.equal(shown.length, 3);
    assert.match(shown[0]!, /application failed at tools\/call$/);
    assert.match(shown[1]!, /application failed at tools\/call greet$/);
    assert.match(shown[2]!, /backend failed/);
  });
});

test("every type of event is seen in these tests or beside them", () => {
  // `satisfies` fails where a type is added, `invalid-tool` is seen in the tests of modern requests.
  const seen = {
    "session-opened": true,
    "session-ended": true,
    "rejected": true,
    "exchange": true,
    "request": true,
    "stream-opened": true,
    "stream-closed": true,
    "application-error": true,
    "invalid-tool": true,
    "backend-error": true,
  } satisfies { readonly [type in HandlerEvent["type"]]: true };
  assert.equal(Object.keys(seen).length, 10);
});

test("a method that a peer made up neither breaks the lines of a log nor floods it", async (t) => {
  const fail = () => {
    throw new Error("unknown");
  };
  const endpoint = new Endpoint(t, { request: fail, notification: fail }, { sessions: "optional" });
  const forged = "x\n[12:00]\u2028\u009b2Jadmin logged in";
  const shown = '"x\\n[12:00]\\u2028\\u009b2Jadmin logged in"';
  await endpoint.call(forged);
  await endpoint.post(notification(forged));
  await endpoint.call("y".repeat(100_000));
  for (const type of ["exchange", "request", "application-error"] as const) {
    const methods = endpoint.told(type).map(({ method }) => method!);
    assert.equal(methods[0], shown, type);
    for (const method of methods) assert.ok(method === shown || method.length <= 80, type);
  }
  assert.equal(endpoint.told("application-error")[1]!.method, shown);
});
