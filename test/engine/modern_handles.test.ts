/** Handles: what takes the place of session state, in both eras. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Exchange, type JsonObject, memory, type RpcRequest } from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { type As, ModernEndpoint } from "./modern_endpoint.ts";

const HOUR = 60 * 60_000;
const UNKNOWN = { code: -32602, message: "Invalid params: unknown handle" };

/** Tools that do to handles what their names say. */
async function run({ params }: RpcRequest, { handles }: Exchange): Promise<object> {
  const { name, arguments: { handle, value, ...options } } = params as {
    name: string;
    arguments: { handle?: unknown; value?: unknown; ttlMs?: number };
  };
  switch (name) {
    case "mint":
      return { handle: await handles.mint(value, options) };
    case "resolve":
      return { value: await handles.resolve(handle) };
    case "update":
      await handles.update(handle, value, options);
      return {};
    default:
      return { revoked: await handles.revoke(handle) };
  }
}

async function minted(
  endpoint: ModernEndpoint,
  value: unknown,
  as: As = {},
  options: JsonObject = {},
): Promise<string> {
  return (await endpoint.call("mint", { value, ...options }, as)).json.result.handle;
}

async function resolved(endpoint: ModernEndpoint, handle: unknown, as: As = {}): Promise<unknown> {
  const { json } = await endpoint.call("resolve", { handle }, as);
  return json.error ?? json.result.value;
}

describe("a handle", () => {
  test("is 144 random bits, and another one each time", async (t) => {
    const endpoint = new ModernEndpoint(t, { request: run });
    const all = new Set<string>();
    for (let i = 0; i < 200; i++) all.add(await minted(endpoint, i));
    assert.equal(all.size, 200);
    for (const one of all) assert.match(one, /^[\w-]{24}$/);
  });

  test("names any JSON value", async (t) => {
    const endpoint = new ModernEndpoint(t, { request: run });
    for (const value of [null, 0, "", false, [1, [2]], { a: { b: "日本" } }]) {
      assert.deepEqual(await resolved(endpoint, await minted(endpoint, value)), value);
    }
  });

  test("is updated in place", async (t) => {
    const endpoint = new ModernEndpoint(t, { request: run });
    const handle = await minted(endpoint, { n: 1 });
    assert.equal(
      (await endpoint.call("update", { handle, value: { n: 2 } })).json.error,
      undefined,
    );
    assert.deepEqual(await resolved(endpoint, handle), { n: 2 });
  });

  test("is revoked once", async (t) => {
    const endpoint = new ModernEndpoint(t, { request: run });
    const handle = await minted(endpoint, 1);
    assert.equal((await endpoint.call("revoke", { handle })).json.result.revoked, true);
    assert.equal((await endpoint.call("revoke", { handle })).json.result.revoked, false);
    assert.deepEqual(await resolved(endpoint, handle), UNKNOWN);
  });

  test("lives an hour, or as long as it is told; an update begins its time anew", async (t) => {
    const endpoint = new ModernEndpoint(t, { request: run });
    const [plain, brief] = [
      await minted(endpoint, 1),
      await minted(endpoint, 2, {}, { ttlMs: 10 }),
    ];
    endpoint.clock.jump(9);
    assert.equal(await resolved(endpoint, brief), 2);
    endpoint.clock.jump(1);
    assert.deepEqual(await resolved(endpoint, brief), UNKNOWN);
    endpoint.clock.jump(HOUR - 11);
    assert.equal(await resolved(endpoint, plain), 1);
    await endpoint.call("update", { handle: plain, value: 3 });
    endpoint.clock.jump(HOUR - 1);
    assert.equal(await resolved(endpoint, plain), 3);
    endpoint.clock.jump(1);
    assert.deepEqual(await resolved(endpoint, plain), UNKNOWN);
  });

  for (const ttlMs of [0, -1, NaN, Infinity, "5"]) {
    test(`does not live for ${ttlMs} ms: every lifetime has an end`, async (t) => {
      let failed: unknown;
      const endpoint = new ModernEndpoint(t, {
        request: async (_, { handles }) => {
          await handles.mint(1, { ttlMs: ttlMs as number }).catch((error) => failed = error);
          return {};
        },
      });
      await endpoint.call("x");
      assert.ok(failed instanceof TypeError, String(failed));
      const shown = typeof ttlMs === "string" ? `"${ttlMs}"` : ttlMs;
      const { message } = failed;
      assert.equal(message, `ttlMs: ${shown} is not a finite number of milliseconds above 0`);
    });
  }
});

