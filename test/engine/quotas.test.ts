/** What one principal may have going on without a session, in both eras. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { McpOptions, RpcRequest } from "../../core/engine/mod.ts";
import { Principals } from "../../core/engine/calls/principals.ts";
import { turns } from "../doubles/turns.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

/** Calls of the method `hold` wait until they are let go. */
class Held {
  readonly #waiting: (() => void)[] = [];

  readonly request = ({ method }: RpcRequest): object | Promise<object> =>
    method === "hold" ? new Promise((resolve) => this.#waiting.push(() => resolve({}))) : {};

  release(): void {
    this.#waiting.shift()!();
  }
}

async function refused(answer: Response, id: unknown, limit: number): Promise<void> {
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "1");
  const { error, id: answered } = await answer.json();
  assert.equal(answered, id);
  assert.equal(error.code, -32000);
  assert.match(error.message, new RegExp(`this principal.*limit is ${limit}$`));
}

const limits = { inFlightPerPrincipal: 2, subscriptionsPerPrincipal: 1 };

describe("calls without a session", () => {
  test("of one principal are bounded, whatever others do", async (t) => {
    const held = new Held();
    const endpoint = new ModernEndpoint(t, held, { limits });
    const ada = { principal: "ada" };
    const first = endpoint.post("hold", {}, ada);
    const second = endpoint.post("hold", {}, ada);
    await refused(await endpoint.post("tools/list", {}, { ...ada, id: "late" }), "late", 2);
    assert.equal((await endpoint.post("tools/list", {}, { principal: "eve" })).status, 200);
    assert.equal((await endpoint.post("tools/list")).status, 200);
    held.release();
    await (await first).text();
    assert.equal((await endpoint.post("tools/list", {}, ada)).status, 200);
    held.release();
    await (await second).text();
    for (let i = 0; i < 5; i++) {
      assert.equal((await endpoint.post("tools/list", {}, ada)).status, 200);
    }
  });

  test("count anonymous callers as one, and let go of what its peer left", async (t) => {
    const endpoint = new ModernEndpoint(t, new Held(), { limits, response: "sse" });
    const pending = [endpoint.post("hold"), endpoint.post("hold")];
    await turns();
    await refused(await endpoint.post("tools/list"), 1, 2);
    endpoint.clock.pass(1_000);
    const [one, other] = await Promise.all(pending);
    await one!.body!.cancel();
    await (await endpoint.post("tools/list")).body!.cancel();
    await other!.body!.cancel();
    assert.equal((await endpoint.handler.stats()).inFlight, 0);
  });

  test("of the earlier era count as well, each of a batch", async (t) => {
    const held = new Held();
    const options: McpOptions = { limits, sessions: "off" };
    const endpoint = new ModernEndpoint(t, held, options);
    const post = (body: object): Promise<Response> =>
      endpoint.handler.fetch(
        new Request("http://localhost/mcp", {
          method: "POST",
          headers: { "content-type": "application/json", "mcp-protocol-version": "2025-03-26" },
          body: JSON.stringify(body),
        }),
      );
    const call = (id: number, method: string) => ({ jsonrpc: "2.0", id, method });
    const first = endpoint.post("hold");
    await turns();
    await refused(await post([call(1, "x"), call(2, "x")]), undefined, 2);
    const second = post(call(3, "hold"));
    await turns();
    await refused(await post(call(4, "x")), 4, 2);
    assert.equal((await post({ jsonrpc: "2.0", method: "notifications/x" })).status, 202);
    held.release();
    held.release();
    await Promise.all([first, second]);
    assert.equal((await post([call(1, "x"), call(2, "x")])).status, 200);
  });

  test("that are handed over are bounded as well, however they end", async (t) => {
    let answer = (_: Response): void => {};
    let fail = (_: Error): void => {};
    const endpoint = new ModernEndpoint(t, {
      modern: {
        fetch: () =>
          new Promise((resolve, reject) => {
            answer = resolve;
            fail = reject;
          }),
      },
    }, { limits: { ...limits, inFlightPerPrincipal: 1 } });
    for (let i = 0; i < 3; i++) {
      const pending = endpoint.post("work");
      await turns();
      await refused(await endpoint.post("work"), 1, 1);
      if (i === 1) fail(new Error("broken"));
      else answer(Response.json({}));
      assert.equal((await pending).status, 200);
    }
    for (let i = 0; i < 2; i++) {
      const listening = endpoint.post("subscriptions/listen", { notifications: {} });
      await turns();
      const further = await endpoint.post("subscriptions/listen", { notifications: {} });
      await refused(further, 1, 1);
      answer(new Response("", { headers: { "content-type": "text/event-stream" } }));
      const { status, body } = await listening;
      assert.equal(status, 200);
      await body!.cancel();
    }
  });
});

describe("subscriptions", () => {
  test("of one principal are bounded, and are no calls", async (t) => {
    const endpoint = new ModernEndpoint(t, {}, {
      limits: { ...limits, inFlightPerPrincipal: 1 },
    });
    const listen = (principal: string, id: number) =>
      endpoint.post("subscriptions/listen", { notifications: {} }, { principal, id });
    const first = await listen("ada", 1);
    assert.equal(first.status, 200);
    await refused(await listen("ada", 2), 2, 1);
    const other = await listen("eve", 3);
    assert.equal(other.status, 200);
    assert.equal((await endpoint.post("tools/list", {}, { principal: "ada" })).status, 200);
    await first.body!.cancel();
    const again = await listen("ada", 4);
    assert.equal(again.status, 200);
    await again.body!.cancel();
    await other.body!.cancel();
  });
});

test("principals that have nothing going on are forgotten, the others are not", () => {
  const principals = new Principals();
  const busy = principals.of("busy");
  busy.calls = 1;
  const listener = principals.of("listener");
  listener.subscriptions = 1;
  for (let i = 0; i < 100_000; i++) principals.of(`one of many ${i}`);
  assert.ok(principals.size <= 1_000, `${principals.size} are remembered`);
  assert.equal(principals.of("busy"), busy);
  assert.equal(principals.of("listener"), listener);
});
