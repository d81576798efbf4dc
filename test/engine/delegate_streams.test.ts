/** Event streams of a handler of modern requests: what waits for their readers, and what the operator hears. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandlerEvent, McpHandler } from "../../core/engine/mod.ts";
import type { StreamReply } from "../../core/engine/reply.ts";
import { FakeClock } from "../doubles/clock.ts";
import { turns } from "../doubles/turns.ts";
import { modern } from "../wire/harness/modern.ts";
import { delegating, stream } from "./delegating.ts";

const KIB = 1024;

/** The streams that were told of: opened, then closed for which reason. */
function told(events: readonly HandlerEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "stream-opened"
      ? [event.session ?? "without a session"]
      : event.type === "stream-closed"
      ? [event.reason]
      : []
  );
}

/** A request as a runtime hands it in, and how its peer leaves. */
function handed(mcp: McpHandler) {
  const { fields, body } = modern("work/do", {});
  const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
  const left: (() => void)[] = [];
  const answer = mcp.handle({ method: "POST", url: "http://localhost/mcp", headers }, {
    text: () => Promise.resolve(body),
    gone: (fn) => void left.push(fn),
  });
  return { answer, leave: () => left.forEach((fn) => fn()) };
}

/** A source that waits for nobody, as the official SDK's. */
function flood() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const gone = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (one) => void (controller = one),
    cancel: () => gone.resolve(),
  });
  const event = new TextEncoder().encode(`data: "${"x".repeat(20 * KIB)}"\n\n`);
  return {
    response: new Response(body, { headers: { "content-type": "text/event-stream" } }),
    write: () => controller.enqueue(event),
    end: () => controller.close(),
    gone: gone.promise,
  };
}

describe("a reader of a delegated stream that takes nothing", () => {
  const limits = { queuedBytes: 100 * KIB };

  test("is closed once as much waits for it as may, and its request is given up", async () => {
    const clock = new FakeClock();
    const source = flood();
    let aborted = false;
    const { ask, mcp, events } = delegating(({ signal }) => {
      signal.addEventListener("abort", () => aborted = true);
      return source.response;
    }, { limits, clock, keepAliveMs: 0 });
    const answer = await ask("work/do");
    for (let sent = 0; sent < 12; sent++) {
      // 64 KiB of the response's own, then those that may wait.
      if (sent === 7) await clock.passing(1_000);
      source.write();
      await turns();
    }
    await clock.passing(499);
    assert.equal(aborted, false);
    await clock.passing(1);
    assert.equal(aborted, true);
    await source.gone;
    assert.deepEqual(told(events), ["without a session", "slow"]);
    const { inFlight, streams } = await mcp.stats();
    assert.deepEqual([inFlight, streams], [0, 0]);
    // What the peer has not read by then never will be.
    clock.pass(60_000);
    await assert.rejects(answer.text());
    assert.equal(clock.timers, 0);
  });

  test("keeps no request in flight whose work is done", async () => {
    const source = flood();
    const { ask, mcp, events } = delegating(() => source.response, { limits });
    const answer = await ask("work/do");
    for (let i = 0; i < 6; i++) source.write();
    source.end();
    await turns(3);
    assert.equal((await mcp.stats()).inFlight, 0);
    assert.deepEqual(told(events), ["without a session", "finished"]);
    assert.equal((await answer.text()).length, 3 + 6 * (20 * KIB + 10));
  });

  test("is not closed where it reads while its time runs", async () => {
    const clock = new FakeClock();
    const source = flood();
    const { ask, events } = delegating(() => source.response, { limits, clock, keepAliveMs: 0 });
    const reader = (await ask("work/do")).body!.getReader();
    for (let sent = 0; sent < 20; sent++) {
      source.write();
      await turns();
    }
    await clock.passing(499);
    let left = 20 * (20 * KIB + 10) + 3;
    const rest = (async () => {
      while (left > 0) left -= (await reader.read()).value!.byteLength;
    })();
    await turns(5);
    await clock.passing(60_000);
    await rest;
    source.end();
    await turns(2);
    assert.deepEqual(told(events), ["without a session", "finished"]);
  });

  test("is not behind any more once it has read", async () => {
    const source = flood();
    const { ask, events } = delegating(() => source.response, { limits });
    const reader = (await ask("work/do")).body!.getReader();
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 5; i++) source.write();
      await turns(2);
      for (let left = 100 * KIB; left > 0;) left -= (await reader.read()).value!.byteLength;
    }
    source.end();
    await turns(2);
    assert.deepEqual(told(events), ["without a session", "finished"]);
    await reader.cancel();
  });
});

