import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Capacity, memory, type SessionRecord } from "../../core/engine/mod.ts";
import type { Lifetime } from "../../core/mod.ts";
import { IdIndex } from "../../core/engine/memory/id_index.ts";
import { heapInUse } from "../doubles/heap.ts";
import { NONE, RowList, Rows, textsOf, wordsOf } from "../../core/engine/memory/rows.ts";

const FOREVER: Lifetime = { idleMs: Infinity, maxAgeMs: Infinity };
const ANY: Capacity = { sessions: Infinity, perPrincipal: Infinity };

function record(id: string, more: Partial<SessionRecord> = {}): SessionRecord {
  const blank = {
    owner: undefined,
    initialize: "{}",
    created: 0,
    seen: 0,
    ready: true,
    held: false,
  };
  return { id, version: "2025-11-25", ...blank, ...more };
}

describe("rows", () => {
  test("keep what is written into each, also where others are freed and used again", () => {
    const rows = new Rows();
    const written = new Map<number, number>();
    let next = 0;
    const write = (): void => {
      const row = rows.allocate();
      assert.ok(!written.has(row), `row ${row} is in use`);
      const value = ++next;
      written.set(row, value);
      const { integers, numbers, texts } = rows.chunk(row);
      for (let word = 0; word < 14; word++) integers[wordsOf(row) + word] = value + word;
      numbers[(wordsOf(row) + 14) >> 1] = value + 0.5;
      texts[textsOf(row) + 1] = `text ${value}`;
    };
    const free = (row: number): void => {
      written.delete(row);
      rows.free(row);
    };
    for (let i = 0; i < 10_000; i++) write();
    // Whole chunks become free, then parts of them, then every row.
    for (const row of [...written.keys()].slice(2_000, 9_500)) free(row);
    for (let i = 0; i < 5_000; i++) write();
    for (const row of [...written.keys()].filter((row) => row % 3 === 0)) free(row);
    for (const [row, value] of written) {
      const { integers, numbers, texts } = rows.chunk(row);
      const at = wordsOf(row);
      assert.deepEqual([integers[at], integers[at + 13]], [value, value + 13]);
      assert.equal(numbers[(at + 14) >> 1], value + 0.5);
      const both = texts.slice(textsOf(row), textsOf(row) + 2);
      assert.deepEqual(both, [undefined, `text ${value}`]);
    }
    for (const row of [...written.keys()]) free(row);
    for (let i = 0; i < 10_000; i++) write();
    assert.ok(Math.max(...written.keys()) < 20_000, "numbers of rows are used again");
  });

  test("stand in lists as they do in an array", () => {
    const operations = fc.array(fc.record({ append: fc.boolean(), which: fc.nat(50) }));
    fc.assert(fc.property(operations, (operations) => {
      const rows = new Rows();
      const list = new RowList(rows, 2, 9);
      let expected: number[] = [];
      for (const { append, which } of operations) {
        if (append) {
          const row = rows.allocate();
          list.append(row);
          expected.push(row);
        } else if (expected.length > 0) {
          const row = expected[which % expected.length]!;
          list.remove(row);
          expected = expected.filter((other) => other !== row);
        }
        const found: number[] = [];
        for (let row = list.first; row !== NONE; row = list.after(row)) found.push(row);
        assert.deepEqual([found, list.last], [expected, expected.at(-1) ?? NONE]);
      }
    }));
  });
});

