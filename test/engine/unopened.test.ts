/** What becomes of a stream before anybody reads it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, memory, type RequestHead } from "../../core/engine/mod.ts";
import { standaloneStream } from "../../core/engine/ids.ts";
import type { Sink, StreamBody } from "../../core/engine/reply.ts";
import { WAKE } from "../../core/engine/streams/stream.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, gate, initialize } from "./endpoint.ts";

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

test("the first byte of a stream does not wait for a bus that takes its time", async (t) => {
  const own = memory();
  const subscribed = gate();
  const bus = instead(own.bus, "subscribe", async (subscribe, args) => {
    if (String(args[0]).startsWith("stream/")) await subscribed.opened;
    return subscribe(...args);
  });
  const endpoint = new Endpoint(t, {}, { backend: { ...own, bus } });
  const session = await endpoint.open();
  const listening = await endpoint.get({ session });
  const reader = listening.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, ":\n\n");
  subscribed.open();
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