test("a character that a delegated stream sends in pieces arrives whole", async () => {
  const bytes = new TextEncoder().encode("data: é €\n\n");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const headers = { "content-type": "text/event-stream" };
  const { ask } = delegating(() => new Response(body, { headers }));
  assert.equal(await (await ask("work/do")).text(), ":\n\ndata: é €\n\n");
});

test("a delegated stream is kept alive between its events, and not within one", async () => {
  const clock = new FakeClock();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (one) => void (controller = one) });
  const headers = { "content-type": "text/event-stream" };
  const { ask } = delegating(() => new Response(body, { headers }), { clock, keepAliveMs: 1_000 });
  const answer = await ask("work/do");
  const write = async (text: string): Promise<void> => {
    controller.enqueue(new TextEncoder().encode(text));
    await turns(3);
    await clock.passing(2_000);
  };
  for (const text of ['data: {"a":', "1}\n", "\n", "data: 2\r\n", "\r\n"]) await write(text);
  controller.close();
  const kept = ":\n\n";
  assert.equal(await answer.text(), `${kept}data: {"a":1}\n\n${kept}data: 2\r\n\r\n${kept}`);
  assert.equal(clock.timers, 0);
});

describe("a handler that takes its time", () => {
  const cases = [
    { why: "where its answer may be JSON", late: 3_000 },
    { why: "where it is a stream anyway", shape: "sse", late: 100 },
    { why: "where only a stream shows that its peer left", unwatched: true, late: 100 },
  ] as const;
  for (const { why, late, ...how } of cases) {
    test(`is answered by a stream after ${late} ms ${why}`, async () => {
      const clock = new FakeClock();
      const response = "shape" in how ? how.shape : "auto";
      const { mcp } = delegating(() => new Promise(() => {}), { clock, response });
      const { fields, body } = modern("work/do", {});
      const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
      const text = (): Promise<string> => Promise.resolve(body);
      const reader = "unwatched" in how ? { text } : { text, gone: () => {} };
      let status: number | undefined;
      mcp.handle({ method: "POST", url: "http://localhost/mcp", headers }, reader)
        .then((reply) => status = reply.status);
      await turns();
      await clock.passing(late - 1);
      assert.equal(status, undefined);
      await clock.passing(1);
      assert.equal(status, 200);
      await mcp.close({ within: 0 });
    });
  }
});

test("a delegated stream has the status that its handler gave it", async () => {
  const headers = { "content-type": "text/event-stream" };
  const { ask } = delegating(() => new Response("data: 1\n\n", { status: 203, headers }));
  const answer = await ask("work/do");
  assert.deepEqual([answer.status, await answer.text()], [203, ":\n\ndata: 1\n\n"]);
});

test("a delegated stream without a body ends", async () => {
  const headers = { "content-type": "text/event-stream" };
  const { ask, events } = delegating(() => new Response(null, { headers }));
  assert.equal(await (await ask("work/do")).text(), ":\n\n");
  assert.deepEqual(told(events), ["without a session", "finished"]);
});

test("a delegated stream is not kept alive for a peer that takes nothing", async () => {
  const clock = new FakeClock();
  const { mcp } = delegating(() => stream().response, { clock, keepAliveMs: 1_000 });
  const { body } = await handed(mcp).answer as StreamReply;
  let text = "";
  body.open({ write: (more) => (text += more) === "", end() {}, abort() {} });
  await clock.passing(5_000);
  assert.equal(text, ":\n\n");
  body.drained();
  await clock.passing(1_000);
  assert.equal(text, ":\n\n:\n\n");
  await mcp.close({ within: 0 });
});

