import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "../../adapters/testing/mod.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";

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
