/** Slips of an application that can be answered: nobody but the operator would learn of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Application,
  type Exchange,
  type HandlerEvent,
  type JsonObject,
  RpcError,
} from "../../core/engine/mod.ts";
import { Endpoint } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";
import { testInWorlds } from "./worlds.ts";

const FORM = { message: "Who?", requestedSchema: { type: "object", properties: {} } };
const ABLE = { capabilities: { elicitation: {} } };

function slips(events: readonly HandlerEvent[]): readonly unknown[] {
  return events.filter((event) => event.type === "application-error").map((event) => [
    event.method,
    event.name,
    String(event.error),
  ]);
}

testInWorlds(
  "a method that capabilities promises and request does not know",
  async (scope, world) => {
    const application: Partial<Application> = {
      capabilities: { tools: {}, prompts: undefined },
      request: () => undefined,
    };
    const endpoint = new Endpoint(scope, application, {}, world);
    const session = await endpoint.open();
    for (const method of ["tools/call", "prompts/get", "resources/templates/list", "x/y"]) {
      const answer = await endpoint.call(method, { session });
      assert.equal((await answer.json()).error.code, -32601, method);
    }
    assert.deepEqual(slips(endpoint.told("application-error")), [[
      "tools/call",
      undefined,
      "TypeError: tools/call: request gave undefined, although capabilities has tools: is a return missing?",
    ]]);
  },
);

describe("a question of 2026-07-28 that does not end its request", () => {
  const answer = { content: [] };
  const running = (request: (exchange: Exchange) => unknown): Partial<Application> => ({
    request: (_, exchange) => request(exchange) as JsonObject,
  });
  const slip = [[
    "tools/call",
    "x",
    "TypeError: tools/call: request gave a result, although the client has to be asked first: " +
    "is an await missing, or was the error caught that ends such a request?",
  ]];

  const wrong: readonly (readonly [string, (exchange: Exchange) => unknown])[] = [
    ["is not awaited", (exchange) => {
      exchange.elicit(FORM);
      return answer;
    }],
    ["is caught", (exchange) => exchange.elicit(FORM).then(() => answer, () => answer)],
    ["is not awaited by a function that is async", async (exchange) => {
      exchange.inputs({ a: { method: "elicitation/create", params: FORM } });
      return await Promise.resolve(answer);
    }],
  ];
  for (const [what, request] of wrong) {
    test(`because it ${what} is told, and the result sent`, async (t) => {
      const endpoint = new ModernEndpoint(t, running(request));
      const { status, json } = await endpoint.call("x", {}, ABLE);
      assert.deepEqual([status, json.result.resultType], [200, "complete"]);
      assert.deepEqual(slips(endpoint.events), slip);
    });
  }

  const right: readonly (readonly [string, (exchange: Exchange) => unknown])[] = [
    ["has its answer", (exchange) => exchange.elicit(FORM, { key: "who" }).then(() => answer)],
    ["cannot be asked of this client", async (exchange) => {
      await assert.rejects(exchange.roots(), RpcError);
      return answer;
    }],
    ["fails with the request", (exchange) => {
      exchange.roots();
      throw new RpcError(-32602, "no");
    }],
  ];
  for (const [what, request] of right) {
    test(`is no slip where it ${what}`, async (t) => {
      const endpoint = new ModernEndpoint(t, running(request));
      const inputResponses = { who: { action: "cancel" } };
      await endpoint.call("x", {}, ABLE, { inputResponses });
      assert.deepEqual(slips(endpoint.events), []);
    });
  }
});
