/**
 * The kit: what is large, or many.
 *
 * @module
 */

import type { LogBudget } from "../../core/engine/ports.ts";
import { eventually, holds, same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { NOW, write } from "./kit_data.ts";

const BUDGET: LogBudget = {
  ...{ events: 1_000, bytes: 1_000_000, sessionBytes: 1_000_000, ageMs: 60_000 },
};

/** A text of so many characters whose every part is different. */
function text(length: number): string {
  let made = "";
  for (let i = 0; made.length < length; i++) made += `${i} é`;
  return made.slice(0, length);
}

/** The checks. */
export const largeChecks: readonly KitCheck[] = [
  {
    name: "bus: a message of 8 KB comes whole",
    async check({ backend, peer }) {
      const got: string[] = [];
      const receiver = { receive: (message: string) => void got.push(message) };
      await peer.bus.subscribe("t", receiver);
      const message = text(8_192);
      await backend.bus.publish("t", message);
      await eventually(() => got.length > 0, "the message");
      holds(got[0] === message, `a message of 8192 characters came as one of ${got[0]!.length}`);
      peer.bus.unsubscribe("t", receiver);
    },
  },
  {
    name: "logs: an event of 64 KB comes back whole",
    async check({ backend: { logs }, peer }) {
      const data = JSON.stringify(text(65_536));
      await logs.open("s", "a", NOW, BUDGET);
      same(await logs.append("s", "a", data, false, NOW, BUDGET), 1, "position");
      await logs.whole?.("s", "b", data, NOW, BUDGET);
      for (const stream of logs.whole === undefined ? ["a"] : ["a", "b"]) {
        const found = (await peer.logs.read("s", stream, 0, 1, NOW, BUDGET))?.events[0]?.data;
        holds(found === data, `${data.length} characters came back as ${found?.length}`);
      }
    },
  },
  {
    name: "logs: a page says that there is more until there is no more",
    async check({ backend: { logs }, peer }) {
      const many = 600;
      await write(logs, "s", "a", many, BUDGET);
      await logs.end("s", "a", NOW);
      for (const maxBytes of [1_000, 1 << 20]) {
        let after = 0;
        for (let more = true; more;) {
          const page = await peer.logs.read("s", "a", after, maxBytes, NOW, BUDGET);
          holds(page !== undefined && page.events.length > 0, `a page after ${after}`);
          for (const { position } of page!.events) same(position, ++after, "the next position");
          ({ more } = page!);
          same(page!.ended, !more, `ended, after ${after} of ${many}`);
        }
        same(after, many, `read in pages of ${maxBytes} until there was no more`);
      }
    },
  },
];
