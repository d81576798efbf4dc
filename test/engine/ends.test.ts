/** Who is told that a guarded session ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { record } from "../../adapters/testing/kit_data.ts";
import { Ends } from "../../core/engine/guard/entry.ts";
import { Live } from "../../core/engine/sessions/live.ts";

test("who leaves while others are told of the end is not told", () => {
  const [ends, live, told] = [new Ends(), new Live(record("s")), [] as string[]];
  const second = (): void => void told.push("second");
  ends.add(live, () => {
    told.push("first");
    ends.delete(live, second);
  });
  ends.add(live, second);
  ends.tell(live);
  ends.tell(live);
  assert.deepEqual(told, ["first"]);
});
