/** WIRE.md, section 2: the table, cell by cell, in every mode. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask, type Fields, type Outgoing, type Whole } from "./harness/http.ts";
import {
  initialize,
  join,
  merged,
  notification,
  type Peer,
  posting,
  request,
} from "./harness/mcp.ts";
import { type Refusal, refused } from "./harness/refusal.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { FakeClock } from "../doubles/clock.ts";
import { serverSets } from "./runtime_answers.ts";

const IDLE_MS = 60_000;

const ends: (() => Promise<void>)[] = [];
const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
const clock = new FakeClock();
let server: Server;
let live: Peer;
const gone: Record<string, string> = {};

const authenticate = ({ headers }: { headers: { get(name: string): string | null } }) =>
  headers.get("authorization") ?? undefined;

before(async () => {
  server = await up(scope, app(), { clock, authenticate, limits: { idleMs: IDLE_MS } });
  gone.expired = (await join(server)).id;
  clock.jump(IDLE_MS);
  gone.unknown = "c29tZWJvZHkgZWxzZSdz";
  const ended = await join(server);
  await ended.end();
  gone.terminated = ended.id;
  gone["another principal's"] = (await join(server, { fields: [["Authorization", "bob"]] })).id;
  live = await join(server);
});
after(async () => {
  for (const end of ends) await end();
});

/** The rows: what is sent, but for the session id. */
const ROWS: Readonly<Record<string, { readonly out: Outgoing; readonly id?: number }>> = {
  initialize: { out: initialize(), id: 0 },
  request: { out: posting(request(1, "x")), id: 1 },
  notification: { out: posting(notification("notifications/initialized")) },
  response: { out: posting({ jsonrpc: "2.0", id: 3, result: {} }) },
  GET: { out: { method: "GET", fields: [["Accept", "text/event-stream"]] } },
  DELETE: { out: { method: "DELETE", fields: [] } },
};

function send(row: keyof typeof ROWS, id: string | undefined): Promise<Whole> {
  const { out } = ROWS[row]!;
  const session: Fields = id === undefined ? [] : [["Mcp-Session-Id", id]];
  return ask(server.port, { ...out, fields: merged(out.fields!, session) });
}

const REQUIRED: Refusal = { status: 400, code: -32000, says: "Mcp-Session-Id is missing" };
const MALFORMED: Refusal = {
  status: 400,
  code: -32000,
  says: "Mcp-Session-Id is repeated or malformed",
};
const NOT_FOUND: Refusal = { status: 404, code: -32001, says: "Session not found (HTTP 404)" };

describe("without an id", () => {
  for (const [row, { id }] of Object.entries(ROWS)) {
    if (row === "initialize") {
      test("initialize: 200 and a new session", async () => {
        const got = await send(row, undefined);
        assert.equal(got.status, 200);
        assert.match(got.get("mcp-session-id") ?? "", /^[\x21-\x7e]{22,256}$/);
      });
    } else {
      test(`${row}: 400`, async () => refused(await send(row, undefined), { ...REQUIRED, id }));
    }
  }
});

describe("with a malformed id", () => {
  const ids = ["", "a b", "a\tb", "ü", "x".repeat(257), `${"x".repeat(10)}, ${"x".repeat(10)}`];
  for (const row of Object.keys(ROWS)) {
    test(`${row}: 400`, async () => {
      for (const id of ids) refused(await send(row, id), MALFORMED);
    });

    test(`${row}: 60 kB of id are refused, here or by the runtime`, async () => {
      const got = await send(row, "x".repeat(60_000));
      assert.equal(got.status, serverSets.hugeHeader);
      assert.equal(got.get("mcp-session-id"), undefined);
      if (got.status === 400) refused(got, MALFORMED);
    });

    test(`${row}: a good one that is sent twice`, async () => {
      const { out } = ROWS[row]!;
      const twice: Fields = [["Mcp-Session-Id", live.id], ["mcp-session-id", live.id]];
      refused(await ask(server.port, { ...out, fields: [...out.fields!, ...twice] }), MALFORMED);
    });
  }

  test("256 characters are well-formed", async () => {
    refused(await send("DELETE", "~".repeat(256)), NOT_FOUND);
  });
});

describe("with the id of a session that is", () => {
  for (const kind of ["unknown", "expired", "terminated", "another principal's"]) {
    for (const [row, { id }] of Object.entries(ROWS)) {
      test(`${kind}, ${row}: 404`, async () =>
        refused(await send(row, gone[kind]), { ...NOT_FOUND, id }));
    }
  }

  test("gone for whatever reason: the same bytes", async () => {
    for (const row of Object.keys(ROWS)) {
      const [first, ...others] = await Promise.all(Object.values(gone).map((id) => send(row, id)));
      const seen = ({ status, fields, body }: Whole) => ({
        status,
        body,
        fields: fields.filter(([name]) => name !== "date"),
      });
      for (const other of others) assert.deepEqual(seen(other), seen(first!));
    }
  });

  for (const id of ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"]) {
    test(`called ${id}: 404, before and after`, async () => {
      for (const row of Object.keys(ROWS)) assert.equal((await send(row, id)).status, 404);
      assert.equal((await live.post(request(1, "x"))).status, 200);
    });
  }
});

describe("with the id of a live session", () => {
  test("initialize: 400, it is initialized already", async () => {
    const says = "already initialized";
    refused(await send("initialize", live.id), { status: 400, code: -32600, says, id: 0 });
    assert.equal((await live.post(request(1, "x"))).status, 200);
  });

  test("a request: served, without the header", async () => {
    const got = await live.post(request(1, "x"));
    assert.deepEqual(got.json, { jsonrpc: "2.0", id: 1, result: {} });
    assert.equal(got.get("mcp-session-id"), undefined);
  });

  test("initialized again and again: 202", async () => {
    for (let i = 0; i < 3; i++) assert.equal((await send("notification", live.id)).status, 202);
  });

  test("a response: 202", async () => assert.equal((await send("response", live.id)).status, 202));

  test("GET: 200 and a stream", async () => {
    const stream = await live.listen();
    assert.equal(stream.answer.get("content-type"), "text/event-stream");
    stream.cut();
  });

  test("DELETE: 204 without a body, then 404 for everything", async () => {
    const peer = await join(server);
    const got = await peer.end();
    assert.deepEqual([got.status, got.body, got.get("content-type")], [204, "", undefined]);
    for (const row of Object.keys(ROWS)) assert.equal((await send(row, peer.id)).status, 404);
  });

  test("header names in any case", async () => {
    const out = posting(request(1, "x"), [["mCP-sESSION-iD", live.id]]);
    assert.equal((await ask(server.port, out)).status, 200);
  });
});
