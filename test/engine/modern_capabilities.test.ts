/** What a client declared decides what it is asked for, in both eras. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Application,
  ClientRequestError,
  type Exchange,
  type JsonObject,
} from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { Endpoint } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

const FORM = { message: "Who?", requestedSchema: { type: "object", properties: {} } };

describe("a capability that the client did not declare", () => {
  const URL_MODE = { mode: "url", message: "Go", url: "https://example.com" };
  const cases:
    readonly (readonly [string, (exchange: Exchange) => Promise<object>, object, object])[] = [
      ["elicitation", (one) => one.elicit(FORM), {}, { elicitation: {} }],
      ["elicitation that is no object", (one) => one.elicit(FORM), { elicitation: true }, {
        elicitation: {},
      }],
      ["forms", (one) => one.elicit(FORM), { elicitation: { url: {} } }, {
        elicitation: { form: {} },
      }],
      ["URLs, with forms", (one) => one.elicit(URL_MODE), { elicitation: { form: {} } }, {
        elicitation: { url: {} },
      }],
      ["URLs, with elicitation alone", (one) => one.elicit(URL_MODE), { elicitation: {} }, {
        elicitation: { url: {} },
      }],
      ["URLs, with nothing", (one) => one.elicit(URL_MODE), {}, { elicitation: { url: {} } }],
      ["sampling", (one) => one.sample({}), {}, { sampling: {} }],
      ["tools in sampling", (one) => one.sample({ tools: [] }), { sampling: {} }, {
        sampling: { tools: {} },
      }],
      ["a choice among tools in sampling", (one) => one.sample({ toolChoice: {} }), {
        sampling: {},
      }, { sampling: { tools: {} } }],
      ["roots", (one) => one.roots(), {}, { roots: {} }],
      [
        "several",
        (one) =>
          one.inputs({
            a: { method: "roots/list" },
            b: { method: "elicitation/create", params: FORM },
          }),
        {},
        { roots: {}, elicitation: {} },
      ],
    ];
  for (const [name, ask, declared, requiredCapabilities] of cases) {
    test(`${name}: 400, and a modern client learns which`, async (t) => {
      const endpoint = new ModernEndpoint(t, { request: (_, exchange) => ask(exchange) });
      const { status, json } = await endpoint.call("x", {}, { capabilities: declared });
      assert.equal(status, 400);
      assert.equal(json.error.code, -32021);
      assert.deepEqual(json.error.data, { requiredCapabilities });
    });

    test(`${name}: a legacy client is not asked`, async (t) => {
      let failed: unknown;
      const endpoint = new ModernEndpoint(t, {
        request: (_, exchange) => ask(exchange).catch((error) => ({ failed: failed = error })),
      });
      const client = testClient(endpoint.handler, { capabilities: declared as JsonObject });
      await client.initialize();
      await client.call("tools/call", { name: "x" });
      assert.ok(failed instanceof ClientRequestError);
      assert.equal(failed.code, "unsupported");
    });
  }

  const served: readonly (readonly [string, (exchange: Exchange) => Promise<object>, object])[] = [
    ["elicitation alone means forms", (one) => one.elicit(FORM), { elicitation: {} }],
    ["forms", (one) => one.elicit({ ...FORM, mode: "form" }), {
      elicitation: { form: {}, url: {} },
    }],
    ["URLs", (one) => one.elicit(URL_MODE), { elicitation: { url: {} } }],
    ["tools in sampling", (one) => one.sample({ toolChoice: {} }), { sampling: { tools: {} } }],
  ];
  for (const [name, ask, declared] of served) {
    test(`${name}, where declared: asked`, async (t) => {
      const endpoint = new ModernEndpoint(t, { request: (_, exchange) => ask(exchange) });
      const { json } = await endpoint.call("x", {}, { capabilities: declared });
      assert.equal(json.result.resultType, "input_required");
    });
  }
});

/** Answers with what is known of the client. */
const TELLING: Pick<Application, "request"> = {
  request: (_, { clientCapabilities, era, session }) => ({
    clientCapabilities,
    era,
    session: session !== undefined,
  }),
};

test("what the client can be asked for is told in both eras", async (t) => {
  const endpoint = new ModernEndpoint(t, TELLING);
  const { json } = await endpoint.call("x", {}, { capabilities: { roots: {} } });
  const { clientCapabilities, era, session } = json.result;
  assert.deepEqual({ clientCapabilities, era, session }, {
    clientCapabilities: { roots: {} },
    era: "modern",
    session: false,
  });
  const client = testClient(endpoint.handler, { capabilities: { sampling: {} } });
  await client.initialize();
  assert.deepEqual(await client.call("x"), {
    clientCapabilities: { sampling: {} },
    era: "legacy",
    session: true,
  });
});

test("of a client without a session nothing is known", async (t) => {
  const endpoint = new Endpoint(t, TELLING, { sessions: "optional" });
  const { result } = await (await endpoint.call("x")).json();
  assert.deepEqual(result, { clientCapabilities: {}, era: "legacy", session: false });
});
