import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import {
  COMMENT,
  eventId,
  eventText,
  parseEventId,
  primingText,
  requestText,
  retryText,
  SSE_HEADERS,
} from "../../core/mod.ts";

const stream = fc.stringMatching(/^[0-9A-Za-z-]{1,64}$/);
const position = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 36 ** 10 - 1 }));

describe("an event id", () => {
  test("is read back as the place that it was made of", () => {
    fc.assert(fc.property(stream, position, (stream, position) => {
      assert.deepEqual(parseEventId(eventId(stream, position)), { stream, position });
    }));
  });

  test("of another place is another id", () => {
    fc.assert(fc.property(stream, position, stream, position, (s1, p1, s2, p2) => {
      assert.equal(eventId(s1, p1) === eventId(s2, p2), s1 === s2 && p1 === p2);
    }));
  });

  test("is visible ASCII of at most 75 characters", () => {
    fc.assert(fc.property(stream, position, (stream, position) => {
      assert.match(eventId(stream, position), /^[\x21-\x7e]{1,75}$/);
    }));
  });

  test("is the only text that is read as one", () => {
    const nearly = fc.tuple(stream, position, fc.nat(), fc.string({ minLength: 1, maxLength: 2 }))
      .map(([stream, position, at, inserted]) => {
        const text = eventId(stream, position);
        const place = at % (text.length + 1);
        return text.slice(0, place) + inserted + text.slice(place);
      });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        const cursor = parseEventId(text);
        if (cursor !== undefined) assert.equal(eventId(cursor.stream, cursor.position), text);
      }),
      { numRuns: 2000 },
    );
    for (
      const text of [
        ...["", "_", "a_", "_1", "a", "a_01", "a_-1", "a_1.5", "a_A", "a b_1", "a_1 ", "a_1\n"],
        ...["a_1_2", "a/b_1", "__proto___0", `a_${"1".repeat(11)}`, `${"a".repeat(65)}_1`, "a_0x1"],
      ]
    ) assert.equal(parseEventId(text), undefined, JSON.stringify(text));
  });
});

describe("events as text", () => {
  const message = fc.tuple(fc.string(), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })))
    .map(([method, params]) => requestText(1, method, params));

  test("are what an independent parser reads, in any pieces", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.option(position, { nil: undefined }), message), { maxLength: 5 }),
        stream,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (events, stream, sizes) => {
          const written = events.map(([at, data]) => ({
            id: at === undefined ? undefined : eventId(stream, at),
            data,
          }));
          const text = COMMENT + written.map(({ id, data }) => eventText(id, data)).join(COMMENT);
          const { messages, comments } = parse(pieces(text, sizes));
          assert.deepEqual(messages.map(({ id, data }) => ({ id, data })), written);
          assert.equal(comments, Math.max(1, events.length));
        },
      ),
    );
  });

  // @ai-sdk/mcp before 1.0.51, Spring AI and, on GET, the Java SDK up to 1.1 drop what names no type.
  test("name their type, without which some clients drop a message", () => {
    for (const id of [undefined, "s_1"]) {
      assert.deepEqual(parse([eventText(id, "{}")]).messages, [{
        id,
        event: "message",
        data: "{}",
      }]);
    }
  });

  test("a priming event has an id and empty data", () => {
    const { messages } = parse([primingText("s_0")]);
    assert.deepEqual(messages.map(({ id, data }) => ({ id, data })), [{ id: "s_0", data: "" }]);
  });

  test("a reconnection time is one, and no event", () => {
    const { messages, retries } = parse([retryText(1500)]);
    assert.deepEqual(retries, [1500]);
    assert.equal(messages.length, 0);
  });

  test("says a whole number of milliseconds, for no client reads another", () => {
    const { retries } = parse([retryText(100 * 1.1), retryText(0.5), retryText(0)]);
    assert.deepEqual(retries, [111, 1, 0]);
  });

  test("nothing on the way may store, change or hold back a stream", () => {
    assert.deepEqual(SSE_HEADERS, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
  });
});

function pieces(text: string, sizes: readonly number[]): string[] {
  const found: string[] = [];
  for (let at = 0, i = 0; at < text.length; at += sizes[i++ % sizes.length]!) {
    found.push(text.slice(at, at + sizes[i % sizes.length]!));
  }
  return found;
}

function parse(
  texts: readonly string[],
): { messages: EventSourceMessage[]; retries: number[]; comments: number } {
  const messages: EventSourceMessage[] = [];
  const retries: number[] = [];
  let comments = 0;
  const parser = createParser({
    onEvent: (event) => void messages.push(event),
    onRetry: (ms) => void retries.push(ms),
    onComment: () => void comments++,
    onError: (error) => assert.fail(error),
  });
  for (const text of texts) parser.feed(text);
  return { messages, retries, comments };
}
