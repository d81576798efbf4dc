import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { redis } from "../../adapters/backends/redis.ts";
import { sealed } from "../../adapters/backends/sealed.ts";
import { guardListener, nodeListener } from "../../adapters/runtimes/node.ts";
import { readServeOptions } from "../../adapters/runtimes/serving.ts";
import { sqlite } from "../../adapters/backends/sqlite.ts";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import {
  type Application,
  createMcpHandler,
  createSessions,
  OptionError,
} from "../../core/engine/mod.ts";
import { Endpoint } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

// What is given here is wrong on purpose, so none of it has a type.
// deno-lint-ignore no-explicit-any
type Make = (...given: any[]) => unknown;

/** What is given, the option that it is about, and what is said of it. */
type Wrong = readonly [given: readonly unknown[], option: string, said: RegExp];

const file = join(tmpdir(), "never.db");
const client = { isReady: true, sendCommand() {}, on() {}, removeListener() {} };
const keys = [new Uint8Array(32)];
const serverInfo = { name: "server", version: "1" };
const request = () => ({});
const application = { serverInfo, request };

const makers: readonly (readonly [string, Make, readonly Wrong[]])[] = [
  ["serve", readServeOptions, [
    [[null], "options", /null is not an object/],
    [[{ host: "::" }], "host", /no such option; there are port, hostname, path/],
    [[{ port: 65536 }], "port", /65536 is not a port, 0 to 65535/],
    [[{ port: "3000" }], "port", /"3000" is not a port/],
    [[{ hostname: "" }], "hostname", /"" is not an address .*0\.0\.0\.0/],
    [[{ hostname: null }], "hostname", /null is not an address/],
    [[{ path: "mcp" }], "path", /"mcp" is not a path .*"\/"/],
    [[{ path: "/a?b" }], "path", /"\/a\?b" is not a path/],
    [[{ path: "/\u00e4" }], "path", /is not a path/],
    [[{ path: "/a/../mcp" }], "path", /is not a path/],
    [[{ path: "/a b" }], "path", /is not a path/],
    [[{ path: 5 }], "path", /5 is not a path/],
    [[{ signal: "SIGTERM" }], "signal", /"SIGTERM" is not an AbortSignal/],
    [[{ signal: null }], "signal", /null is not an AbortSignal/],
    [[{ signal: new AbortController() }], "signal", /an object is not an AbortSignal/],
    [[{ signals: "no" }], "signals", /"no" is not true or false/],
    [[{ within: NaN }], "within", /NaN is not a number of at least 0/],
    [[{ within: "5" }], "within", /"5" is not a number/],
    [[{ within: -1 }], "within", /-1 is not a number of at least 0/],
  ]],
  ["nodeListener", nodeListener, [
    [[], "handler", /undefined is not what createMcpHandler makes/],
    [[createSessions({ opens: () => true })], "handler", /an object is not what createMcpHandler/],
  ]],
  ["guardListener", guardListener, [
    [[], "sessions", /undefined is not what createSessions makes/],
    [[{}, () => {}], "sessions", /an object is not what createSessions makes/],
    [[createSessions({ opens: () => true })], "listener", /undefined is not a function/],
  ]],
  ["sqlite", sqlite, [
    [[], "file", /undefined is not a path/],
    [[""], "file", /"" is not a path/],
    [[file, null], "options", /null is not an object/],
    [[file, { lease: 5 }], "lease", /no such option; there are leaseMs, busyMs/],
    [[file, { leaseMs: 5 }], "leaseMs", /5 is not .*at least 100/],
    [[file, { leaseMs: NaN }], "leaseMs", /NaN is not/],
    [[file, { leaseMs: "500" }], "leaseMs", /"500" is not/],
    [[file, { busyMs: Infinity }], "busyMs", /Infinity is not a finite/],
  ]],
  ["redis", redis, [
    [[], "client", /undefined is neither a client of redis/],
    [[{}], "client", /an object is neither/],
    [[client, 5], "options", /5 is not an object/],
    [[client, { lease: 5 }], "lease", /no such option; there are prefix, leaseMs, timeoutMs/],
    [[client, { prefix: "" }], "prefix", /"" is not a text/],
    [[client, { prefix: 5 }], "prefix", /5 is not a text/],
    [[client, { leaseMs: 1 }], "leaseMs", /1 is not .*at least 100/],
    [[client, { timeoutMs: NaN }], "timeoutMs", /NaN is not/],
  ]],
  ["sealed", sealed, [
    [[], "keys", /at least one key, a Uint8Array of 32 bytes/],
    [[{ keys: [] }], "keys", /at least one key, a Uint8Array of 32 bytes/],
    [[{ keys: keys[0] }], "keys", /list of keys, each a Uint8Array of 32 bytes/],
    [[{ keys: ["x".repeat(32)] }], "keys", /list of keys, each a Uint8Array of 32 bytes/],
    [[{ keys: [new Uint8Array(16)] }], "keys", /list of keys, each a Uint8Array of 32 bytes/],
    // As `revocations` undone by a slip of the pen.
    [[{ keys, revocation: {} }], "revocation", /no such option; there are .*revocations/],
    [[{ keys, revocations: {} }], "revocations", /an object is no backend/],
    [[{ keys, revocations: sealed({ keys }) }], "revocations", /not a backend that stores nothing/],
    [[{ keys, clock: Date }], "clock", /a function is no clock/],
  ]],
  ["sdkServer", sdkServer, [
    [[], "factory", /undefined is not a function that makes a server/],
    [[{ connect() {}, close() {} }], "factory", /an object is not a function that makes a server/],
    [[request, null], "options", /null is not an object/],
    [[request, { retry: 5 }], "retry", /no such option; there are retryMs, modern/],
    [[request, { retryMs: NaN }], "retryMs", /NaN is not/],
    [[request, { modern: request }], "modern", /a function is no handler: it needs fetch/],
  ]],
  ["createMcpHandler", createMcpHandler, [
    [[], "application", /undefined is no application.*request.*serverInfo/],
    [[request], "application", /a function is no application.*sdkServer/],
    [[{ connect() {} }], "application", /an object is no application.*sdkServer/],
    [[{ serverInfo }], "request", /undefined is not a function/],
    [[{ request }], "serverInfo", /missing/],
    [[{ request, serverInfo: "me" }], "serverInfo", /"me" is not an object/],
    [[{ request, serverInfo: { version: "1" } }], "serverInfo.name", /undefined is not a string/],
    [[{ request, serverInfo: { name: "a", version: 1 } }], "serverInfo.version", /1 is not a str/],
    [[{ ...application, capabilities: ["tools"] }], "capabilities", /an array is not an object/],
    [
      [{ ...application, capabilities: { tools: true } }],
      "capabilities.tools",
      /true is not an obj/,
    ],
    [[{ ...application, instructions: 5 }], "instructions", /5 is not a string/],
    [[{ ...application, notification: {} }], "notification", /an object is not a function/],
    [[{ ...application, tools: [] }], "tools", /an array is not a function/],
    [[{ ...application, cache: 5 }], "cache", /5 is not an object/],
    [[{ ...application, cache: { ttl: 5 } }], "cache.ttl", /no such option; .*ttlMs, scope/],
    [[{ ...application, cache: { ttlMs: NaN } }], "cache.ttlMs", /NaN is not/],
    [[{ ...application, cache: { ttlMs: "5" } }], "cache.ttlMs", /"5" is not/],
    [[{ ...application, cache: { scope: "all" } }], "cache.scope", /"all" is none of/],
    [[{ ...application, eras: "old" }], "eras", /"old" is none of/],
    [[{ ...application, modern: {} }], "modern", /an object is no handler/],
    [[application, null], "options", /null is not an object/],
    [[sdkServer(() => ({}) as never), null], "options", /null is not an object/],
    [[sdkServer(() => ({}) as never), 5], "options", /5 is not an object/],
  ]],
  ["guard", createSessions({ opens: () => true }).guard, [
    [[], "handler", /undefined is not a function/],
    [[{ fetch: request }], "handler", /an object is not a function/],
  ]],
];

