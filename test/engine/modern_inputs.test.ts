/** Asking the client in the middle of a call: one function for both eras. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ClientRequestError,
  type Exchange,
  type JsonObject,
  type RpcRequest,
} from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { type As, type Got, ModernEndpoint } from "./modern_endpoint.ts";

const ALL = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} };
const FORM = { message: "Who?", requestedSchema: { type: "object", properties: {} } };

/** A client that answers by method and goes on until it has a result. */
async function play(
  endpoint: ModernEndpoint,
  answers: { readonly [method: string]: JsonObject },
  as: As = {},
): Promise<{ readonly last: Got; readonly asked: readonly string[][] }> {
  const asked: string[][] = [];
  let more: JsonObject = {};
  for (let id = 1;; id++) {
    const last = await endpoint.call("x", {}, { id, capabilities: ALL, ...as }, more);
    const { result } = last.json;
    if (result?.resultType !== "input_required") return { last, asked };
    const { inputRequests = {}, requestState } = result;
    asked.push(Object.keys(inputRequests));
    const inputResponses = Object.fromEntries(
      Object.entries(inputRequests as { [key: string]: { method: string } }).map((
        [key, { method }],
      ) => [key, answers[method]]),
    );
    more = { inputResponses, ...(requestState === undefined ? {} : { requestState }) };
  }
}

const ANSWERS = {
  "elicitation/create": { action: "accept", content: { name: "Ada" } },
  "sampling/createMessage": {
    role: "assistant",
    content: { type: "text", text: "hm" },
    model: "m",
  },
  "roots/list": { roots: [{ uri: "file:///a" }] },
};

/** Asks one after the other, and counts how often it was begun. */
function three(begun: { times: number }) {
  return async (_: RpcRequest, exchange: Exchange): Promise<object> => {
    begun.times++;
    const who = await exchange.elicit(FORM);
    const said = await exchange.sample({ messages: [], maxTokens: 1 });
    const where = await exchange.roots();
    return { who, said, where };
  };
}

const HAD = {
  who: ANSWERS["elicitation/create"],
  said: ANSWERS["sampling/createMessage"],
  where: ANSWERS["roots/list"],
};

describe("one function that asks three times", () => {
  test("gets its answers from a modern client, run by run", async (t) => {
    const begun = { times: 0 };
    const endpoint = new ModernEndpoint(t, { request: three(begun) });
    const { last, asked } = await play(endpoint, ANSWERS);
    const { who, said, where } = last.json.result;
    assert.deepEqual({ who, said, where }, HAD);
    assert.deepEqual(asked, [["input-1"], ["input-2"], ["input-3"]]);
    assert.equal(begun.times, 4);
  });

  test("and from a legacy client, in one run", async (t) => {
    const begun = { times: 0 };
    const endpoint = new ModernEndpoint(t, { request: three(begun) });
    const client = testClient(endpoint.handler, {
      capabilities: ALL,
      request: (method) => ANSWERS[method as keyof typeof ANSWERS],
    });
    await client.initialize();
    assert.deepEqual(await client.call("tools/call", { name: "x" }), HAD);
    assert.equal(begun.times, 1);
  });

  test("by exchange.request too", async (t) => {
    const endpoint = new ModernEndpoint(t, {
      request: async (_, exchange) => ({
        who: await exchange.request("elicitation/create", FORM),
        where: await exchange.request("roots/list"),
      }),
    });
    const { json } = await endpoint.call("x", {}, { capabilities: ALL });
    const asks = { "input-1": { method: "elicitation/create", params: FORM } };
    assert.deepEqual(json.result.inputRequests, asks);
    const { last } = await play(endpoint, ANSWERS);
    assert.deepEqual(last.json.result.who, HAD.who);
    assert.deepEqual(last.json.result.where, HAD.where);
  });
});

describe("several things asked for at once", () => {
  const REQUESTS = {
    who: { method: "elicitation/create", params: FORM },
    where: { method: "roots/list" },
  };
  const application = {
    request: async (_: RpcRequest, exchange: Exchange) => ({ ...await exchange.inputs(REQUESTS) }),
  };

  test("are one input-required result", async (t) => {
    const endpoint = new ModernEndpoint(t, application);
    const { json, status } = await endpoint.call("x", {}, { capabilities: ALL });
    assert.equal(status, 200);
    const { inputRequests, resultType, requestState } = json.result;
    assert.equal(resultType, "input_required");
    assert.deepEqual(inputRequests, {
      who: { method: "elicitation/create", params: FORM },
      where: { method: "roots/list", params: {} },
    });
    assert.equal(requestState, undefined);
    const { last } = await play(endpoint, ANSWERS);
    assert.deepEqual(last.json.result.who, HAD.who);
    assert.deepEqual(last.json.result.where, HAD.where);
  });

  test("what is missing, or no object, is asked for again; what nobody asked for is ignored", async (t) => {
    const endpoint = new ModernEndpoint(t, application);
    const as = { capabilities: ALL };
    const first = await endpoint.call("x", {}, as, {
      inputResponses: { who: HAD.who, where: "nowhere", other: {} },
    });
    const { inputRequests, requestState } = first.json.result;
    assert.deepEqual(Object.keys(inputRequests), ["where"]);
    const inputResponses = { where: HAD.where };
    const second = await endpoint.call("x", {}, as, { inputResponses, requestState });
    assert.equal(second.json.result.resultType, "complete");
    assert.deepEqual(second.json.result.who, HAD.who);
    for (const odd of [null, [], 1, "x"]) {
      const { json } = await endpoint.call("x", {}, as, { inputResponses: odd });
      assert.equal(json.result.resultType, "input_required", JSON.stringify(odd));
    }
  });

  test("keys of Object.prototype are keys like any other", async (t) => {
    const requests = Object.fromEntries(
      ["__proto__", "constructor", "toString"].map((key) => [key, { method: "roots/list" }]),
    );
    const endpoint = new ModernEndpoint(t, {
      request: async (_, exchange) => ({ got: Object.keys(await exchange.inputs(requests)) }),
    });
    const { json } = await endpoint.call("x", {}, { capabilities: ALL });
    assert.deepEqual(Object.keys(json.result.inputRequests), [
      "__proto__",
      "constructor",
      "toString",
    ]);
  });
});

