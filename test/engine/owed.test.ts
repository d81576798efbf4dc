/** What a node that is gone left of a stream: whoever finds it ends it, so that no client waits for ever. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorText, notificationText, requestText, resultText } from "../../core/mod.ts";
import { memory } from "../../core/engine/mod.ts";
import type { Settings } from "../../core/engine/options/options.ts";
import { owedText, settleOwed } from "../../core/engine/streams/owed.ts";
import { FakeClock } from "../doubles/clock.ts";
import { ROOMY } from "./memory_log_store.ts";

const told = notificationText("told", { text: "x".repeat(40_000) });

/** What two nodes, which find it at once, add to a stream of these texts, and whether that has ended then. */
async function settled(owed: string | undefined, texts: readonly string[], events = 1_000) {
  const { logs } = memory();
  const budget = { ...ROOMY, events };
  const settings = { backend: { logs }, clock: new FakeClock(), budget } as unknown as Settings;
  await logs.open("s", "a", 0, budget, owed);
  for (const text of texts) await logs.append("s", "a", text, false, 0, budget);
  await Promise.all([1, 2].map(() => settleOwed(settings, "s", "a", "gone")));
  const added = await logs.read("s", "a", texts.length, 1e6, 0, budget);
  return {
    added: added?.events.map(({ data }) => data),
    ended: (await logs.bounds("s", "a"))?.ended,
  };
}

describe("of a stream whose writer is gone, ended by two at once,", () => {
  const answer = (id: string | number) => resultText(id, {});
  const error = (id: string | number) => errorText(id, { code: -32000, message: "gone" });
  const cases: readonly (readonly [
    string,
    string | undefined,
    readonly string[],
    readonly string[],
  ])[] = [
    ["a call is answered with an error", owedText([1]), [told], [error(1)]],
    ["each call of a batch is", owedText([1, "1", 2]), [], [error(1), error("1"), error(2)]],
    ["a call that has its answer keeps it", owedText([1, "1", 2]), [answer(1)], [
      error("1"),
      error(2),
    ]],
    [
      "an answer is found behind many events",
      owedText([1, 2]),
      [told, told, told, told, answer(2), told, told],
      [error(1)],
    ],
    [
      "what the client was asked is no answer",
      owedText([1, 2]),
      [requestText(1, "elicitation/create", {}), answer(2)],
      [error(1)],
    ],
    ["nothing is added where all are answered", owedText([1, 2]), [answer(2), answer(1)], []],
    ["nothing is added where nothing is owed", undefined, [told], []],
  ];
  for (const [what, owed, texts, expected] of cases) {
    test(what, async () => {
      assert.deepEqual(await settled(owed, texts), { added: expected, ended: true });
    });
  }

  test("an answer is found where earlier events had to give way", async () => {
    const texts = [told, told, answer(1), told];
    assert.deepEqual(await settled(owedText([1, 2]), texts, 2), { added: [error(2)], ended: true });
  });
});

test("of a stream that is gone with its writer there is nothing to end", async () => {
  const settings = { backend: memory() } as unknown as Settings;
  await settleOwed(settings, "s", "a", "gone");
});
