/** What becomes of a stream before anybody reads it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Bus,
  createMcpHandler,
  type Exchange,
  memory,
  type RequestHead,
} from "../../core/engine/mod.ts";
import { standaloneStream } from "../../core/engine/ids.ts";
import type { Sink, StreamBody } from "../../core/engine/reply.ts";
import { WAKE } from "../../core/engine/streams/stream.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { missing } from "../doubles/missing.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, initialize } from "./endpoint.ts";

/** A standalone stream whose answer the store holds back for longer than the silence that is filled. */
async function heldBack() {
  const { sessions, logs, bus } = memory();
  const clock = new FakeClock();
  const asked = gate();
  const release = gate();
  let looks = 0;
  const backend = {
    logs,
    bus,
    sessions: instead(sessions, "get", async (get, args) => {
      if (++looks === 2) {
        asked.open();
        await release.opened;
      }
      return get(...args);
    }),
  };
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: () => ({}),
  }, { backend, clock, keepAliveMs: 1_000 });
  const head = (method: string, fields: { readonly [name: string]: string }): RequestHead => ({
    method,
    url: "http://localhost/mcp",
    headers: new Headers({ host: "localhost", ...fields }),
  });
  const text = () => Promise.resolve(JSON.stringify(initialize()));
  const json = { "content-type": "application/json" };
  const { headers } = await mcp.handle(head("POST", json), { text });
  const session = headers["mcp-session-id"]!;
  const listening = mcp.handle(
    head("GET", { "accept": "text/event-stream", "mcp-session-id": session }),
    { text },
  );
  await asked.opened;
  await clock.passing(5_000);
  release.open();
  const body = (await listening).body as StreamBody;
  return { mcp, clock, session, body };
}

describe("a stream that waits for its store through keep-alives", () => {
  test("goes on once it is read", async () => {
    const { mcp, session, body } = await heldBack();
    const written: string[] = [];
    const sink: Sink = { write: (text) => written.push(text) > 0, end() {}, abort() {} };
    body.open(sink);
    (await mcp.sessions.get(session))!.notify("notifications/message", { heard: true });
    await turns(3);
    assert.match(written.join(""), /"heard":true/);
    await mcp.close({ within: 0 });
  });

  test("may be left before it is read", async () => {
    const { mcp, clock, body } = await heldBack();
    body.cancelled();
    await clock.passing(120_000);
    assert.equal((await mcp.stats()).streams, 0);
    await mcp.close({ within: 0 });
  });
});

/** A backend whose bus takes its time to subscribe to streams, until it is told to. */
function late() {
  const own = memory();
  const subscribed = gate();
  const bus = instead(own.bus, "subscribe", async (subscribe, args) => {
    if (String(args[0]).startsWith("stream/")) await subscribed.opened;
    return subscribe(...args);
  });
  return { backend: { ...own, bus }, subscribed };
}

test("the first byte of a stream does not wait for a bus that takes its time", async (t) => {
  const { backend, subscribed } = late();
  const endpoint = new Endpoint(t, {}, { backend });
  const session = await endpoint.open();
  const listening = await endpoint.get({ session });
  const reader = listening.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, ":\n\n");
  subscribed.open();
  await reader.cancel();
});

test("nor does the id with which the client of a call may come back", async (t) => {
  const { backend, subscribed } = late();
  const application = {
    request: (_: unknown, exchange: Exchange) => {
      exchange.notify("notifications/message", { level: "info", data: "begun" });
      return new Promise<never>(() => {});
    },
  };
  const endpoint = new Endpoint(t, application, { backend });
  const session = await endpoint.open();
  const answer = await endpoint.call("tools/call", { session });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  subscribed.open();
  assert.match(value!, /^id: \S+\ndata: ?\n\n$/);
  // It comes once.
  assert.match((await reader.read()).value!, /^event: message\nid: \S+\ndata: .*"begun"/);
  await reader.cancel();
});

