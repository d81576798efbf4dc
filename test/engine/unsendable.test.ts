/** Errors of an application that cannot be written out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "../../adapters/testing/mod.ts";
import { createMcpHandler, type HandlerEvent, RpcError } from "../../core/engine/mod.ts";

const circular: Record<string, unknown> = {};
circular.self = circular;
let deep: unknown = 1;
for (let i = 0; i < 200_000; i++) deep = [deep];

for (
  const [name, data] of Object.entries({ "a BigInt": 1n, "a circle": circular, "too deep": deep })
) {
  for (const later of [false, true]) {
    test(`an error with ${name} in it, thrown ${later ? "later" : "at once"}, is an internal one`, async () => {
      const events: HandlerEvent[] = [];
      const handler = createMcpHandler({
        serverInfo: { name: "server", version: "1" },
        request() {
          const error = new RpcError(-32000, "secret", data);
          if (later) return Promise.reject(error);
          throw error;
        },
      }, { onEvent: (event) => events.push(event) });
      const client = testClient(handler);
      await client.initialize();
      const message = { jsonrpc: "2.0", id: 7, method: "tools/call" };
      const answer = await client.send("POST", message);
      assert.equal(answer.status, 200);
      const text = await answer.text();
      assert.match(text, /"id":7/);
      // An engine may be able to write out what another cannot.
      if (name !== "too deep") {
        assert.match(text, /-32603/);
        assert.ok(!text.includes("secret"));
        const told = events.filter(({ type }) => type === "application-error");
        assert.equal(told.length, 1);
      }
      assert.equal((await handler.stats()).inFlight, 0);
    });
  }
}

for (const code of ["ENOENT", 1.5, NaN, undefined]) {
  test(`an error whose code is ${code} is an internal one: codes are integers`, async () => {
    const events: HandlerEvent[] = [];
    const handler = createMcpHandler({
      serverInfo: { name: "server", version: "1" },
      request() {
        throw new RpcError(code as number, "secret");
      },
    }, { onEvent: (event) => events.push(event) });
    const client = testClient(handler);
    await client.initialize();
    const answer = await client.send("POST", { jsonrpc: "2.0", id: 7, method: "tools/call" });
    const error = { code: -32603, message: "Internal error" };
    assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: 7, error });
    const [told] = events.filter((event) => event.type === "application-error");
    assert.ok(told?.error instanceof TypeError);
    assert.match(told.error.message, new RegExp(`code is .*${code}.*"secret"`));
  });
}