test("an index finds what is in it and nothing else, also where hashes agree or lie side by side", () => {
  const hash = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: 12, max: 18 }),
    fc.integer(),
  );
  const operation = fc.record({ add: fc.boolean(), hash, which: fc.nat(1_000) });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400, size: "max" }), (operations) => {
      const index = new IdIndex();
      const rows = new Map<number, number>();
      const look = (hash: number): number[] => {
        const found: number[] = [];
        for (let place = index.first(hash);; place = index.next(place)) {
          const row = index.at(place, hash);
          if (row === NONE) return found.sort((a, b) => a - b);
          if (row !== undefined) found.push(row);
        }
      };
      for (const [row, { add, hash, which }] of operations.entries()) {
        if (add) {
          index.add(hash, row);
          rows.set(row, hash);
        } else if (rows.size > 0) {
          const [gone, its] = [...rows][which % rows.size]!;
          index.remove(its, gone);
          rows.delete(gone);
        }
        assert.equal(index.count, rows.size);
      }
      for (const hash of new Set([...rows.values(), 0, 15, 16])) {
        const expected = [...rows].filter(([, other]) => other === hash).map(([row]) => row);
        assert.deepEqual(look(hash), expected.sort((a, b) => a - b));
      }
    }),
  );
});

describe("sessions in memory are found by exactly their id", () => {
  const [wide, long] = ["ā".repeat(3), "x".repeat(24)];
  const plain = "aaaaaaaa";
  const ids = [
    plain,
    ...[0, 1, 2, 3].map((at) => `${plain.slice(0, at)}\u0161${plain.slice(at + 1)}`),
    ...["", "a", "A", "ab", "abc", "abcd", "abcde", "\0", "a\0", "a\0\0", "ÿÿÿÿ", "ÿ"],
    ...[wide, "\u0101\u0100", "a\u0100", "\u6100", `${long}1`, `${long}2`, long, long.slice(1)],
    ...["__proto__", "constructor", "toString", `${long}${long}`, `${long}${long}y`],
  ];

  test("whatever it is made of", () => {
    const { sessions } = memory();
    for (const [i, id] of ids.entries()) {
      for (const other of ids.slice(i)) assert.equal(sessions.get(other), undefined);
      sessions.create(record(id, { created: i, owner: `owner of ${i}` }), ANY, FOREVER);
    }
    const check = (there: (i: number) => boolean): void => {
      for (const [i, id] of ids.entries()) {
        const found = sessions.get(id) as SessionRecord | undefined;
        assert.deepEqual(
          found && [found.id, found.created, found.owner],
          there(i) ? [id, i, `owner of ${i}`] : undefined,
        );
      }
    };
    check(() => true);
    assert.deepEqual([...sessions.list() as Iterable<SessionRecord>].map(({ id }) => id), ids);
    for (const [i, id] of ids.entries()) if (i % 2 === 0) assert.equal(sessions.delete(id), true);
    check((i) => i % 2 === 1);
  });

  test("among 20 000 that come and go", () => {
    const { sessions } = memory();
    const expected = new Map<string, number>();
    let seed = 1;
    const random = (below: number): number => (seed = seed * 48_271 % 2_147_483_647) % below;
    for (let i = 0; i < 60_000; i++) {
      const id = `${i.toString(36)}-${random(1e6)}${i % 100 === 0 ? "-and-it-is-a-long-one" : ""}`;
      sessions.create(record(id, { created: i }), ANY, FOREVER);
      expected.set(id, i);
      if (expected.size > 20_000) {
        const oldest = expected.keys().next().value!;
        assert.equal(sessions.delete(oldest), true);
        expected.delete(oldest);
      }
    }
    assert.equal(sessions.count(), expected.size);
    for (const [id, created] of expected) {
      assert.equal((sessions.get(id) as SessionRecord).created, created);
    }
    for (const id of expected.keys()) sessions.delete(id);
    assert.equal(sessions.count(), 0);
    assert.deepEqual([...sessions.list() as Iterable<SessionRecord>], []);
  });
});

test("no session is found by an id that is none, of as many as it takes for hashes to agree", () => {
  for (const begin of ["", "of-24-characters-and-more-"]) {
    const { sessions } = memory();
    let seed = 90;
    const random = (): string => (seed = seed * 48_271 % 2_147_483_647).toString(36);
    const next = (): string => `${begin}${random()}-${random()}`;
    for (let i = 0; i < 20_000; i++) sessions.create(record(next()), ANY, FOREVER);
    for (let i = 0; i < 40_000; i++) {
      const id = next();
      if (sessions.get(id) !== undefined) assert.fail(`${id} is found`);
    }
    assert.equal(sessions.count(), 20_000);
  }
});