describe("what comes for a peer that has left", () => {
  async function late(): Promise<{ finish(response: Response): Promise<void>; text(): string }> {
    const clock = new FakeClock();
    const answer = Promise.withResolvers<Response>();
    const { mcp } = delegating(() => answer.promise, { clock });
    const { answer: begun, leave } = handed(mcp);
    await turns();
    await clock.passing(3_000);
    let text = "";
    const { body } = await begun as StreamReply;
    body.open({ write: (more) => (text += more) !== "", end() {}, abort() {} });
    leave();
    return {
      finish: (response) => (answer.resolve(response), turns(3)),
      text: () => text,
    };
  }

  test("is not written: JSON", async () => {
    const { finish, text } = await late();
    await finish(Response.json({ jsonrpc: "2.0", id: 1, result: {} }));
    assert.equal(text(), ":\n\n");
  });

  test("is not written: what waited for it", async () => {
    const source = flood();
    const { mcp } = delegating(() => source.response, { limits: { queuedBytes: 1 } });
    const { answer, leave } = handed(mcp);
    let text = "";
    const { body } = await answer as StreamReply;
    body.open({ write: (more) => (text += more) === "", end() {}, abort() {} });
    for (let i = 0; i < 3; i++) source.write();
    await turns(3);
    const before = text;
    leave();
    await turns(3);
    assert.equal(text, before);
  });

  test("is given up: an event stream", { timeout: 30_000 }, async () => {
    const { finish, text } = await late();
    const source = flood();
    source.write();
    await finish(source.response);
    await source.gone;
    assert.equal(text(), ":\n\n");
  });
});

describe("the operator hears of a delegated stream", () => {
  test("that its peer left", async () => {
    const { ask, events } = delegating(() => stream().response);
    await (await ask("work/do")).body!.cancel();
    assert.deepEqual(told(events), ["without a session", "disconnected"]);
  });

  test("that it broke off, and why", async () => {
    const source = stream();
    const { ask, events, mcp } = delegating(() => source.response);
    const answer = await ask("work/do");
    await source.fail(new Error("broken"));
    assert.equal(await answer.text(), ":\n\n");
    assert.deepEqual(told(events), ["without a session", "lost"]);
    // It failed: nobody has stopped it.
    const { inFlight, aborted } = await mcp.stats();
    assert.deepEqual([inFlight, aborted], [0, 0]);
    const failed = events.find(({ type }) => type === "application-error");
    assert.match(String((failed as { error: unknown }).error), /broken/);
  });

  test("each by a name of its own", async () => {
    const { ask, events } = delegating(() => {
      const source = stream();
      source.end();
      return source.response;
    });
    for (let i = 0; i < 3; i++) await (await ask("work/do")).text();
    const names = events.flatMap((one) => one.type === "stream-closed" ? [one.stream] : []);
    assert.equal(new Set(names).size, 3);
  });
});

for (const when of ["before", "after"]) {
  test(`a peer that leaves ${when} its stream has begun cancels what was handed over`, {
    timeout: 30_000,
  }, async () => {
    let aborted = false;
    const { mcp, events } = delegating(({ signal }) => {
      signal.addEventListener("abort", () => aborted = true);
      return when === "before" ? new Promise(() => {}) : stream().response;
    });
    const { answer, leave } = handed(mcp);
    await turns();
    if (when === "after") {
      ((await answer) as StreamReply).body.open({ write: () => true, end() {}, abort() {} });
    }
    leave();
    assert.equal((await answer).status, when === "before" ? 499 : 200);
    assert.equal(aborted, true);
    assert.equal((await mcp.stats()).inFlight, 0);
    assert.deepEqual(told(events).slice(1), when === "before" ? [] : ["disconnected"]);
  });
}
