/** What is written out again of what a client sent takes no longer because of how deep it nests. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { processorTimes } from "../doubles/processor.ts";
import { Endpoint } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

/** Bun takes a second to write out as many. */
const LEVELS = 35_000;
const DEEP = `${"[".repeat(LEVELS)}${"]".repeat(LEVELS)}`;

/** How often the time of reading it is what writing it may take: it takes Bun 80 times or more. */
const TIMES = 20;

/** Checks that it is answered soon; its answer. */
async function soon(body: string, ask: () => Promise<Response>): Promise<Response> {
  const [read = 0, answered = 0] = await processorTimes(() => JSON.parse(body), ask);
  assert.ok(answered < TIMES * read, `${answered} ms, and ${read} to read it`);
  return ask();
}

describe("many levels take no longer than to read them", { timeout: 60_000 }, () => {
  test("in the params of initialize, which are refused", async (t) => {
    const endpoint = new Endpoint(t, {});
    const params = `{"protocolVersion":"2025-11-25","capabilities":{"x":${DEEP}}}`;
    const body = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":${params}}`;
    const answer = await soon(body, () => endpoint.post(body));
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error.code, -32602);
    assert.equal(await endpoint.handler.sessions.count(), 0);
  });

  test("in an answer for another node", async (t) => {
    const endpoint = new Endpoint(t, {});
    const session = await endpoint.open();
    const body = `{"jsonrpc":"2.0","id":"other.1","result":{"roots":${DEEP}}}`;
    const answer = await soon(body, () => endpoint.post(body, { session }));
    assert.equal(answer.status, 202);
    assert.deepEqual(endpoint.told("backend-error"), []);
  });

  test("in what answers a modern request for input", async (t) => {
    const { handler, events } = new ModernEndpoint(t, {
      request: async (_, exchange) => ({
        one: await exchange.roots({ key: "one" }),
        two: await exchange.roots({ key: "two" }),
      }),
    });
    const meta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28",
      "io.modelcontextprotocol/clientCapabilities":{"roots":{}}`;
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{
      "name":"x","inputResponses":{"one":{"roots":${DEEP}}},"_meta":{${meta}}}}`;
    const headers = {
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "x",
    };
    const answer = await soon(
      body,
      () => handler.fetch(new Request("http://localhost/mcp", { method: "POST", headers, body })),
    );
    assert.equal((await answer.json()).error.code, -32602);
    assert.deepEqual(events.filter(({ type }) => type.endsWith("error")), []);
  });
});
