/**
 * The kit: the bus.
 *
 * @module
 */

import type { Receiver } from "../../core/engine/ports.ts";
import { eventually, holds, same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";

/** The checks. */
export const busChecks: readonly KitCheck[] = [
  {
    name: "bus: a message reaches every subscriber of its topic, on every node",
    async check({ backend, peer }) {
      const got: string[] = [];
      same(await backend.bus.publish("t", "nobody"), 0, "published to nobody");
      const [a, b, c] = [noting(got, "a"), noting(got, "b"), noting(got, "c")];
      await backend.bus.subscribe("t", a);
      await peer.bus.subscribe("t", b);
      await peer.bus.subscribe("t2", c);
      holds(await backend.bus.publish("t", "é🙂\n") > 0, "published to somebody");
      holds(await peer.bus.publish("t2", "") > 0, "published to somebody else");
      await eventually(() => got.length >= 3, "three messages");
      same(got.sort(), ["a é🙂\n", "b é🙂\n", "c "], "received");
      backend.bus.unsubscribe("t", a);
      peer.bus.unsubscribe("t", b);
      peer.bus.unsubscribe("t2", c);
    },
  },
  {
    name: "bus: who publishes learns whether anybody listens, on whatever node",
    async check({ backend, peer }) {
      const got: string[] = [];
      const receiver = noting(got, "got");
      await peer.bus.subscribe("t", receiver);
      holds(await backend.bus.publish("t", "1") > 0, "published to somebody on another node");
      await eventually(() => got.length > 0, "the message");
      peer.bus.unsubscribe("t", receiver);
      await eventually(async () => await backend.bus.publish("t", "2") === 0, "nobody is left");
    },
  },
  {
    name: "bus: messages come in the order in which they were sent",
    async check({ backend, peer }) {
      const got: string[] = [];
      const receiver: Receiver = { receive: (text) => void got.push(text) };
      await peer.bus.subscribe("t", receiver);
      const sent = Array.from({ length: 50 }, (_, i) => `${i}`);
      await Promise.all(sent.map((text) => backend.bus.publish("t", text)));
      await eventually(() => got.length >= sent.length, "all messages");
      same(got, sent, "received");
      peer.bus.unsubscribe("t", receiver);
    },
  },
  {
    name: "bus: what several nodes send comes to all of them in one order",
    async check({ backend, peer }) {
      const [one, other]: [string[], string[]] = [[], []];
      const receivers = [one, other].map((got): Receiver => ({
        receive: (text) => void got.push(text),
      }));
      await backend.bus.subscribe("t", receivers[0]!);
      await peer.bus.subscribe("t", receivers[1]!);
      const sent = Array.from({ length: 20 }, async (_, i) => {
        await Promise.all([backend.bus.publish("t", `a${i}`), peer.bus.publish("t", `b${i}`)]);
      });
      await Promise.all(sent);
      await eventually(() => one.length >= 40 && other.length >= 40, "all messages");
      same(one, other, "received by the one, and by the other");
      backend.bus.unsubscribe("t", receivers[0]!);
      peer.bus.unsubscribe("t", receivers[1]!);
    },
  },
  {
    name: "bus: who leaves gets nothing more, also while it is told",
    async check({ backend: { bus } }) {
      const got: string[] = [];
      const first: Receiver = {
        receive(text) {
          got.push(`first ${text}`);
          bus.unsubscribe("t", first);
        },
      };
      const second = noting(got, "second");
      await bus.subscribe("t", first);
      await bus.subscribe("t", second);
      await bus.publish("t", "1");
      await eventually(() => got.length >= 2, "the first message");
      await bus.publish("t", "2");
      await eventually(() => got.length >= 3, "the second message");
      same(got, ["first 1", "second 1", "second 2"], "received");
      bus.unsubscribe("t", second);
      await eventually(async () => await bus.publish("t", "3") === 0, "nobody is left");
      await bus.subscribe("t", second);
      await bus.publish("t", "4");
      await eventually(() => got.includes("second 4"), "a message after coming back");
      bus.unsubscribe("t", second);
    },
  },
  {
    name: "bus: of several that are told, one that is made to leave meanwhile gets nothing",
    async check({ backend: { bus } }) {
      const got: string[] = [];
      const receivers: Receiver[] = ["a", "b"].map((name, i) => ({
        receive(text) {
          got.push(`${name} ${text}`);
          bus.unsubscribe("t", receivers[1 - i]!);
        },
      }));
      const last = noting(got, "last");
      for (const one of [...receivers, last]) await bus.subscribe("t", one);
      await bus.publish("t", "1");
      await eventually(() => got.length >= 2, "the message");
      await bus.publish("t", "2");
      await eventually(() => got.length >= 4, "the second message");
      const told = got[0]![0];
      same(got, [`${told} 1`, "last 1", `${told} 2`, "last 2"], "received");
      for (const one of [...receivers, last]) bus.unsubscribe("t", one);
    },
  },
  {
    name: "bus: who subscribes twice gets a message once, and leaves once",
    async check({ backend: { bus }, peer }) {
      const got: string[] = [];
      const [a, b] = [noting(got, "a"), noting(got, "b")];
      await Promise.all([bus.subscribe("t", a), bus.subscribe("t", a), bus.subscribe("t", b)]);
      await bus.subscribe("t", b);
      bus.unsubscribe("other", a);
      await bus.publish("t", "1");
      await eventually(() => got.length >= 2, "the message");
      bus.unsubscribe("t", a);
      bus.unsubscribe("t", a);
      await peer.bus.publish("t", "2");
      await eventually(() => got.length >= 3, "the second message");
      same(got.sort(), ["a 1", "b 1", "b 2"], "received");
      bus.unsubscribe("t", b);
    },
  },
  {
    name: "bus: who may have missed messages is told so until it wants it no more",
    async check({ backend: { bus }, interrupt }) {
      if (bus.missed === undefined) return;
      const got: string[] = [];
      let told = 0;
      let toldNoMore = 0;
      const receiver = noting(got, "got");
      await bus.subscribe("t", receiver);
      const end = bus.missed(() => told++);
      const endOther = bus.missed(() => toldNoMore++);
      holds(typeof end === "function", "missed returns what ends it");
      endOther();
      toldNoMore = 0;
      if (interrupt !== undefined) {
        await interrupt();
        await eventually(() => told > 0, "the word that messages may have been missed");
        same(toldNoMore, 0, "told to the one that has left");
      }
      await bus.publish("t", "after");
      await eventually(() => got.includes("got after"), "a message after that");
      end();
      bus.unsubscribe("t", receiver);
    },
  },
];

function noting(got: string[], name: string): Receiver {
  return { receive: (text) => void got.push(`${name} ${text}`) };
}
