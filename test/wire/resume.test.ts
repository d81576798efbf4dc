/** WIRE.md, section 3: event ids, priming, polling, and what a resumed stream gives. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { ask, type Fields } from "./harness/http.ts";
import { join, type Peer, request, REVISIONS } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const text = (message: { id?: unknown; params?: { data: string } }): unknown =>
  message.id ?? message.params!.data;

/** `count {to}` says 1 to `to`, then answers. */
const counter = app((one, exchange: Exchange) => {
  for (let i = 1; i <= Number(one.params?.to ?? 0); i++) {
    exchange.notify("notifications/message", { data: String(i) });
  }
  return { counted: true };
});

/** The ids of the events of a call that counted to `to`, and of its result. */
async function counted(peer: Peer, to: number): Promise<string[]> {
  const events = new Events(await peer.call("count", { to }));
  const ids: string[] = [];
  for (let one = await events.block(); one !== undefined; one = await events.block()) {
    if (one.data) ids.push(one.id!);
  }
  assert.equal(ids.length, to + 1);
  return ids;
}

async function refuses(server: Server, peer: Peer, id: string): Promise<void> {
  const fields: Fields = [...peer.fields, ["Accept", "text/event-stream"], ["Last-Event-ID", id]];
  refused(await ask(server.port, { fields }), { status: 400, code: -32000, says: "Last-Event-ID" });
}

describe("event ids", () => {
  test("are unique in the session, over all its streams", async (t) => {
    const server = await up(t, counter);
    const peer = await join(server);
    const seen = [...await counted(peer, 5), ...await counted(peer, 5)];
    const stream = await peer.listen();
    (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "x" });
    await stream.next();
    seen.push(stream.lastId!);
    assert.equal(new Set(seen).size, seen.length);
  });

  test("resume after themselves, at every place of a finished stream, which then ends", async (t) => {
    const peer = await join(await up(t, counter));
    const ids = await counted(peer, 5);
    for (const [i, id] of ids.entries()) {
      const resumed = await peer.listen(id);
      const left = (await resumed.rest()).map(text);
      assert.deepEqual(left, i === 5 ? [] : [...["1", "2", "3", "4", "5"].slice(i + 1), 1]);
      assert.ok(resumed.answer.complete);
    }
  });

  // A client that comes back to each stream that ended without a result would do so for as long as there is one.
  test("are unknown once a client comes back again to a stream that had nothing left", async (t) => {
    const server = await up(t, counter);
    const peer = await join(server);
    const ids = await counted(peer, 5);
    assert.deepEqual(await (await peer.listen(ids.at(-1))).rest(), []);
    await refuses(server, peer, ids.at(-1)!);
    await refuses(server, peer, ids[0]!);
  });

  const malformed = [
    "x",
    "1",
    "_",
    "a_",
    "_0",
    "a_-1",
    "a_1_2",
    "__proto__",
    "0",
    "%00",
    "🎈",
    "a b",
  ];
  for (const id of malformed) {
    test(`that were never given out are refused: ${id}`, async (t) => {
      const server = await up(t, counter);
      await refuses(server, await join(server), id);
    });
  }

  test("of a stream that is not there, or a place it has not reached, are refused", async (t) => {
    const server = await up(t, counter);
    const peer = await join(server);
    const [first] = await counted(peer, 2);
    const [stream] = first!.split("_");
    for (const id of [`${stream}_4`, `${stream}_zzzzz`, `${stream}x_1`, `${stream!.slice(1)}_1`]) {
      await refuses(server, peer, id);
    }
    assert.equal((await peer.listen(`${stream}_0`)).answer.status, 200);
  });

  test("are refused where streams cannot be resumed, and none is given out", async (t) => {
    const server = await up(t, counter, { resumable: false });
    const peer = await join(server);
    const events = new Events(await peer.call("count", { to: 3 }));
    for (let one = await events.block(); one !== undefined; one = await events.block()) {
      assert.equal(one.id, undefined);
    }
    await refuses(server, peer, "a_1");
  });

  test("are ignored on POST, well-formed or not", async (t) => {
    const peer = await join(await up(t, counter));
    for (const id of ["x", "a b", "a, b", ""]) {
      assert.equal((await peer.post(request(1, "x"), [["Last-Event-ID", id]])).status, 200);
    }
  });

  test("count as absent where they are empty", async (t) => {
    const server = await up(t, counter);
    const peer = await join(server);
    const stream = await peer.listen("");
    (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "x" });
    assert.equal(text(await stream.next()), "x");
    stream.cut();
  });
});

