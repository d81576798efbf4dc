/**
 * The kit: the bus.
 *
 * @module
 */

import { eventually, holds, same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";

/** The checks. */
export const busChecks: readonly KitCheck[] = [
  {
    name: "bus: a message reaches every subscriber of its topic, on every node",
    async check({ backend, peer }) {
      const got: string[] = [];
      same(await backend.bus.publish("t", "nobody"), 0, "published to nobody");
      const off = [
        await backend.bus.subscribe("t", (text) => got.push(`a ${text}`)),
        await peer.bus.subscribe("t", (text) => got.push(`b ${text}`)),
        await peer.bus.subscribe("t2", (text) => got.push(`c ${text}`)),
      ];
      holds(await backend.bus.publish("t", "é🙂\n") > 0, "published to somebody");
      holds(await peer.bus.publish("t2", "") > 0, "published to somebody else");
      await eventually(() => got.length >= 3, "three messages");
      same(got.sort(), ["a é🙂\n", "b é🙂\n", "c "], "received");
      for (const one of off) one();
    },
  },
  {
    name: "bus: messages come in the order in which they were sent",
    async check({ backend, peer }) {
      const got: string[] = [];
      const off = await peer.bus.subscribe("t", (text) => got.push(text));
      const sent = Array.from({ length: 50 }, (_, i) => `${i}`);
      await Promise.all(sent.map((text) => backend.bus.publish("t", text)));
      await eventually(() => got.length >= sent.length, "all messages");
      same(got, sent, "received");
      off();
    },
  },
  {
    name: "bus: who leaves gets nothing more, also while it is told",
    async check({ backend: { bus } }) {
      const got: string[] = [];
      const first = await bus.subscribe("t", (text) => {
        got.push(`first ${text}`);
        first();
      });
      const second = await bus.subscribe("t", (text) => got.push(`second ${text}`));
      await bus.publish("t", "1");
      await eventually(() => got.length >= 2, "the first message");
      await bus.publish("t", "2");
      await eventually(() => got.length >= 3, "the second message");
      same(got, ["first 1", "second 1", "second 2"], "received");
      second();
      await eventually2(async () => await bus.publish("t", "3") === 0, "nobody is left");
      const third = await bus.subscribe("t", (text) => got.push(`third ${text}`));
      await bus.publish("t", "4");
      await eventually(() => got.includes("third 4"), "a message after coming back");
      third();
    },
  },
];

async function eventually2(condition: () => Promise<boolean>, what: string): Promise<void> {
  let held = false;
  for (let tries = 0; tries < 100 && !held; tries++) held = await condition();
  holds(held, what);
}
