/**
 * The bus: Redis' own publish and subscribe, on one connection a node.
 *
 * @module
 */

import type { Bus } from "../../../core/engine/ports.ts";
import type { Link } from "./client.ts";

/** A topic that somebody here listens to. */
interface Topic {
  readonly receivers: Set<(message: string) => void>;
  /** Resolves once Redis has confirmed the subscription. */
  readonly confirmed: Promise<void>;
}

/** Topics over the channels of a Redis. */
export class RedisBus implements Bus {
  readonly #link: Link;
  readonly #prefix: string;
  readonly #topics = new Map<string, Topic>();
  /** Subscriptions that are being ended: a new one to the same channel must not overtake that. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #missed = new Set<() => void>();
  #connected = 0;

  constructor(link: Link, prefix: string) {
    this.#link = link;
    this.#prefix = `${prefix}bus:`;
  }

  async publish(topic: string, message: string): Promise<number> {
    return Number(await this.#link.command(["PUBLISH", this.#prefix + topic, message]));
  }

  async subscribe(topic: string, receive: (message: string) => void): Promise<() => void> {
    const channel = this.#prefix + topic;
    let known = this.#topics.get(channel);
    if (known === undefined) {
      const leaving = this.#leaving.get(channel) ?? Promise.resolve();
      const confirmed = leaving.then(() => this.#link.subscribe(channel));
      known = { receivers: new Set(), confirmed };
      this.#topics.set(channel, known);
    }
    const topicOf = known;
    topicOf.receivers.add(receive);
    const leave = (): void => {
      if (!topicOf.receivers.delete(receive) || topicOf.receivers.size > 0) return;
      if (this.#topics.get(channel) === topicOf) this.#topics.delete(channel);
      this.#leave(channel, topicOf);
    };
    try {
      await topicOf.confirmed;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  missed(listener: () => void): () => void {
    this.#missed.add(listener);
    return () => this.#missed.delete(listener);
  }

  /** A message has come. */
  receive(channel: string, message: string): void {
    const topic = this.#topics.get(channel);
    // A receiver that leaves while it is called must not hide the next one.
    for (const one of topic === undefined ? [] : [...topic.receivers]) {
      if (topic!.receivers.has(one)) one(message);
    }
  }

  /** The connection is there. Where it is there again, what was sent in between is lost. */
  connected(): void {
    if (this.#connected++ === 0) return;
    // Subscriptions are renewed in order, so once this one is confirmed all are.
    const marker = `${this.#prefix}~${this.#connected}`;
    this.#link.subscribe(marker).then(() => {
      for (const listener of this.#missed) listener();
      return this.#link.unsubscribe(marker);
    }).catch(() => {/* the connection is lost again; the next one comes here */});
  }

  #leave(channel: string, { confirmed }: Topic): void {
    const left = confirmed.then(() => this.#link.unsubscribe(channel)).catch(() => {
      // Lost with its connection: what still comes on it finds nobody here.
    }).then(() => {
      if (this.#leaving.get(channel) === left) this.#leaving.delete(channel);
    });
    this.#leaving.set(channel, left);
  }
}
