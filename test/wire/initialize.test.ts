/** WIRE.md, section 2: how a session comes to be, and which version it speaks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Exchange, memory, RpcError } from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { ask, type Fields, open } from "./harness/http.ts";
import {
  initialize,
  join,
  merged,
  NEWEST,
  notification,
  posting,
  request,
  REVISIONS,
} from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, up } from "./harness/runtime.ts";

/** Answers with the version that the exchange speaks. */
const told = app((_, { version }) => ({ version }));

describe("the version", () => {
  for (const version of REVISIONS) {
    test(`${version} is granted, and holds without a header`, async (t) => {
      const server = await up(t, told);
      const peer = await join(server, { version });
      const fields = peer.fields.filter(([name]) => name !== "MCP-Protocol-Version");
      const got = await ask(server.port, posting(request(1, "x"), fields));
      assert.equal(got.json.result.version, version);
    });
  }

  for (const version of ["2024-11-05", "1999-01-01", "", "DRAFT", "__proto__", "2026-07-28"]) {
    test(`${JSON.stringify(version)} is answered with the newest`, async (t) => {
      const got = await ask((await up(t, told)).port, initialize(version));
      assert.equal(got.json.result.protocolVersion, NEWEST);
      assert.ok(got.get("mcp-session-id"));
    });
  }

  test("another supported one in the header is accepted, and changes nothing", async (t) => {
    const server = await up(t, told);
    const peer = await join(server);
    for (const version of REVISIONS) {
      const got = await peer.post(request(1, "x"), [["MCP-Protocol-Version", version]]);
      assert.equal(got.json.result.version, NEWEST);
    }
  });

  test("an unsupported one in the header is 400 and names those that are", async (t) => {
    const server = await up(t, told);
    const peer = await join(server);
    const wrong: Fields = [["MCP-Protocol-Version", "2024-11-05"]];
    const expected = { status: 400, code: -32000 };
    const got = await peer.post(request(9, "x"), wrong);
    for (const says of ["Unsupported protocol version", "2024-11-05", ...REVISIONS]) {
      refused(got, { ...expected, says, id: 9 });
    }
    refused(await peer.post(notification("x"), wrong), expected);
    for (const method of ["GET", "DELETE"]) {
      const fields = merged([...peer.fields, ["Accept", "text/event-stream"]], wrong);
      refused(await ask(server.port, { method, fields }), expected);
    }
    assert.equal((await peer.post(request(1, "x"))).status, 200);
  });

  test("in the header is not looked at on initialize", async (t) => {
    const server = await up(t, told);
    for (const version of ["1999-01-01", "2024-11-05", "2026-07-28", ...REVISIONS]) {
      const out = initialize();
      const fields = merged(out.fields!, [["MCP-Protocol-Version", version]]);
      const got = await ask(server.port, { ...out, fields });
      assert.equal(got.status, 200, version);
    }
  });
});