describe("one failure for every cause", () => {
  const principals: readonly (readonly [string, As, As])[] = [
    ["another principal's", { principal: "ada" }, { principal: "eve" }],
    ["a principal's, asked by nobody known", { principal: "ada" }, {}],
    ["nobody's, asked by a principal", {}, { principal: "ada" }],
  ];
  for (const [name, owner, other] of principals) {
    test(name, async (t) => {
      const endpoint = new ModernEndpoint(t, { request: run });
      const handle = await minted(endpoint, "mine", owner);
      assert.deepEqual(await resolved(endpoint, handle, other), UNKNOWN);
      const update = await endpoint.call("update", { handle, value: "stolen" }, other);
      assert.deepEqual(update.json.error, UNKNOWN);
      assert.equal((await endpoint.call("revoke", { handle }, other)).json.result.revoked, false);
      assert.equal(await resolved(endpoint, handle, owner), "mine");
    });
  }

  test("never minted, of another form, no text", async (t) => {
    const asked: string[] = [];
    const backend = memory();
    const { handles } = backend;
    const endpoint = new ModernEndpoint(t, { request: run }, {
      backend: {
        ...backend,
        handles: {
          ...handles!,
          get: (handle, now) => {
            asked.push(handle);
            return handles!.get(handle, now);
          },
        },
      },
    });
    const never = "A".repeat(24);
    for (
      const handle of [never, "", "short", "x".repeat(100_000), "__proto__", 5, null, {}, undefined]
    ) {
      assert.deepEqual(await resolved(endpoint, handle), UNKNOWN);
    }
    // What cannot be a handle does not reach the backend.
    assert.deepEqual(asked, [never]);
  });
});

test("one that is revoked while it is updated does not come back", async (t) => {
  const backend = memory();
  const handles = backend.handles!;
  let meanwhile = (_handle: string): void => {};
  const endpoint = new ModernEndpoint(t, { request: run }, {
    backend: {
      ...backend,
      handles: {
        ...handles,
        // Another node's word comes between the look and the write.
        get: async (handle, now) => {
          const found = await handles.get(handle, now);
          meanwhile(handle);
          return found;
        },
      },
    },
  });
  const handle = await minted(endpoint, 1);
  meanwhile = (one) => void handles.delete(one);
  assert.deepEqual((await endpoint.call("update", { handle, value: 2 })).json.error, UNKNOWN);
  meanwhile = () => {};
  assert.deepEqual(await resolved(endpoint, handle), UNKNOWN);
});

test("a handle minted by a legacy client is one to a modern client of the same principal", async (t) => {
  const endpoint = new ModernEndpoint(t, { request: run });
  const client = testClient(endpoint.handler, { headers: { authorization: "ada" } });
  await client.initialize();
  const { handle } = await client.call("tools/call", { name: "mint", arguments: { value: 7 } });
  assert.equal(await resolved(endpoint, handle, { principal: "ada" }), 7);
  assert.deepEqual(await resolved(endpoint, handle, { principal: "eve" }), UNKNOWN);
  // And it outlives the session that it was minted in.
  await client.end();
  assert.equal(await resolved(endpoint, handle, { principal: "ada" }), 7);
});

test("nodes with one backend know each other's handles", async (t) => {
  const backend = memory();
  const one = new ModernEndpoint(t, { request: run }, { backend });
  const other = new ModernEndpoint(t, { request: run }, { backend }, one.clock);
  assert.equal(await resolved(other, await minted(one, "shared")), "shared");
});

test("what is expired is forgotten as new ones come", async (t) => {
  let live = 0;
  const backend = memory();
  const endpoint = new ModernEndpoint(t, { request: run }, { backend });
  const first: string[] = [];
  for (let i = 0; i < 50; i++) first.push(await minted(endpoint, i, {}, { ttlMs: 10 }));
  endpoint.clock.jump(10);
  for (let i = 0; i < 50; i++) await minted(endpoint, i);
  // Asked with the time at which they lived: only what is still stored is found.
  for (const one of first) {
    if (await backend.handles!.get(one, endpoint.clock.now() - 10) !== undefined) live++;
  }
  assert.equal(live, 0);
});

test("a backend that keeps none says so to the application", async (t) => {
  const { handles: _none, ...backend } = memory();
  const endpoint = new ModernEndpoint(t, { request: run }, { backend });
  assert.equal((await endpoint.call("mint", { value: 1 })).json.error.code, -32603);
  const [event] = endpoint.events.filter(({ type }) => type === "application-error");
  assert.match(String(event?.type === "application-error" && event.error), /no handles/);
});
