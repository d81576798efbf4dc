import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "../../adapters/testing/mod.ts";
import {
  createMcpHandler,
  type JsonObject,
  memory,
  type SessionStore,
} from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, gate, initialize, NEWEST, refusal } from "./endpoint.ts";
import type { Scope } from "./worlds.ts";

for (const eras of ["legacy", "modern"] as const) {
  test(`${eras}: a call whose body comes after the end is refused, not begun`, async () => {
    let called = 0;
    const told: string[] = [];
    const handler = createMcpHandler({
      serverInfo: { name: "server", version: "1" },
      capabilities: { tools: {} },
      request: () => {
        called++;
        return {};
      },
    }, {
      eras,
      onEvent(event) {
        if (event.type === "rejected") told.push(event.rule);
        else if (event.type === "exchange" && event.status === 503) told.push(event.outcome);
      },
    });
    const client = testClient(handler);
    if (eras === "legacy") await client.initialize();
    const message = eras === "legacy" ? { method: "tools/list" } : {
      method: "tools/list",
      params: {
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    };
    let send!: (text: string) => void;
    const head = {
      method: "POST",
      url: "http://localhost/mcp",
      headers: new Headers({
        ...{ host: "localhost", "content-type": "application/json", accept: "*/*" },
        ...(eras === "legacy" ? { "mcp-session-id": client.sessionId! } : {
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": "tools/list",
        }),
      }),
    };
    const reply = handler.handle(head, {
      text: () => new Promise<string>((resolve) => send = resolve),
    });
    await handler.close({ within: 50 });
    send(JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }));
    const { status, headers } = await reply;
    assert.equal(status, 503);
    assert.ok(Number(headers["retry-after"]) > 0);
    assert.equal(called, 0);
    assert.deepEqual(told, ["draining", "draining"]);
  });
}

test("an initialize whose session is named after the end is refused, not begun", async (t) => {
  const own = memory();
  const [asked, named] = [gate(), gate<string>()];
  const sessions: SessionStore = {
    ...own.sessions,
    mint() {
      asked.open();
      return named.opened;
    },
  };
  let called = 0;
  const initialized = (): JsonObject => {
    called++;
    return { protocolVersion: NEWEST, capabilities: {}, serverInfo: {} };
  };
  const scope = t as unknown as Scope;
  const endpoint = new Endpoint(scope, { initialize: initialized }, {
    backend: { ...own, sessions },
  });
  const opening = endpoint.post(initialize());
  await asked.opened;
  await endpoint.handler.close({ within: 0 });
  named.open("a-name-that-is-long-enough");
  const { status, id, retry } = await refusal(await opening);
  assert.deepEqual([status, id, retry, called], [503, 0, true, 0]);
  assert.equal(await own.sessions.count(), 0);
});

test("closing waits until the backend has what a stream was given", async (t) => {
  const own = memory();
  const [asked, stored] = [gate(), gate()];
  const logs = instead(own.logs, "append", async (append, args) => {
    asked.open();
    await stored.opened;
    return append(...args);
  });
  const endpoint = new Endpoint(t as unknown as Scope, {}, { backend: { ...own, logs } });
  const session = (await endpoint.handler.sessions.get(await endpoint.open()))!;
  session.notify("notifications/message", {});
  await asked.opened;
  let closed = false;
  const closing = endpoint.handler.close({ within: 0 }).then(() => closed = true);
  await turns(3);
  assert.equal(closed, false);
  stored.open();
  await closing;
});