describe("initialize", () => {
  const { body } = initialize();
  const message = JSON.parse(body as string);

  const wrong: readonly (readonly [string, object, number, number?])[] = [
    ["in a batch", [message], -32600],
    ["in a batch with others", [request(5, "ping"), message], -32600],
    ["without an id", { ...message, id: undefined }, -32600],
    ["with a null id", { ...message, id: null }, -32600],
    ["without params", { ...message, params: undefined }, -32602, 0],
    ["without a version", { ...message, params: {} }, -32602, 0],
    ["with a version that is no string", { ...message, params: { protocolVersion: 1 } }, -32602, 0],
  ];
  for (const [name, sent, code, id] of wrong) {
    test(`${name}: 400, and nothing is left behind`, async (t) => {
      const server = await up(t, told);
      refused(await ask(server.port, posting(sent)), { status: 400, code, id });
      assert.equal((await server.mcp.stats()).sessions, 0);
    });
  }

  test("with params over the limit: 400 that names their size, and nothing is left behind", async (t) => {
    const limits = { initializeBytes: 200 };
    const server = await up(t, app(), { limits });
    const sized = (characters: number): object => {
      const params = { ...message.params, padding: "" };
      const padding = "é".repeat(characters - JSON.stringify(params).length);
      return { ...message, id: "mine", params: { ...params, padding } };
    };
    refused(await ask(server.port, posting(sized(201))), {
      status: 400,
      code: -32602,
      id: "mine",
      says: "201 characters of JSON; the limit is 200",
    });
    assert.equal((await server.mcp.stats()).sessions, 0);
    assert.equal((await ask(server.port, posting(sized(200)))).status, 200);
    // Where nothing is stored, nothing is too much.
    const off = await up(t, app(), { limits, sessions: "off" });
    assert.equal((await ask(off.port, posting(sized(201)))).status, 200);
  });

  test("ids are new each time and none is adopted", async (t) => {
    const server = await up(t, told, { staleInitialize: "fresh" });
    const seen = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const out = initialize();
      const fields = merged(out.fields!, [["Mcp-Session-Id", `mine-${i}`]]);
      const id = (await ask(server.port, { ...out, fields })).get("mcp-session-id")!;
      assert.notEqual(id, `mine-${i}`);
      // 128 bits need 22 characters of base64.
      assert.match(id, /^[\x21-\x7e]{22,256}$/);
      seen.add(id);
    }
    assert.equal(seen.size, 50);
  });

  test("the application's part: its capabilities, instructions and info", async (t) => {
    const server = await up(
      t,
      app(undefined, { capabilities: { tools: {} }, instructions: "Be kind" }),
    );
    assert.deepEqual((await ask(server.port, initialize())).json, {
      jsonrpc: "2.0",
      id: 0,
      result: {
        protocolVersion: NEWEST,
        capabilities: { tools: {} },
        serverInfo: { name: "test", version: "1" },
        instructions: "Be kind",
      },
    });
  });

  test("an event stream where the client accepts nothing else", async (t) => {
    const server = await up(t, told);
    const out = initialize();
    const fields = merged(out.fields!, [["Accept", "text/event-stream"]]);
    const got = await ask(server.port, { ...out, fields });
    assert.equal(got.get("content-type"), "text/event-stream");
    assert.ok(got.get("mcp-session-id"));
    assert.match(got.body, /data: \{"jsonrpc":"2.0","id":0,"result":/);
  });

  test("that the application refuses leaves nothing behind", async (t) => {
    const ended: string[] = [];
    const refusing = app(undefined, {
      initialize: () => Promise.reject(new RpcError(4001, "not you")),
      ended: (id) => void ended.push(id),
    });
    const server = await up(t, refusing);
    const got = await ask(server.port, initialize());
    assert.deepEqual(got.json, {
      jsonrpc: "2.0",
      id: 0,
      error: { code: 4001, message: "not you" },
    });
    assert.equal(got.get("mcp-session-id"), undefined);
    assert.equal((await server.mcp.stats()).sessions, 0);
  });

  test("that makes the application throw says nothing of why", async (t) => {
    const failing = app(undefined, { initialize: () => Promise.reject(new Error("password123")) });
    const server = await up(t, failing, { onEvent: () => {} });
    const got = await ask(server.port, initialize());
    assert.equal(got.json.error.code, -32603);
    assert.ok(!got.body.includes("password"));
    assert.equal(got.get("mcp-session-id"), undefined);
  });

  test("opens its session only once the answer is ready", async (t) => {
    let answer = (): void => {};
    let asked = (): void => {};
    const begun = new Promise<void>((resolve) => asked = resolve);
    const result = {
      protocolVersion: NEWEST,
      capabilities: {},
      serverInfo: { name: "a", version: "1" },
    };
    const slow = app(undefined, {
      initialize: (_: unknown, __: Exchange) =>
        new Promise((resolve) => {
          answer = () => resolve(result);
          asked();
        }),
    });
    const server = await up(t, slow);
    const opened = open(server.port, initialize());
    await begun;
    assert.equal((await server.mcp.stats()).sessions, 0);
    answer();
    const got = await opened;
    assert.ok(got.get("mcp-session-id"));
    assert.equal((await server.mcp.stats()).sessions, 1);
    got.line.cut();
  });

  test("that the store does not accept is 503 and no session", async (t) => {
    const backend = memory();
    const create = () => Promise.reject(new Error("disk full"));
    const sessions = instead(backend.sessions, "create", create);
    const server = await up(t, told, { backend: { ...backend, sessions }, onEvent: () => {} });
    refused(await ask(server.port, initialize()), { status: 503, code: -32000, id: 0 });
    assert.equal((await server.mcp.stats()).sessions, 0);
  });
});

test("requests before notifications/initialized are served", async (t) => {
  const peer = await join(await up(t, told), { ready: false });
  assert.equal((await peer.post(request(1, "x"))).json.result.version, NEWEST);
  assert.deepEqual((await peer.post(request(2, "ping"))).json.result, {});
});

test("a GET before initialize, without an id, is a probe: 400 and nothing else", async (t) => {
  const server = await up(t, told);
  const got = await ask(server.port, { fields: [["Accept", "text/event-stream"]] });
  refused(got, { status: 400, code: -32000, says: "Mcp-Session-Id is missing" });
  assert.equal((await ask(server.port, initialize())).status, 200);
});
