/** `requestState`: who may bring it back, with what, and until when. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { processorTimes } from "../doubles/processor.ts";
import { type As, type Got, ModernEndpoint } from "./modern_endpoint.ts";

const KEYS = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
const MINUTE = 60_000;

/** Seals where a call brings no state, and shows what it finds where it does. */
const SEALING = {
  request: async (_: unknown, exchange: {
    openState(): Promise<unknown>;
    sealState(value: unknown): Promise<string>;
  }) => {
    const found = await exchange.openState();
    if (found !== undefined) return { found };
    const requestState = await exchange.sealState({ secret: "card 4711" });
    return { resultType: "input_required", requestState };
  },
};

const ARGS = { a: 1, b: { c: [1, { d: 2, e: 3 }] }, none: null };

async function sealed(endpoint: ModernEndpoint, as: As = {}): Promise<string> {
  const { json } = await endpoint.call("x", ARGS, as);
  assert.equal(json.result.resultType, "input_required");
  return json.result.requestState;
}

function bring(
  endpoint: ModernEndpoint,
  requestState: unknown,
  as: As = {},
  args: JsonObject = ARGS,
): Promise<Got> {
  return endpoint.call("x", args, { id: 2, ...as }, { requestState });
}

function accepted({ status, json }: Got): void {
  assert.equal(status, 200);
  assert.deepEqual(json.result?.found, { secret: "card 4711" }, JSON.stringify(json));
}

function invalid({ status, json }: Got): void {
  assert.equal(status, 200);
  assert.deepEqual(json.error, {
    code: -32602,
    message: "Invalid params: requestState is not valid for this request",
  });
}

test("comes back to the same request of the same principal, with any id and order of keys", async (t) => {
  const endpoint = new ModernEndpoint(t, SEALING);
  const state = await sealed(endpoint, { principal: "ada" });
  accepted(await bring(endpoint, state, { principal: "ada", id: "other" }));
  const turned = { none: null, b: { c: [1, { e: 3, d: 2 }] }, a: 1 };
  accepted(await bring(endpoint, state, { principal: "ada" }, turned));
  const meta = { progressToken: 5, "example.com/trace": 1 };
  accepted(await bring(endpoint, state, { principal: "ada", meta }));
});

test("says nothing to who carries it, and is another one each time", async (t) => {
  const endpoint = new ModernEndpoint(t, SEALING);
  const [one, other] = [await sealed(endpoint), await sealed(endpoint)];
  assert.notEqual(one, other);
  const text = atob(one.replaceAll("-", "+").replaceAll("_", "/"));
  for (const word of ["secret", "card", "4711"]) assert.ok(!text.includes(word));
});

describe("is refused, always in the same words,", () => {
  test("where any of its characters is changed", async (t) => {
    const endpoint = new ModernEndpoint(t, SEALING);
    const state = await sealed(endpoint);
    for (let at = 0; at < state.length; at++) {
      const changed = state.slice(0, at) + (state[at] === "A" ? "B" : "A") + state.slice(at + 1);
      const got = await bring(endpoint, changed);
      // The last character may carry bits that no byte has.
      if (at < state.length - 1 || got.json.error !== undefined) invalid(got);
    }
  });

  test("where it is cut, grown, or none at all", async (t) => {
    const endpoint = new ModernEndpoint(t, SEALING);
    const state = await sealed(endpoint);
    const odd = [
      "",
      "A",
      state.slice(0, 15),
      state.slice(0, 16),
      state.slice(1),
      state.slice(0, -4),
    ];
    for (
      const one of [...odd, `${state}AAAA`, `${state}=`, `${state}\u00e9`, 7, null, {}, [state]]
    ) {
      invalid(await bring(endpoint, one));
    }
  });

  const others: readonly (readonly [string, As, As])[] = [
    ["another principal", { principal: "ada" }, { principal: "eve" }],
    ["an anonymous caller", { principal: "ada" }, {}],
    ["a principal, where it was an anonymous caller's", {}, { principal: "eve" }],
    ["a principal whose name reads like none", {}, { principal: "null" }],
  ];
  for (const [name, owner, thief] of others) {
    test(`from ${name}`, async (t) => {
      const endpoint = new ModernEndpoint(t, SEALING);
      const state = await sealed(endpoint, owner);
      invalid(await bring(endpoint, state, thief));
      accepted(await bring(endpoint, state, owner));
    });
  }

  test("with other arguments, another tool, another method", async (t) => {
    const endpoint = new ModernEndpoint(t, SEALING);
    const requestState = await sealed(endpoint);
    for (
      const args of [{}, { ...ARGS, a: 2 }, { ...ARGS, f: 1 }, {
        a: 1,
        b: { c: [{ d: 2, e: 3 }, 1] },
      }, { ...ARGS, b: Object.entries(ARGS.b) }]
    ) invalid(await bring(endpoint, requestState, {}, args));
    invalid(await endpoint.call("y", ARGS, {}, { requestState }));
    const params = { name: "x", arguments: ARGS, requestState };
    invalid(await endpoint.ask("prompts/get", params));
    accepted(await bring(endpoint, requestState));
  });

  test("after its time, and not before", async (t) => {
    const endpoint = new ModernEndpoint(t, SEALING);
    const state = await sealed(endpoint);
    endpoint.clock.jump(10 * MINUTE - 1);
    accepted(await bring(endpoint, state));
    endpoint.clock.jump(1);
    invalid(await bring(endpoint, state));
  });

  test("after the time that the option gives", async (t) => {
    const endpoint = new ModernEndpoint(t, SEALING, { limits: { requestStateMs: 50 } });
    const state = await sealed(endpoint);
    endpoint.clock.jump(49);
    accepted(await bring(endpoint, state));
    endpoint.clock.jump(1);
    invalid(await bring(endpoint, state));
  });

  test("never, where it gives all the time there is", async (t) => {
    const endpoint = new ModernEndpoint(t, SEALING, { limits: { requestStateMs: Infinity } });
    const state = await sealed(endpoint);
    accepted(await bring(endpoint, state));
    endpoint.clock.jump(100 * 365 * 24 * 60 * MINUTE);
    accepted(await bring(endpoint, state));
  });

  test("by a server that has not its key", async (t) => {
    const clock = new FakeClock();
    const one = new ModernEndpoint(t, SEALING, {}, clock);
    const other = new ModernEndpoint(t, SEALING, {}, clock);
    invalid(await bring(other, await sealed(one)));
  });
});

