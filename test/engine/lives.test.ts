/** What a node holds of its sessions: that a busy one costs no more among many that are held. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { record } from "../../adapters/testing/kit_data.ts";
import { Lives } from "../../core/engine/sessions/lives.ts";
import { processorTimes } from "../doubles/processor.ts";

const MANY = 10_000;
/** As many times as it took to go from one table to the next. */
const TIMES = 5_000;

function lives(): Lives {
  return new Lives(() => {}, () => {});
}

/** The calls of one session, one after the other. */
function busy(all: Lives): () => void {
  const one = record("busy");
  return () => {
    for (let i = 0; i < TIMES; i++) all.release(all.hold(one));
  };
}

describe("what a node holds of its sessions", () => {
  test("is found at once, however many are held and however often one comes and goes", async () => {
    const all = lives();
    for (let i = 0; i < MANY; i++) all.hold(record(`held${i}`));
    const [alone = 0, among = 0] = await processorTimes(busy(lives()), busy(all));
    assert.ok(among < 10 * alone + 10, `${among} ms among many, ${alone} ms alone`);
  });

  test("is what is held, and nothing else", () => {
    const all = lives();
    const ids = (): string => [...all.ids()].join(" ");
    for (let round = 0; round < 3; round++) {
      const kept = all.hold(record("kept"));
      const some = Array.from({ length: 500 }, (_, i) => all.hold(record(`s${i}`)));
      assert.equal([...all].length, 501);
      assert.equal(all.hold(record("s1")), some[1]);
      for (const live of some) all.release(live);
      assert.equal(ids(), "kept s1");
      assert.equal(all.get("s0"), undefined);
      assert.equal(all.has(some[0]!), false);
      assert.equal(all.remove("s1"), some[1]);
      assert.equal(all.remove("s0"), undefined);
      all.release(some[1]!);
      assert.equal(ids(), "kept");
      assert.notEqual(all.hold(record("s1")), some[1]);
      all.remove("s1");
      all.release(kept);
      assert.equal(ids(), "");
    }
  });
});
