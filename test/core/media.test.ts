import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { accepts, isJson } from "../../core/mod.ts";

/** One element of an `Accept` field, before it is written down. */
interface Element {
  readonly type: string;
  readonly subtype: string;
  /** Media type parameters; a value may hold what separates elements, if it is quoted. */
  readonly parameters: readonly (readonly [string, string])[];
  /** Thousandths; undefined where no weight is written. */
  readonly weight: number | undefined;
}

const token = fc.stringMatching(/^[a-z0-9!#$%&'+.^_`|~-]{1,8}$/).filter((text) => text !== "q");
const quoted = fc.stringMatching(/^[a-z ,;=/.]{0,8}$/).map((text) => `"${text}"`);

const element: fc.Arbitrary<Element> = fc.record({
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("application", "text", "*") },
    { weight: 1, arbitrary: token },
  ),
  subtype: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("json", "event-stream", "*", "jsonx", "html") },
    { weight: 1, arbitrary: token },
  ),
  parameters: fc.array(fc.tuple(token, fc.oneof(token, quoted)), { maxLength: 2 }),
  weight: fc.option(fc.oneof(fc.constantFrom(0, 1, 1000), fc.nat(1000)), { nil: undefined }),
});

/** How an element is written: where blanks stand, in which case, how many digits a weight has. */
const writing = fc.record({
  blank: fc.constantFrom("", " ", "\t", "  "),
  upper: fc.boolean(),
  padded: fc.boolean(),
});

describe("Accept", () => {
  test("is read whatever its length", () => {
    const long = "*/*;q=0,".repeat(300_000);
    assert.deepEqual(accepts(long), { json: false, sse: false });
    assert.deepEqual(accepts(`${long}*/*`), { json: true, sse: true });
  });

  test("allows what an independent reading of RFC 9110 allows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(element, writing), { minLength: 1, maxLength: 6 }),
        (written) => {
          const field = written.map(([one, how]) => write(one, how)).join(",");
          const elements = written.map(([one]) => one);
          assert.deepEqual(accepts(field), {
            json: allowed(elements, "application", "json"),
            sse: allowed(elements, "text", "event-stream"),
          }, field);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("reads any text without throwing, and elements that cannot be read allow nothing", () => {
    fc.assert(fc.property(fc.string(), (field) => {
      const { json, sse } = accepts(field);
      if (field.trim() !== "" && !field.includes("/")) assert.ok(!json && !sse);
    }));
  });

  const fields: readonly (readonly [string | null, boolean, boolean])[] = [
    [null, true, true],
    ["", true, true],
    ["  ", true, true],
    ["*/*", true, true],
    ["application/json, text/event-stream", true, true],
    ["text/event-stream,application/json", true, true],
    ["application/json", true, false],
    ["APPLICATION/Json ; charset=utf-8", true, false],
    ["text/event-stream", false, true],
    ["application/*", true, false],
    ["text/*;q=0.1", false, true],
    ["application/jsonx", false, false],
    ["xapplication/json", false, false],
    ["text/html, application/xhtml+xml", false, false],
    ["*/*, application/json;q=0", false, true],
    ["application/json;q=0.0, */*;q=0.1", false, true],
    ["application/json;q=2", false, false],
    ["application/json;q=high, */*", false, true],
    ["application/json;q=-1, */*", false, true],
    ["*/json", false, false],
    ['text/html;x="application/json", a/b', false, false],
    ['text/html;x="\\", application/json, "', false, false],
    ["application/json/x", false, false],
    [", ,", false, false],
  ];
  test("of well-known fields allows what it has to", () => {
    for (const [field, json, sse] of fields) {
      assert.deepEqual(accepts(field), { json, sse }, `${field}`);
    }
  });
});

describe("Content-Type", () => {
  const fields: readonly (readonly [string | null, boolean])[] = [
    ["application/json", true],
    ["Application/JSON", true],
    ["application/json; charset=utf-8", true],
    [" application/json ;charset=utf-8", true],
    [null, false],
    ["", false],
    ["text/json", false],
    ["application/jsonx", false],
    ["application/json-seq", false],
    ["text/plain; application/json", false],
    ["application/json, text/plain", false],
  ];
  test("is JSON by its type alone, in any case and with any parameters", () => {
    for (const [field, json] of fields) assert.equal(isJson(field), json, `${field}`);
  });
});

function write(
  { type, subtype, parameters, weight }: Element,
  { blank, upper, padded }: { blank: string; upper: boolean; padded: boolean },
): string {
  const range = `${type}/${subtype}`;
  const pieces = [
    upper ? range.toUpperCase() : range,
    ...parameters.map(([name, value]) => `${name}=${value}`),
  ];
  if (weight !== undefined) {
    const q = padded ? (weight / 1000).toFixed(3) : String(weight / 1000);
    pieces.push(`${upper ? "Q" : "q"}=${q}`);
  }
  return blank + pieces.join(`${blank};${blank}`) + blank;
}

// RFC 9110, 12.5.1: the most specific range that matches decides.
function allowed(elements: readonly Element[], type: string, subtype: string): boolean {
  const decisive = [
    elements.filter((one) => one.type === type && one.subtype === subtype),
    elements.filter((one) => one.type === type && one.subtype === "*"),
    elements.filter((one) => one.type === "*" && one.subtype === "*"),
  ].find((matching) => matching.length > 0);
  return decisive?.some(({ weight = 1000 }) => weight > 0) ?? false;
}
