/** Which era answers: both on one URL, one of the two alone; and what the new one leaves alone of the old. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, type Fields, type Outgoing } from "./harness/http.ts";
import { initialize, join, merged, notification, posting, request } from "./harness/mcp.ts";
import { KEY, MODERN, modern, modernBody } from "./harness/modern.ts";
import { refused } from "./harness/refusal.ts";
import { app, up } from "./harness/runtime.ts";
import { counted, nothingWasMade, TELLING } from "./modern_telling.ts";

describe("both eras on one URL", () => {
  test("each request is answered in its own", async (t) => {
    const server = await up(t, TELLING);
    const peer = await join(server);
    const old = await peer.post(request(1, "tools/list"));
    assert.deepEqual(old.json.result, { era: "legacy", version: "2025-11-25", session: peer.id });
    const young = await ask(server.port, modern("tools/list"));
    const { era, version, session } = young.json.result;
    assert.deepEqual({ era, version, session }, { era: "modern", version: MODERN, session: null });
  });

  test("the body says which, whatever the header says", async (t) => {
    const server = await up(t, TELLING);
    const peer = await join(server);
    // A version in `_meta`, an old header: a modern request with the wrong header.
    const mixed = modern("tools/list", {}, { fields: { "MCP-Protocol-Version": "2025-11-25" } });
    refused(await ask(server.port, { ...mixed, fields: merged(mixed.fields, peer.fields) }), {
      status: 400,
      code: -32020,
      id: 1,
    });
    // `initialize` without one, a new header: the old handshake.
    const opened = await ask(server.port, {
      ...initialize(),
      fields: merged(initialize().fields!, [["MCP-Protocol-Version", MODERN]]),
    });
    assert.equal(opened.status, 200);
    assert.ok(opened.get("mcp-session-id") !== undefined);
    // Neither in the body: the header counts, and `_meta` is missing.
    const bare = posting(request(1, "tools/list"), [["MCP-Protocol-Version", MODERN]]);
    refused(await ask(server.port, bare), { status: 400, code: -32602, id: 1 });
    // A notification too: a legacy one would have needed a session.
    const told = notification("notifications/x", { _meta: { [KEY.version]: MODERN } });
    assert.equal((await ask(server.port, posting(told))).status, 202);
    // `initialize` that names a modern version in `_meta` is a removed method.
    refused(await ask(server.port, modern("initialize", { protocolVersion: MODERN })), {
      status: 404,
      code: -32601,
      id: 1,
    });
  });

  test("_meta without a version leaves a legacy request what it is", async (t) => {
    const server = await up(t, TELLING);
    const peer = await join(server);
    const answer = await peer.post(
      request(1, "tools/list", { _meta: { progressToken: 1, [KEY.capabilities]: {} } }),
    );
    assert.equal(answer.json.result.era, "legacy");
  });

  test("initialize is offered the newest version that has it", async (t) => {
    const server = await up(t, TELLING);
    const opened = await ask(server.port, initialize(MODERN));
    assert.equal(opened.status, 200);
    assert.equal(opened.json.result.protocolVersion, "2025-11-25");
    assert.ok(opened.get("mcp-session-id") !== undefined);
  });

  test("server/discover in a session is a method that it has not", async (t) => {
    const server = await up(t, app(() => undefined));
    const peer = await join(server);
    const answer = await peer.post(request(1, "server/discover"));
    assert.equal(answer.status, 200);
    assert.equal(answer.json.error.code, -32601);
  });
});

describe("Mcp-Session-Id and Last-Event-ID mean nothing to a modern request", () => {
  const odd: Fields = [
    ["Mcp-Session-Id", ""],
    ["Mcp-Session-Id", "gone"],
    ["Mcp-Session-Id", "has blanks in it"],
    ["Mcp-Session-Id", "x".repeat(1_000)],
    ["Mcp-Session-Id", "ünï"],
    ["Last-Event-ID", ""],
    ["Last-Event-ID", "a, b"],
    ["Last-Event-ID", "x_1"],
  ];
  for (const [name, value] of odd) {
    test(`${name}: ${JSON.stringify(value.slice(0, 20))}`, async (t) => {
      const server = await up(t, TELLING);
      const got = await ask(server.port, modern("tools/list", {}, { fields: { [name]: value } }));
      assert.equal(got.status, 200, got.body);
      assert.equal(got.get("mcp-session-id"), undefined);
      assert.equal(got.json.result.session, null);
      await nothingWasMade(server);
    });
  }

  test("sent twice, or those of a live session", async (t) => {
    const server = await up(t, TELLING);
    const { id } = await join(server);
    const plain = modern("tools/list");
    for (
      const fields of [[["Mcp-Session-Id", id], ["Mcp-Session-Id", id]], [["Mcp-Session-Id", id]]]
    ) {
      const got = await ask(server.port, {
        ...plain,
        fields: [...plain.fields, ...fields as unknown as Fields],
      });
      assert.equal(got.status, 200, got.body);
      assert.equal(got.get("mcp-session-id"), undefined);
      assert.equal(got.json.result.session, null);
    }
    assert.equal((await server.mcp.stats()).sessions, 1);
  });

  test("nor do they on its refusals", async (t) => {
    const server = await up(t, TELLING);
    const fields = { "Mcp-Session-Id": "a b", "Mcp-Method": "wrong" };
    refused(await ask(server.port, modern("tools/list", {}, { fields })), {
      status: 400,
      code: -32020,
      id: 1,
    });
  });
});

describe("an endpoint of the legacy era alone", () => {
  const saying = (version: string) =>
    `Unsupported protocol version: MCP-Protocol-Version is "${version}"; supported: 2025-11-25, 2025`;
  const says = saying(MODERN);
  const requests: readonly (readonly [string, Outgoing, string | number | undefined, string?])[] = [
    ["a modern request", modern("tools/list", {}, { id: "a" }), "a"],
    ["server/discover", modern("server/discover"), 1],
    ["one with a wrong header", modern("tools/list", {}, { fields: { "Mcp-Method": "x" } }), 1],
    ["one without _meta", modernBody(request(5, "tools/list")), 5],
    ["one without the header", modern("x", {}, { fields: { "MCP-Protocol-Version": null } }), 1],
    ["subscriptions/listen", modern("subscriptions/listen", { notifications: {} }), 1],
    ["a notification", modernBody(notification("notifications/cancelled")), undefined],
    [
      "a version from the future",
      modern("x", {}, {
        meta: { [KEY.version]: "2099-01-01" },
        fields: { "MCP-Protocol-Version": "2099-01-01" },
      }),
      1,
      "2099-01-01",
    ],
  ];
  for (const [name, out, id, version = MODERN] of requests) {
    test(`answers ${name} like any legacy server`, async (t) => {
      const { server, created } = await counted(t, "legacy");
      const expected = { status: 400, code: -32000, says: saying(version), id };
      refused(await ask(server.port, out), expected);
      assert.equal(created(), 0);
    });
  }

  for (const method of ["GET", "DELETE"]) {
    test(`answers a modern ${method} so, too`, async (t) => {
      const server = await up(t, TELLING, { eras: "legacy" });
      const fields: Fields = [["MCP-Protocol-Version", MODERN], ["Accept", "text/event-stream"]];
      refused(await ask(server.port, { method, fields }), { status: 400, code: -32000, says });
    });
  }

  test("has no modern code for a malformed header either", async (t) => {
    const server = await up(t, TELLING, { eras: "legacy" });
    const plain = modern("tools/list");
    const repeated: Fields = [...plain.fields, ["Mcp-Method", "tools/list"]];
    refused(await ask(server.port, { ...plain, fields: repeated }), { status: 400, code: -32000 });
    const session: Fields = [...plain.fields, ["Mcp-Session-Id", "a b"]];
    refused(await ask(server.port, { ...plain, fields: session }), { status: 400, code: -32000 });
  });

  test("serves legacy clients, whatever version header their initialize has", async (t) => {
    const server = await up(t, TELLING, { eras: "legacy" });
    const out = initialize();
    const fields = merged(out.fields!, [["MCP-Protocol-Version", MODERN]]);
    assert.equal((await ask(server.port, { ...out, fields })).status, 200);
    const peer = await join(server);
    assert.equal((await peer.post(request(1, "tools/list"))).json.result.era, "legacy");
  });
});

describe("an endpoint of the modern era alone", () => {
  test("names its versions to initialize", async (t) => {
    const { server, created } = await counted(t, "modern");
    for (const version of ["2025-03-26", "2025-11-25", "1999-01-01"]) {
      const got = await ask(server.port, initialize(version, "i"));
      refused(got, { status: 400, code: -32022, says: MODERN, id: "i" });
      assert.deepEqual(got.json.error.data, { supported: [MODERN], requested: version });
    }
    assert.equal(created(), 0);
  });

  for (const method of ["GET", "DELETE"]) {
    test(`has no ${method}: 405, Allow: POST`, async (t) => {
      const server = await up(t, TELLING, { eras: "modern" });
      const versions: readonly Fields[] = [[], [["MCP-Protocol-Version", "2025-11-25"]], [[
        "MCP-Protocol-Version",
        MODERN,
      ]]];
      for (const fields of versions) {
        const further: Fields = [["Accept", "text/event-stream"], ["Mcp-Session-Id", "a b"]];
        const got = await ask(server.port, { method, fields: [...fields, ...further] });
        refused(got, { status: 405, code: -32000, fields: { allow: "POST" } });
      }
    });
  }

  test("names POST alone to a method that nobody has", async (t) => {
    const server = await up(t, TELLING, { eras: "modern" });
    refused(await ask(server.port, { method: "PUT" }), {
      status: 405,
      code: -32000,
      fields: { allow: "POST" },
    });
  });

  test("refuses what else a legacy client sends, with 400", async (t) => {
    const server = await up(t, TELLING, { eras: "modern" });
    refused(await ask(server.port, posting(request(3, "tools/list"), [["Mcp-Session-Id", "x"]])), {
      status: 400,
      code: -32602,
      id: 3,
    });
    refused(await ask(server.port, posting(JSON.stringify([request(1, "a")]))), {
      status: 400,
      code: -32600,
    });
    assert.equal(
      (await ask(server.port, posting(notification("notifications/initialized")))).status,
      202,
    );
  });

  test("serves modern clients", async (t) => {
    const server = await up(t, TELLING, { eras: "modern" });
    assert.equal((await ask(server.port, modern("tools/list"))).json.result.era, "modern");
  });
});

test("a browser may send what the new revision needs", async (t) => {
  const server = await up(t, app(), { cors: true });
  const origin = "http://localhost:5173";
  const preflight = await ask(server.port, {
    method: "OPTIONS",
    fields: [
      ["Origin", origin],
      ["Access-Control-Request-Method", "POST"],
      ["Access-Control-Request-Headers", "mcp-method, mcp-name, mcp-param-region, x-other"],
    ],
  });
  assert.equal(preflight.status, 204);
  const allowed = preflight.get("access-control-allow-headers")!.toLowerCase().split(", ");
  for (const name of ["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-param-region"]) {
    assert.ok(allowed.includes(name), name);
  }
  assert.ok(!allowed.includes("x-other"));
  const wrong = modern("tools/list", {}, { fields: { Origin: origin, "Mcp-Method": "x" } });
  const got = await ask(server.port, wrong);
  assert.equal(got.status, 400);
  assert.equal(got.get("access-control-allow-origin"), origin);
});
