/** The body of a Web response that the engine writes: what may wait in it, and how it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { requestBody } from "../../core/engine/web/body.ts";
import { toResponse } from "../../core/engine/web/response.ts";
import type { Sink } from "../../core/engine/reply.ts";

/** A response, and what its body was told. */
function respond() {
  const told: string[] = [];
  let sink: Sink | undefined;
  const response = toResponse({
    status: 200,
    headers: {},
    body: {
      open: (one) => void (sink = one),
      drained: () => void told.push("drained"),
      cancelled: () => void told.push("cancelled"),
    },
  });
  return { sink: sink!, told, body: response.body! };
}

const KIB = "x".repeat(1024);
const turn = () => new Promise((next) => setTimeout(next, 5));

test("a Web stream takes 64 KiB that nobody reads, each begun one whole, then asks to wait until somebody has read", async () => {
  const { sink, told, body } = respond();
  await turn();
  const reader = body.getReader();
  assert.equal(sink.write(KIB.repeat(62)), true);
  assert.equal(sink.write("é".repeat(512)), true);
  assert.equal(sink.write("é"), false);
  await turn();
  told.length = 0;
  for (const size of [62 * 1024, 1024, 2]) {
    assert.equal((await reader.read()).value?.byteLength, size);
  }
  await turn();
  assert.equal(told[0], "drained");
  assert.equal(sink.write(KIB), true);
  sink.end();
  assert.equal((await reader.read()).value?.byteLength, 1024);
  assert.equal((await reader.read()).done, true);
});

test("what a chunk takes of a Web stream is a whole number, for some runtimes send none of another", () => {
  const { ReadableStream } = globalThis;
  let strategy: QueuingStrategy<Uint8Array> = {};
  globalThis.ReadableStream = new Proxy(ReadableStream, {
    construct(target, args: ConstructorParameters<typeof ReadableStream>) {
      strategy = args[1]!;
      return new target(...args);
    },
  });
  try {
    respond();
  } finally {
    globalThis.ReadableStream = ReadableStream;
  }
  const sizes = [1, 1023, 1024, 1025, 65_536].map((size) => strategy.size!(new Uint8Array(size)));
  assert.deepEqual(sizes, [1, 1, 1, 2, 64]);
});

test("a Web stream that was cancelled says so once, and nothing that comes later throws", async () => {
  const { sink, told, body } = respond();
  await body.cancel();
  assert.deepEqual(told.filter((word) => word === "cancelled"), ["cancelled"]);
  assert.equal(sink.write(KIB), true);
  sink.end();
  sink.abort();
});

test("a body that is whole as it is opened is text", async () => {
  const response = toResponse({
    status: 200,
    headers: { "content-type": "text/event-stream" },
    body: {
      open(sink) {
        assert.equal(sink.write("a"), true);
        assert.equal(sink.write("é"), true);
        sink.end();
        assert.equal(sink.write("late"), true);
        sink.abort();
      },
      drained: () => assert.fail("drained"),
      cancelled: () => assert.fail("cancelled"),
    },
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(await response.text(), "aé");
});

test("a body that is long as it is opened waits until what there is has been taken", async () => {
  let sink: Sink | undefined;
  const took: boolean[] = [];
  const response = toResponse({
    status: 200,
    headers: {},
    body: {
      open(one) {
        sink = one;
        took.push(one.write(KIB.repeat(63)), one.write(KIB.repeat(2)));
      },
      drained() {
        sink!.write("the rest");
        sink!.end();
      },
      cancelled: () => {},
    },
  });
  assert.deepEqual(took, [true, false]);
  assert.equal(await response.text(), `${KIB.repeat(65)}the rest`);
});

test(
  "a peer that left before anybody asked is known to have left",
  { skip: "Deno" in globalThis && "Deno aborts the signal of every request" },
  () => {
    let left = 0;
    const request = new Request("http://localhost", { signal: AbortSignal.abort() });
    requestBody(request).gone!(() => left++);
    assert.equal(left, 1);
  },
);
