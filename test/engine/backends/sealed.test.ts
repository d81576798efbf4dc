import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { sealed } from "../../../adapters/backends/sealed.ts";
import { FakeClock } from "../../doubles/clock.ts";
import { BUDGET } from "../../../adapters/testing/kit_data.ts";
import { backendKit, RpcFailure, testClient } from "../../../adapters/testing/mod.ts";
import {
  type Application,
  type Backend,
  createMcpHandler,
  createSessions,
  memory,
  OptionError,
} from "../../../core/engine/mod.ts";

const key = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);
const lifetime = { idleMs: 1_000, maxAgeMs: 60_000 };

const application: Application = {
  serverInfo: { name: "server", version: "1" },
  request: ({ method }, { session, principal }) =>
    method === "who" ? { principal, initialize: session?.initialize } : undefined,
};

/** What popular clients send. */
const CLIENTS = [
  { clientInfo: { name: "claude-ai", version: "0.1.0" }, capabilities: {} },
  {
    clientInfo: { name: "Visual Studio Code", title: "Visual Studio Code", version: "1.106.2" },
    capabilities: {
      roots: { listChanged: true },
      sampling: {},
      elicitation: { form: {}, url: {} },
      tasks: {
        requests: { elicitation: { create: {} }, sampling: { createMessage: {} } },
        list: {},
      },
    },
  },
  {
    clientInfo: { name: "cursor-vscode", version: "1.0.0" },
    capabilities: { elicitation: {}, roots: { listChanged: false } },
  },
];

function record(owner: string | undefined, params: unknown, created = Date.now()) {
  return {
    ...{ id: "", version: "2025-11-25" as const, owner, initialize: JSON.stringify(params) },
    ...{ created, seen: created, ready: false, held: false },
  };
}

async function mint(
  backend: Backend,
  owner: string | undefined,
  params: unknown,
  created?: number,
) {
  const id = await backend.sessions.mint!(record(owner, params, created), lifetime);
  assert.ok(typeof id === "string", "it is too large");
  return id;
}

/** A principal as the README advises it, of Entra: issuer and subject. */
const LONG = "https://login.microsoftonline.com/12345678-90ab-cdef-1234-567890abcdef/v2.0 " +
  "Zk3x0_Wq7JpYb5TgRn1MvLcHs8DaEoUi2FwKt6XyPBQ";

for (const { name, run } of backendKit(() => sealed({ keys: [key(1)] }))) {
  if (/^(logs|bus):/.test(name)) test(name, run);
}