test("a key given by the application names the answer", async (t) => {
  const endpoint = new ModernEndpoint(t, {
    request: async (_, exchange) => ({ who: await exchange.elicit(FORM, { key: "login" }) }),
  });
  const { last, asked } = await play(endpoint, ANSWERS);
  assert.deepEqual(asked, [["login"]]);
  assert.deepEqual(last.json.result.who, HAD.who);
});

test("a declined form is an answer", async (t) => {
  const endpoint = new ModernEndpoint(t, {
    request: async (_, exchange) => ({ who: await exchange.elicit(FORM) }),
  });
  const { last } = await play(endpoint, { "elicitation/create": { action: "decline" } });
  assert.deepEqual(last.json.result.who, { action: "decline" });
});

test("only the three methods that may ask for input do", async (t) => {
  const endpoint = new ModernEndpoint(t, {
    request: async (_, exchange) => ({ who: await exchange.elicit(FORM) }),
  });
  const as = { capabilities: ALL };
  for (
    const [method, params] of [["tools/call", { name: "x" }], ["prompts/get", { name: "x" }], [
      "resources/read",
      { uri: "a:b" },
    ]] as const
  ) {
    const { json } = await endpoint.ask(method, params, as);
    assert.equal(json.result.resultType, "input_required", method);
  }
  for (const method of ["tools/list", "completion/complete", "x/y"]) {
    const { json } = await endpoint.ask(method, {}, as);
    assert.equal(json.error.code, -32600, method);
  }
});

describe("the application's own state and the library's", () => {
  test("travel together: what it sealed is there in every later run", async (t) => {
    const seen: unknown[] = [];
    const endpoint = new ModernEndpoint(t, {
      async request(_, exchange) {
        const state = await exchange.openState();
        seen.push(state);
        if (state === undefined) {
          const inputRequests = { zero: { method: "roots/list" } };
          const requestState = await exchange.sealState({ step: 1 });
          return { resultType: "input_required", inputRequests, requestState };
        }
        return { one: await exchange.elicit(FORM), two: await exchange.roots() };
      },
    });
    const { last, asked } = await play(endpoint, ANSWERS);
    assert.equal(last.json.result.resultType, "complete");
    assert.deepEqual(asked, [["zero"], ["input-1"], ["input-2"]]);
    assert.deepEqual(seen, [undefined, { step: 1 }, { step: 1 }, { step: 1 }]);
  });

  test("travel on where the client was asked for nothing before", async (t) => {
    const endpoint = new ModernEndpoint(t, {
      async request(_, exchange) {
        const state = await exchange.openState();
        if (state !== undefined) return { state, answer: await exchange.elicit(FORM) };
        const requestState = await exchange.sealState({ step: 1 });
        return { resultType: "input_required", requestState };
      },
    });
    const { last, asked } = await play(endpoint, ANSWERS);
    assert.deepEqual(last.json.result.state, { step: 1 });
    assert.deepEqual(asked, [[], ["input-1"]]);
  });

  test("are part of the new revision only", async (t) => {
    const endpoint = new ModernEndpoint(t, {
      request: async (_, exchange) => ({
        state: await exchange.openState() ?? "none",
        sealed: await exchange.sealState(1).catch((error) => error.constructor.name),
      }),
    });
    const client = testClient(endpoint.handler);
    await client.initialize();
    assert.deepEqual(await client.call("tools/call"), { state: "none", sealed: "TypeError" });
  });
});

describe("a call that is over asks nobody", () => {
  test("legacy: the question fails at once", async (t) => {
    let late: ((value: unknown) => void) | undefined;
    const failed = new Promise((resolve) => late = resolve);
    const endpoint = new ModernEndpoint(t, {
      async request(_, exchange) {
        await new Promise<void>((resolve) =>
          exchange.signal.addEventListener("abort", () => resolve())
        );
        late!(await exchange.elicit(FORM).catch((error) => error));
        return {};
      },
    });
    const client = testClient(endpoint.handler, { capabilities: ALL });
    await client.initialize();
    const call = client.begin("tools/call", { name: "x" });
    call.result.catch(() => {/* a cancelled call has no result */});
    while ((await endpoint.handler.stats()).inFlight === 0) await client.notify("x");
    await call.cancel();
    const error = await failed;
    assert.ok(error instanceof ClientRequestError);
    assert.equal(error.code, "cancelled");
  });
});