test("a walk along the sessions goes on after any of them is gone, and meets the new ones", () => {
  const { sessions } = memory();
  const create = (id: string) => sessions.create(record(id), ANY, FOREVER);
  for (const id of "abcdefgh") create(id);
  const met: string[] = [];
  for (const { id } of sessions.list() as Iterable<SessionRecord>) {
    met.push(id);
    if (id === "b") ["b", "c", "d"].forEach((gone) => sessions.delete(gone));
    if (id === "e") {
      ["f", "a"].forEach((gone) => sessions.delete(gone));
      // These take the places of rows that are gone.
      ["i", "j", "k", "l", "m"].forEach(create);
    }
    if (met.length > 20) break;
  }
  assert.equal(met.join(""), "abeghijklm");
});

test("of sessions that are gone no params stay, but for some short ones that others may share", () => {
  const { sessions } = memory();
  // Its rows would otherwise go as a whole.
  sessions.create(record("stays"), ANY, FOREVER);
  const before = heapInUse();
  for (const [count, length, atOnce] of [[1_000, 20_000, 1_000], [20_000, 900, 1]] as const) {
    const text = "x".repeat(length);
    for (let i = 0; i < count; i += atOnce) {
      const ids = Array.from({ length: atOnce }, (_, j) => `s${i + j}`);
      for (const id of ids) {
        sessions.create(record(id, { initialize: JSON.stringify({ id, text }) }), ANY, FOREVER);
      }
      for (const id of ids) sessions.delete(id);
    }
  }
  const grown = heapInUse() - before;
  assert.ok(grown < 5_000_000, `${grown} bytes are kept`);
  assert.equal(sessions.count(), 1);
});

test("sessions whose params are equal and short share them", () => {
  const { sessions } = memory();
  const text = "x".repeat(900);
  const count = 5_000;
  const before = heapInUse();
  for (let i = 0; i < count; i++) {
    // Written out anew, so that each is a text of its own.
    const initialize = JSON.stringify({ text });
    sessions.create(record(`s${i}`, { initialize }), ANY, FOREVER);
  }
  const each = (heapInUse() - before) / count;
  assert.ok(each < 450, `${each} bytes each`);
  assert.equal(sessions.count(), count);
});

test("nothing is left of long ids that are gone, nor of walks along the sessions", () => {
  const { sessions } = memory();
  const text = "x".repeat(1_000);
  const id = (i: number): string => JSON.stringify({ i, text });
  sessions.create(record("stays"), ANY, FOREVER);
  const before = heapInUse();
  for (let i = 0; i < 5_000; i++) sessions.create(record(id(i)), ANY, FOREVER);
  for (let i = 0; i < 5_000; i++) assert.equal(sessions.delete(id(i)), true);
  const ofIds = (heapInUse() - before) / 5_000;
  assert.ok(ofIds < text.length / 4, `${ofIds} bytes are left of each`);
  for (let i = 0; i < 100_000; i++) {
    for (const { id } of sessions.list() as Iterable<SessionRecord>) {
      assert.equal(id, "stays");
      break;
    }
  }
  const ofWalks = heapInUse() - before;
  assert.ok(ofWalks < 3_000_000, `${ofWalks} bytes are kept`);
  assert.equal(sessions.count(), 1);
});

test("nothing is left of principals that have no session any more", () => {
  const { sessions } = memory();
  const text = "x".repeat(5_000);
  const count = 2_000;
  const before = heapInUse();
  for (let i = 0; i < count; i++) {
    const owner = JSON.stringify({ i, text });
    sessions.create(record("s", { owner }), { ...ANY, perPrincipal: 1 }, FOREVER);
    sessions.delete("s");
  }
  const left = (heapInUse() - before) / count;
  assert.ok(left < text.length / 5, `${left} bytes are left of each`);
  assert.equal(sessions.count(), 0);
});
