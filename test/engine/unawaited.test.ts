/** What a client makes fail before the application looks at it: without these, it would end the process. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClientRequestError, type Exchange, RpcError } from "../../core/engine/mod.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, NEWEST, notification } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

const FORM = { message: "Who?", requestedSchema: { type: "object", properties: {} } };
const ALL = { elicitation: { form: {} }, sampling: {}, roots: {} };

/** The ways to ask a client, and those to read what it brought. */
const ASKING: { readonly [way: string]: (exchange: Exchange) => Promise<unknown> } = {
  request: (exchange) => exchange.request("roots/list"),
  elicit: (exchange) => exchange.elicit(FORM),
  sample: (exchange) => exchange.sample({ messages: [], maxTokens: 1 }),
  roots: (exchange) => exchange.roots(),
  inputs: (exchange) => exchange.inputs({ where: { method: "roots/list" } }),
};
const READING: typeof ASKING = {
  "handles.resolve": (exchange) => exchange.handles.resolve("no handle"),
  "handles.update": (exchange) => exchange.handles.update("no handle", 1),
  openState: (exchange) => exchange.openState(),
  sealState: (exchange) => exchange.sealState(1),
};

/** An application that does something else before it looks at what came of it. */
function busy(way: (exchange: Exchange) => Promise<unknown>) {
  const done = gate();
  const failures: unknown[] = [];
  const request = async (_: unknown, exchange: Exchange): Promise<object> => {
    const came = way(exchange);
    await done.opened;
    await came.catch((error) => failures.push(error));
    return {};
  };
  return { done, failures, request };
}

describe("what fails while the application does something else is told once it looks", () => {
  for (const [name, way] of Object.entries(ASKING)) {
    test(`${name}, which the client refuses`, async (t) => {
      const { done, failures, request } = busy(way);
      const endpoint = new Endpoint(t, { request });
      const params = { protocolVersion: NEWEST, capabilities: ALL, clientInfo: {} };
      const session = (await endpoint.call("initialize", {}, params)).headers.get(
        "mcp-session-id",
      )!;
      await endpoint.post(notification("notifications/initialized"), { session });
      const events = new Events(await endpoint.call("tools/call", { session }));
      const { id } = await events.next();
      await endpoint.post({ jsonrpc: "2.0", id, error: { code: -1, message: "no" } }, { session });
      await turns();
      done.open();
      assert.deepEqual((await events.next()).result, {});
      const [failure] = failures;
      assert.ok(failure instanceof ClientRequestError && failure.code === "refused");
    });
  }

  for (const [name, way] of Object.entries({ ...ASKING, ...READING })) {
    test(`${name}, of a client of 2026-07-28`, async (t) => {
      const { done, failures, request } = busy(way);
      const endpoint = new ModernEndpoint(t, { request });
      const state = name.endsWith("State") ? { requestState: "not ours" } : {};
      const answer = endpoint.call("x", {}, { capabilities: ALL }, state);
      await turns();
      done.open();
      assert.deepEqual((await answer).json.result.resultType, "complete");
      const [failure] = failures;
      if (name in READING) assert.ok(failure instanceof RpcError);
      else assert.equal((failure as Error).name, "InputRequired");
    });
  }

  test("session.request, without a stream", async (t) => {
    const endpoint = new Endpoint(t);
    const session = await endpoint.handler.sessions.get(await endpoint.open());
    const came = session!.request("ping");
    await turns();
    await assert.rejects(came, ClientRequestError);
  });
});