describe("the id is the record", () => {
  for (const { clientInfo, capabilities } of CLIENTS) {
    test(`of ${clientInfo.name}, in 256 visible characters`, async () => {
      const backend = sealed({ keys: [key(1)] });
      const owner = LONG;
      const params = { protocolVersion: "2025-11-25", capabilities, clientInfo };
      const id = await mint(backend, owner, params);
      assert.match(id, /^[\x21-\x7e]{1,256}$/);
      const found = (await sealed({ keys: [key(1)] }).sessions.get(id, owner))!;
      assert.equal(found.owner, owner);
      assert.equal(found.version, "2025-11-25");
      const { title: _left, ...least } = clientInfo as { title?: string };
      const kept = JSON.parse(found.initialize);
      assert.deepEqual(kept.capabilities, capabilities);
      assert.deepEqual({ ...kept.clientInfo, ...least }, kept.clientInfo);
    });
  }

  test("what is too much is left out, least important first", async () => {
    const backend = sealed({ keys: [key(1)] });
    const id = await mint(backend, "o", {
      protocolVersion: "2025-11-25",
      clientInfo: { name: "n".repeat(300), version: "1", icons: ["x".repeat(500)] },
      capabilities: { roots: {}, experimental: { big: "x".repeat(500) } },
    });
    const { initialize } = (await backend.sessions.get(id))!;
    assert.deepEqual(JSON.parse(initialize), {
      protocolVersion: "2025-11-25",
      capabilities: { roots: {} },
      clientInfo: { name: "n".repeat(32), version: "1" },
    });
  });

  test("of a full client, also without its extensions and the details of its tasks", async () => {
    const backend = sealed({ keys: [key(1)] });
    const { clientInfo, capabilities } = CLIENTS[1]!;
    const kept = async (more: object) => {
      const params = { clientInfo, capabilities: { ...capabilities, ...more } };
      const id = await mint(backend, LONG, { protocolVersion: "2025-11-25", ...params });
      return JSON.parse((await backend.sessions.get(id, LONG))!.initialize).capabilities;
    };
    const extensions = { "io.modelcontextprotocol/ui": { mimeTypes: ["x".repeat(80)] } };
    assert.deepEqual(await kept({ extensions }), capabilities);
    const tasks = { requests: { other: { ["x".repeat(100)]: {} } } };
    assert.deepEqual(await kept({ extensions, tasks }), { ...capabilities, tasks: {} });
  });

  test("no two are alike, and none is anybody else's", async () => {
    const backend = sealed({ keys: [key(1)] });
    const ids = [await mint(backend, "a", {}), await mint(backend, "a", {})];
    assert.notEqual(ids[0], ids[1]);
    for (const id of ids) {
      for (let at = 0; at < id.length; at++) {
        const other = id.slice(0, at) + (id[at] === "x" ? "y" : "x") + id.slice(at + 1);
        assert.equal(await backend.sessions.get(other), undefined, `changed at ${at}`);
      }
      for (const other of [id.slice(0, -1), `${id}A`, "A", "", `A${id}`, "__proto__"]) {
        assert.equal(await backend.sessions.get(other), undefined);
      }
      assert.equal(await sealed({ keys: [key(2)] }).sessions.get(id), undefined);
    }
  });

  test("it has one spelling, under which it may have been ended", async () => {
    const backend = sealed({ keys: [key(1)] });
    const id = await mint(backend, "a", {});
    const bytes = Buffer.from(id.slice(4), "base64url");
    const last = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];
    const others = last.map((one) => id.slice(0, -1) + one).filter((one) =>
      one !== id && bytes.equals(Buffer.from(one.slice(4), "base64url"))
    );
    assert.equal(others.length, 3);
    for (const other of others) assert.equal(await backend.sessions.get(other), undefined);
  });

  test("keys are rotated", async () => {
    const id = await mint(sealed({ keys: [key(1)] }), "a", {});
    const both = sealed({ keys: [key(2), key(1)] });
    assert.equal((await both.sessions.get(id))?.owner, "a");
    const fresh = await mint(both, "b", {});
    assert.equal((await sealed({ keys: [key(2)] }).sessions.get(fresh))?.owner, "b");
    assert.equal(await sealed({ keys: [key(2)] }).sessions.get(id), undefined);
  });

  test("it expires by itself", async () => {
    const clock = new FakeClock();
    const backend = sealed({ keys: [key(1)], clock });
    const id = await mint(backend, "a", {}, clock.now());
    clock.jump(lifetime.maxAgeMs - 1);
    assert.ok(await backend.sessions.get(id));
    clock.jump(1);
    assert.equal(await backend.sessions.get(id), undefined);
  });
});

test("what it cannot do is refused when it is configured, by name and reason", () => {
  const backend = sealed({ keys: [key(1)] });
  const refused = [
    ["resumable", { resumable: true }],
    ["termination", { termination: true }],
    ["limits.sessions", { limits: { sessions: 5 } }],
    ["limits.sessionsPerPrincipal", { limits: { sessionsPerPrincipal: 5 } }],
    ["limits.idleMs", { limits: { idleMs: 5 } }],
  ] as const;
  for (const [option, options] of refused) {
    assert.throws(() => createMcpHandler(application, { ...options, backend }), (error) => {
      assert.ok(error instanceof OptionError);
      assert.equal(error.option, option);
      assert.match(error.message, /not stored anywhere/);
      return true;
    });
  }
  for (const keys of [[], [new Uint8Array(16)], ["x"], undefined]) {
    assert.throws(() => sealed({ keys: keys as Uint8Array[] }), /keys: expected/);
  }
});