for (
  const [port, operation] of [["bus", "subscribe"], ["logs", "bounds"], ["logs", "read"]] as const
) {
  test(`a peer that left gets nothing more, and nothing of its stream is left: before ${operation} has answered`, async (t) => {
    const own = memory();
    const asked = gate();
    const answered = gate();
    const held = instead<object>(own[port], operation as never, async (does, args) => {
      if (port === "bus" && !String(args[0]).startsWith("stream/")) return does(...args);
      asked.open();
      await answered.opened;
      return does(...args);
    });
    const endpoint = new Endpoint(t, {}, { backend: { ...own, [port]: held } });
    const session = await endpoint.open();
    const fields = {
      "host": "localhost",
      "accept": "text/event-stream",
      "mcp-session-id": session,
    };
    const reply = await endpoint.handler.handle(
      { method: "GET", url: "http://localhost/mcp", headers: new Headers(fields) },
      { text: () => Promise.resolve("") },
    );
    const body = reply.body as StreamBody;
    const written: string[] = [];
    body.open({ write: (text) => written.push(text) > 0, end() {}, abort() {} });
    await asked.opened;
    const before = written.length;
    body.cancelled();
    (await endpoint.handler.sessions.get(session))!.notify("notifications/message", {});
    answered.open();
    await turns(5);
    assert.equal(written.length, before);
    const topic = WAKE.topic(session, standaloneStream(session));
    assert.equal(own.bus.publish(topic, WAKE.probe), 0);
  });
}

test(
  "a reader does not take the word of the one before it for a later one's, where words were missed before it listened",
  { timeout: 30_000 },
  async (t) => {
    const own = memory();
    const listens = gate();
    const { bus: whole, miss } = missing(own.bus);
    let earlier: (() => void) | undefined;
    let readers = 0;
    const bus: Bus = {
      ...whole,
      publish(topic, word) {
        const held = topic.startsWith("stream/") && word.startsWith("r") && earlier === undefined;
        if (!held) return own.bus.publish(topic, word);
        return new Promise((resolve) => earlier = () => resolve(own.bus.publish(topic, word)));
      },
      async subscribe(topic, receiver) {
        const second = topic.startsWith("stream/") && ++readers === 2;
        if (second) await listens.opened;
        await own.bus.subscribe(topic, receiver);
        if (second) earlier!();
      },
    };
    const endpoint = new Endpoint(t, {}, { backend: { ...own, bus }, keepAliveMs: 0 });
    const session = await endpoint.open();
    const first = new Events(await endpoint.get({ session }));
    await turns(3);
    const second = new Events(await endpoint.get({ session }));
    await turns(3);
    miss();
    listens.open();
    await first.rest();
    await turns(3);
    assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["replaced"]);
    (await endpoint.handler.sessions.get(session))!.notify("notifications/message", { i: 1 });
    assert.equal((await second.next())?.params.i, 1);
    await second.cut();
  },
);

test("what is said while an event is written comes after it", async (t) => {
  const endpoint = new Endpoint(t);
  const session = await endpoint.open();
  const handle = (await endpoint.handler.sessions.get(session))!;
  const fields = { "host": "localhost", "accept": "text/event-stream", "mcp-session-id": session };
  const reply = await endpoint.handler.handle(
    { method: "GET", url: "http://localhost/mcp", headers: new Headers(fields) },
    { text: () => Promise.resolve("") },
  );
  let text = "";
  const write = (more: string): boolean => {
    text += more;
    if (more.includes('"i":1')) handle.notify("notifications/message", { i: 2 });
    return true;
  };
  (reply.body as StreamBody).open({ write, end() {}, abort() {} });
  handle.notify("notifications/message", { i: 1 });
  await turns(3);
  assert.deepEqual([...text.matchAll(/"i":(\d)/g)].map(([, i]) => i), ["1", "2"]);
});

test("a stream whose peer takes nothing is not kept alive until it takes more", async () => {
  const { mcp, clock, body } = await heldBack();
  let written = 0;
  body.open({ write: () => ++written === 0, end() {}, abort() {} });
  await clock.passing(5_000);
  assert.equal(written, 1);
  body.drained();
  await clock.passing(2_000);
  assert.equal(written, 2);
  await mcp.close({ within: 0 });
});

for (const ender of ["session", "peer"]) {
  test(`a stream that nobody reads is broken a minute after its end by its ${ender}, where there is a peer`, async () => {
    const { mcp, clock, session, body } = await heldBack();
    let aborted = 0;
    body.open({ write: () => false, end() {}, abort: () => void aborted++ });
    await turns(3);
    if (ender === "peer") body.cancelled();
    else assert.equal(await mcp.sessions.end(session), true);
    await clock.passing(59_000);
    assert.equal(aborted, 0);
    await clock.passing(1_000);
    assert.equal(aborted, ender === "peer" ? 0 : 1);
    await mcp.close({ within: 0 });
  });
}
