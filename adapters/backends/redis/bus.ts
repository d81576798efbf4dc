/**
 * The bus: Redis' own publish and subscribe, on one connection a node.
 *
 * @module
 */

import type { Bus, Receiver } from "../../../core/engine/ports.ts";
import { Topics } from "../../../core/engine/topics.ts";
import type { Link } from "./link.ts";

/** Topics over the channels of a Redis. */
export class RedisBus implements Bus {
  readonly #link: Link;
  readonly #prefix: string;
  /** Who listens here, by channel. */
  readonly #topics = new Topics();
  /** Of each channel that is heard, or is about to be, what settles as Redis has it. */
  readonly #confirmed = new Map<string, Promise<void>>();
  /** Subscriptions that are being ended: a new one to the same channel must not overtake that. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Channels whose subscription could not be ended: the client renews it with the connection. */
  readonly #kept = new Set<string>();
  readonly #missed = new Set<() => void>();
  #connected = 0;

  constructor(link: Link, prefix: string) {
    this.#link = link;
    this.#prefix = `${prefix}bus:`;
  }

  async publish(topic: string, message: string): Promise<number> {
    return Number(await this.#link.command(["PUBLISH", this.#prefix + topic, message]));
  }

  async subscribe(topic: string, receiver: Receiver): Promise<void> {
    const channel = this.#prefix + topic;
    this.#topics.add(channel, receiver);
    try {
      // Who listens waits no longer than it may. What Redis was asked for goes on: it cannot be taken back.
      await this.#link.inTime("SUBSCRIBE", this.#hear(channel));
    } catch (error) {
      this.unsubscribe(topic, receiver);
      throw error;
    }
  }

  unsubscribe(topic: string, receiver: Receiver): void {
    const channel = this.#prefix + topic;
    if (!this.#topics.delete(channel, receiver)) return;
    const confirmed = this.#confirmed.get(channel);
    // Where it failed, it is ended already.
    confirmed?.then(() => {
      if (!this.#topics.has(channel)) this.#leave(channel, confirmed);
    }, IGNORED);
  }

  #hear(channel: string): Promise<void> {
    const heard = this.#confirmed.get(channel);
    if (heard !== undefined) return heard;
    const left = this.#leaving.get(channel) ?? Promise.resolve();
    const confirmed = left.then(() => this.#link.subscribe(channel));
    this.#confirmed.set(channel, confirmed);
    // It may be there for all that.
    confirmed.catch(() => this.#leave(channel, confirmed));
    return confirmed;
  }

  #leave(channel: string, confirmed: Promise<void>): void {
    if (this.#confirmed.get(channel) !== confirmed) return;
    this.#confirmed.delete(channel);
    this.#end(channel);
  }

  #end(channel: string): void {
    // A client that is told to subscribe while this is under way may take it for done already.
    const left = this.#link.unsubscribe(channel).catch(() => void this.#kept.add(channel)).then(
      () => {
        if (this.#leaving.get(channel) === left) this.#leaving.delete(channel);
      },
    );
    this.#leaving.set(channel, left);
  }

  missed(listener: () => void): () => void {
    this.#missed.add(listener);
    return () => this.#missed.delete(listener);
  }

  /** A message has come. */
  receive(channel: string, message: string): void {
    this.#topics.deliver(channel, message);
  }

  /** The connection is there. Where it is there again, what was sent in between is lost. */
  connected(): void {
    if (this.#connected++ === 0) return;
    for (const channel of this.#kept) if (!this.#confirmed.has(channel)) this.#end(channel);
    this.#kept.clear();
    this.#tellMissed(`${this.#prefix}~${this.#connected}`).catch(IGNORED);
  }

  // It rejects where the connection is lost again; the next one does the same.
  async #tellMissed(marker: string): Promise<void> {
    // Subscriptions are renewed in order, so once this one is confirmed all are.
    await this.#link.subscribe(marker);
    for (const listener of this.#missed) listener();
    this.#end(marker);
  }
}

/** Who waits for it knows. */
const IGNORED = (): void => {};