test("a long principal is known by its digest, and nobody else is taken for it", async () => {
  const revoking = { revocations: memory() };
  for (const options of [{}, revoking]) {
    const [one, other] = [0, 1].map(() => sealed({ keys: [key(1)], ...options }).sessions);
    const id = await mint(sealed({ keys: [key(1)] }), LONG, {});
    const unnamed = (await one!.get(id))!.owner!;
    assert.match(unnamed, /^sha256:[0-9a-f]{32}$/);
    for (const principal of [`${LONG}x`, unnamed, "", LONG.slice(0, -1)]) {
      assert.equal(await one!.get(id, principal), undefined);
    }
    for (const sessions of [one!, other!]) {
      assert.equal((await sessions.get(id, LONG))!.owner, LONG);
      // What is known now, everyone is compared with.
      assert.equal((await sessions.get(id, "mallory"))?.owner, LONG);
      assert.equal((await sessions.get(id))!.owner, LONG);
    }
  }
});

test("principals whose names are half surrogate pairs are told apart", async () => {
  for (const name of ["a", LONG]) {
    const [own, other] = [`${name}\ud83d`, `${name}\ud83c`];
    const id = await mint(sealed({ keys: [key(1)] }), own, {});
    for (const principal of [other, `${name}\ufffd`]) {
      const found = await sealed({ keys: [key(1)] }).sessions.get(id, principal);
      assert.notEqual(found?.owner, principal);
    }
    assert.equal((await sealed({ keys: [key(1)] }).sessions.get(id, own))?.owner, own);
  }
});

test("a session of a long principal is served by any handler, to that principal", async () => {
  let principal: string | undefined = LONG;
  const nodes = [0, 1].map(() =>
    createMcpHandler(application, {
      authenticate: () => principal,
      backend: sealed({ keys: [key(1)], revocations: memory() }),
    })
  );
  let at = 0;
  const { clientInfo, capabilities } = CLIENTS[1]!;
  const client = testClient({ fetch: (request) => nodes[at]!.fetch(request) }, {
    clientInfo,
    capabilities,
  });
  await client.initialize();
  for (at of [1, 0]) {
    for (const other of ["mallory", undefined, `sha256:${"0".repeat(32)}`]) {
      principal = other;
      await assert.rejects(client.call("who"), (error) => (error as RpcFailure).status === 404);
      assert.equal(await client.end(), 404);
      assert.equal((await client.send("GET")).status, 404);
    }
    principal = LONG;
    const { initialize, ...who } = await client.call("who");
    assert.deepEqual(who, { principal: LONG });
    assert.deepEqual((initialize as { capabilities: unknown }).capabilities, capabilities);
    assert.equal((await nodes[at]!.sessions.get(client.sessionId!))!.principal, LONG);
  }
  assert.equal(await client.end(), 204);
  for (const node of nodes) await node.close();
});

test("a guard knows a long principal as well, and nobody else for it", async () => {
  let principal: string | undefined = LONG;
  const nodes = [0, 1].map(() =>
    createSessions({
      opens: ({ url }) => new URL(url).pathname === "/open",
      authenticate: () => principal,
      backend: sealed({ keys: [key(1)] }),
    })
  );
  const [open, use] = nodes.map((one) =>
    one.guard((_request, session) => Response.json({ principal: session.principal }))
  );
  const opened = await open!(new Request("http://localhost/open", { method: "POST" }));
  const headers = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
  for (const [who, status] of [["mallory", 404], [undefined, 404], [LONG, 200]] as const) {
    principal = who;
    const answer = await use!(new Request("http://localhost/use", { method: "POST", headers }));
    assert.equal(answer.status, status);
    if (status === 200) assert.deepEqual(await answer.json(), { principal: LONG });
  }
  for (const node of nodes) await node.close();
});

test("a client whose capabilities do not fit is refused, and the backend is not blamed", async () => {
  const events: string[] = [];
  const handler = createMcpHandler(application, {
    backend: sealed({ keys: [key(1)] }),
    onEvent: (event) => events.push(event.type === "rejected" ? event.rule : event.type),
  });
  const client = testClient(handler, { capabilities: { other: { text: "x".repeat(200) } } });
  await assert.rejects(client.initialize(), (error) => {
    assert.ok(error instanceof RpcFailure);
    assert.deepEqual([error.status, error.code], [400, -32602]);
    assert.match(
      error.message,
      /those of initialize are \d+ characters of JSON; the limit is 147 bytes for .*capabilities/,
    );
    return true;
  });
  assert.deepEqual(events, ["initialize-over-limit", "exchange"]);
  await handler.close();
});