for (const [name, make, cases] of makers) {
  describe(`${name} refuses at once`, () => {
    cases.forEach(([given, option, said], i) => {
      test(`${i + 1}: ${option}`, () => {
        assert.throws(() => make(...given), (thrown) => {
          assert.ok(thrown instanceof OptionError, String(thrown));
          assert.ok(thrown.message.startsWith(`${option}: `), thrown.message);
          assert.equal(thrown.option, option);
          assert.match(thrown.message, said);
          return true;
        });
      });
    });
  });
}

test("options and parts of an application may be undefined", async () => {
  sealed({ keys, revocations: undefined, clock: undefined });
  redis(client as never, { prefix: undefined, leaseMs: undefined, timeoutMs: undefined }).close!();
  sdkServer(request as never, { retryMs: undefined, modern: undefined });
  createSessions({ opens: () => true, limits: undefined, authenticate: undefined });
  createSessions({ opens: () => true, limits: { idleMs: undefined } });
  const whole: Application = {
    ...application,
    capabilities: { tools: undefined },
    cache: undefined,
  };
  const options = { allowedHosts: undefined, limits: { sessions: undefined } };
  await createMcpHandler(whole, options).close({ within: undefined });
});

test("an application may be of any class, and have more than is asked of it", async () => {
  class Basket {
    readonly serverInfo = { ...serverInfo, title: "Basket" };
    readonly shelf = new Map();
    request() {
      return { size: this.shelf.size };
    }
  }
  const handler = createMcpHandler(new Basket());
  const caller = testClient(handler);
  await caller.initialize();
  assert.deepEqual(await caller.call("tools/list"), { size: 0 });
  await handler.close();
});