describe("an evicted id is 400, never a partial replay", () => {
  test("by the number of events", async (t) => {
    const server = await up(t, counter, { limits: { logEvents: 4 } });
    const peer = await join(server);
    const ids = await numbered(server, peer, 10);
    for (const id of ids.slice(0, 5)) await refuses(server, peer, id);
    assert.deepEqual(await after(server, peer, ids[5]!), ["7", "8", "9", "10"]);
  });

  test("by bytes", async (t) => {
    const server = await up(t, counter, { limits: { logBytes: 1_000 } });
    const peer = await join(server);
    const ids = await numbered(server, peer, 20, "x".repeat(200));
    await refuses(server, peer, ids[0]!);
    await refuses(server, peer, ids[10]!);
    assert.equal((await after(server, peer, ids[17]!)).length, 2);
  });

  test("by age, though nothing else was appended", async (t) => {
    const clock = new FakeClock();
    const server = await up(t, counter, { clock, limits: { logAgeMs: 10_000 } });
    const peer = await join(server);
    const ids = await numbered(server, peer, 3);
    clock.jump(9_999);
    assert.deepEqual(await after(server, peer, ids[0]!), ["2", "3"]);
    clock.jump(1);
    await refuses(server, peer, ids[0]!);
    // Nothing is missing after the last one.
    assert.deepEqual(await after(server, peer, ids[2]!), []);
  });

  test("and a GET without an id then begins with what is left", async (t) => {
    const clock = new FakeClock();
    const server = await up(t, counter, { clock, limits: { logAgeMs: 10_000 } });
    const peer = await join(server);
    const handle = (await server.mcp.sessions.get(peer.id))!;
    handle.notify("notifications/message", { data: "old" });
    clock.jump(10_000);
    handle.notify("notifications/message", { data: "new" });
    const stream = await peer.listen();
    assert.equal(text(await stream.next()), "new");
    stream.cut();
  });

  /** Sends so many messages to the standalone stream and reads them; their ids. */
  async function numbered(server: Server, peer: Peer, count: number, more = ""): Promise<string[]> {
    const stream = await peer.listen();
    const handle = (await server.mcp.sessions.get(peer.id))!;
    const ids: string[] = [];
    for (let i = 1; i <= count; i++) {
      handle.notify("notifications/message", { data: `${i}${more}` });
      await stream.next();
      ids.push(stream.lastId!);
    }
    stream.cut();
    return ids;
  }

  /** What is left after an id. */
  async function after(server: Server, peer: Peer, id: string): Promise<unknown[]> {
    const stream = await peer.listen(id);
    const handle = (await server.mcp.sessions.get(peer.id))!;
    const all: unknown[] = [];
    handle.notify("notifications/message", { data: "end" });
    for (;;) {
      const one = await stream.next();
      if (text(one) === "end") break;
      all.push(text(one));
    }
    stream.cut();
    return all;
  }
});

describe("the first event", () => {
  for (const version of REVISIONS) {
    const primes = version === "2025-11-25";
    test(`of a ${version} stream ${primes ? "has an id and empty data" : "is a message"}`, async (t) => {
      const server = await up(t, counter, { response: "sse" });
      const peer = await join(server, { version });
      const call = await peer.stream("count", { to: 1 });
      const standalone = await peer.listen();
      for (const stream of [call, standalone]) {
        const first = await stream.block();
        if (primes) assert.deepEqual([first?.data, typeof first?.id], ["", "string"]);
        else {assert.deepEqual([first?.comment, first?.id, first?.data], [
            true,
            undefined,
            undefined,
          ]);}
      }
      assert.equal((await call.rest()).length, 2);
      standalone.cut();
    });
  }

  test("can be resumed from, before anything was said", async (t) => {
    const server = await up(t, counter);
    const peer = await join(server);
    const first = await peer.listen();
    await first.block();
    first.cut();
    (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "missed" });
    const second = await peer.listen(first.lastId);
    assert.equal(text(await second.next()), "missed");
    second.cut();
  });

  test("of a resumed stream repeats the place, so that a further loss loses nothing", async (t) => {
    const peer = await join(await up(t, counter));
    const ids = await counted(peer, 3);
    const resumed = await peer.listen(ids[1]);
    const first = await resumed.block();
    assert.deepEqual([first?.id, first?.data], [ids[1], ""]);
    resumed.cut();
    assert.equal((await (await peer.listen(resumed.lastId)).rest()).length, 2);
  });
});