describe("keys", () => {
  const [old, young, strange] = KEYS as [Uint8Array, Uint8Array, Uint8Array];

  test("shared: any node opens what any other sealed", async (t) => {
    const clock = new FakeClock();
    const one = new ModernEndpoint(t, SEALING, { stateKeys: [old] }, clock);
    const other = new ModernEndpoint(t, SEALING, { stateKeys: [old] }, clock);
    accepted(await bring(other, await sealed(one)));
  });

  test("rotated: the first seals, every one opens, one that is gone opens no more", async (t) => {
    const clock = new FakeClock();
    const before = new ModernEndpoint(t, SEALING, { stateKeys: [old] }, clock);
    const during = new ModernEndpoint(t, SEALING, { stateKeys: [young, old] }, clock);
    const after = new ModernEndpoint(t, SEALING, { stateKeys: [young] }, clock);
    const early = await sealed(before);
    accepted(await bring(during, early));
    const late = await sealed(during);
    accepted(await bring(after, late));
    invalid(await bring(after, early));
    invalid(await bring(before, late));
    const foreign = new ModernEndpoint(t, SEALING, { stateKeys: [strange] }, clock);
    invalid(await bring(during, await sealed(foreign)));
  });

  test("that cannot be are refused when the handler is made", (t) => {
    const wrong = [[new Uint8Array(16)], ["k".repeat(32)], new Uint8Array(32)];
    for (const stateKeys of wrong) {
      const make = () => new ModernEndpoint(t, SEALING, { stateKeys: stateKeys as never });
      assert.throws(make, { name: "OptionError", option: "stateKeys" });
    }
  });
});

test("of the application's answers, too, is bound: answers do not pass to another principal", async (t) => {
  const endpoint = new ModernEndpoint(t, {
    request: async (_, exchange) => ({
      one: await exchange.elicit({ message: "1" }, { key: "one" }),
      two: await exchange.elicit({ message: "2" }, { key: "two" }),
    }),
  });
  const as = { capabilities: { elicitation: {} }, principal: "ada" };
  const answer = { action: "accept", content: { by: "ada" } };
  const first = await endpoint.call("x", {}, as, { inputResponses: { one: answer } });
  const { requestState } = first.json.result;
  const more = { requestState, inputResponses: { two: answer } };
  invalid(await endpoint.call("x", {}, { ...as, principal: "eve" }, more));
  assert.deepEqual((await endpoint.call("x", {}, as, more)).json.result.one, answer);
});

test("a state that no function looks at is not looked at", async (t) => {
  const endpoint = new ModernEndpoint(t, { request: () => ({ fine: true }) });
  assert.equal((await bring(endpoint, "garbage")).json.result.fine, true);
});

test("parameters that nest too deeply to be bound to are the client's fault", async (t) => {
  const endpoint = new ModernEndpoint(t, SEALING);
  const nested = (depth: number): JsonObject => {
    let inner: JsonObject = {};
    for (let i = 0; i < depth; i++) inner = { a: inner };
    return inner;
  };
  const fine = (await endpoint.call("x", nested(150))).json.result.requestState;
  accepted(await bring(endpoint, fine, {}, nested(150)));
  const list: JsonObject = { a: JSON.parse("[".repeat(2_000) + "]".repeat(2_000)) };
  for (const deep of [nested(2_000), list]) {
    const { json } = await endpoint.call("x", deep);
    assert.equal(json.error?.code, -32602);
  }
  assert.deepEqual(endpoint.events.filter(({ type }) => type === "application-error"), []);
});

test("that is as long as a body can be takes little longer to refuse than to read", async (t) => {
  const endpoint = new ModernEndpoint(t, {
    request: ({ params }, exchange) => params?.name === "open" ? SEALING.request(0, exchange) : {},
  });
  const long = "A".repeat(4_000_000);
  const asking = (name: string) => () => endpoint.call(name, {}, {}, { requestState: long });
  const [read = 0, refused = 0] = await processorTimes(asking("read"), asking("open"));
  assert.ok(refused < 10 * read, `${refused} ms, and ${read} to read it`);
});