for (const [what, made] of [["undefined", undefined], ["an object", {}]] as const) {
  test(`a factory that gives ${what} is the application's failure`, async () => {
    const failures: unknown[] = [];
    const handler = createMcpHandler(sdkServer(() => made as never), {
      onEvent: (event) => event.type === "application-error" && failures.push(event.error),
    });
    await assert.rejects(testClient(handler).initialize(), { code: -32603 });
    assert.match(String(failures), new RegExp(`factory: gave ${what}, not a server`));
    await handler.close();
  });
}

testInWorlds("a result that is no object is the application's failure", async (scope, world) => {
  const results: readonly (readonly [unknown, string])[] = [
    ...([[null, "null"], ["done", '"done"'], [5, "5"], [true, "true"]] as const),
    ...([[[], "an array"], [() => {}, "a function"]] as const),
  ];
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ method }) => {
        const result = results[Number(method.slice(1))]![0] as never;
        return method.startsWith("l") ? Promise.resolve(result) : result;
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const said: string[] = [];
  for (const when of ["n", "l"]) {
    for (const [at, [, shown]] of results.entries()) {
      const method = `${when}${at}`;
      const answer = await endpoint.call(method, { session });
      const { error } = await answer.json();
      assert.deepEqual([answer.status, error], [200, { code: -32603, message: "Internal error" }]);
      said.push(`TypeError: ${method}: request gave ${shown}, not an object or undefined`);
    }
  }
  assert.deepEqual(endpoint.told("application-error").map(({ error }) => String(error)), said);
});

for (
  const [what, result, shown] of [
    ["nothing", undefined, "undefined"],
    ["no version", {}, "undefined"],
    ["a version of the other era", { protocolVersion: "2026-07-28" }, '"2026-07-28"'],
  ] as const
) {
  test(`an initialize that gives ${what} is the application's failure`, async () => {
    const failures: unknown[] = [];
    const handler = createMcpHandler({ ...application, initialize: () => result as never }, {
      onEvent: (event) => event.type === "application-error" && failures.push(event.error),
    });
    await assert.rejects(testClient(handler).initialize(), { code: -32603 });
    assert.deepEqual(failures.map(String), [
      `TypeError: initialize: protocolVersion of the result is ${shown}, none of 2025-11-25, 2025-06-18, 2025-03-26`,
    ]);
    await handler.close();
  });
}