test("a session is served by any handler that has the key", async () => {
  const options = { authenticate: () => "alice" };
  const nodes = [0, 1].map(() =>
    createMcpHandler(application, { ...options, backend: sealed({ keys: [key(1)] }) })
  );
  let at = 0;
  const client = testClient({ fetch: (request) => nodes[at]!.fetch(request) });
  await client.initialize();
  at = 1;
  const { principal, initialize } = await client.call("who");
  assert.equal(principal, "alice");
  assert.deepEqual(initialize, {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  });
  assert.equal(await client.end(), 405);
  const mallory = createMcpHandler(application, {
    authenticate: () => "mallory",
    backend: sealed({ keys: [key(1)] }),
  });
  const thief = testClient(mallory);
  thief.sessionId = client.sessionId;
  await assert.rejects(thief.call("who"), (error) => (error as RpcFailure).status === 404);
  for (const node of [...nodes, mallory]) await node.close();
});

test("with revocations, of eight DELETEs on two nodes one ends the session", async () => {
  const revocations = memory();
  const nodes = [0, 1].map(() =>
    createMcpHandler(application, { backend: sealed({ keys: [key(1)], revocations }) })
  );
  let at = 0;
  const client = testClient({ fetch: (request) => nodes[at++ % 2]!.fetch(request) });
  await client.initialize();
  const statuses = await Promise.all(Array.from({ length: 8 }, () => client.end()));
  assert.deepEqual(statuses.sort(), [204, 404, 404, 404, 404, 404, 404, 404]);
  for (let i = 0; i < 2; i++) {
    await assert.rejects(client.call("who"), (error) => (error as RpcFailure).status === 404);
  }
  for (const node of nodes) await node.close();
});

test("its revocations are closed with it", async () => {
  let closed = 0;
  const revocations = { ...memory(), close: () => void closed++ };
  await sealed({ keys: [key(1)], revocations }).close!();
  assert.equal(closed, 1);
});

test("what is left of streams goes once the ids that they belong to have expired", () => {
  const clock = new FakeClock();
  const { logs } = sealed({ keys: [key(1)], clock });
  const left = (ids: readonly string[], stream = "a") =>
    ids.filter((id) => logs.bounds(id, stream) !== undefined);
  const open = (names: string, stream = "a") => {
    // Nobody has opened these ids here: they are taken to expire in a minute.
    const ids = [...names].map((name) => `${name} ${clock.now()}`);
    for (const id of ids) logs.open(id, stream, clock.now(), BUDGET);
    return ids;
  };
  for (let round = 0; round < 3; round++) {
    const ids = open("abcdefgh");
    open("abcdefgh", "b");
    for (const id of ids.slice(4)) logs.drop(id, "b");
    clock.jump(59_999);
    open("stuvwxyz");
    assert.deepEqual(left(ids), ids);
    clock.jump(1);
    open("stuvwxyz");
    assert.deepEqual(left(ids), []);
    assert.deepEqual(left(ids, "b"), []);
  }
});

test("with revocations, a session that was ended stays so, whatever else is ended", async () => {
  const clock = new FakeClock();
  const revocations = memory();
  const open = async (maxAgeMs: number) => {
    const backend = sealed({ keys: [key(1)], revocations, clock });
    const handler = createMcpHandler(application, { backend, clock, limits: { maxAgeMs } });
    const client = testClient(handler);
    await client.initialize();
    return client;
  };
  const old = await open(3_600_000);
  const short = await open(3_000_000);
  await clock.pass(2_990_000);
  const young = await open(3_600_000);
  await young.end();
  for (const other of [short, old]) {
    await clock.pass(9_000);
    await other.end();
    const after = await young.send("POST", { jsonrpc: "2.0", id: 1, method: "ping" });
    assert.equal(after.status, 404);
  }
});

test("with revocations, an answer finds the node that asked", async () => {
  const revocations = memory();
  const asking: Application = {
    ...application,
    request: async (_request, exchange) => ({ got: await exchange.request("roots/list") }),
  };
  const nodes = [0, 1].map(() =>
    createMcpHandler(asking, { backend: sealed({ keys: [key(1)], revocations }) })
  );
  let at = 0;
  const client = testClient({ fetch: (request) => nodes[at]!.fetch(request) }, {
    request: () => {
      at = 1;
      return { roots: [] };
    },
  });
  await client.initialize();
  assert.deepEqual(await client.call("ask"), { got: { roots: [] } });
  for (const node of nodes) await node.close();
});
