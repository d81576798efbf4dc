/**
 * The bus: Redis' own publish and subscribe, on one connection a node.
 *
 * @module
 */

import type { Bus, Receiver } from "../../../core/engine/ports.ts";
import { Topics } from "../../../core/engine/topics.ts";
import { type Link, RedisTimeout } from "./client.ts";

/** Topics over the channels of a Redis. */
export class RedisBus implements Bus {
  readonly #link: Link;
  readonly #prefix: string;
  /** Who listens here, by channel. */
  readonly #topics = new Topics();
  /** Of each of those channels, what resolves once Redis has confirmed the subscription. */
  readonly #confirmed = new Map<string, Promise<void>>();
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

  async subscribe(topic: string, receiver: Receiver): Promise<void> {
    const channel = this.#prefix + topic;
    if (this.#topics.add(channel, receiver)) {
      const leaving = this.#leaving.get(channel) ?? Promise.resolve();
      this.#confirmed.set(channel, leaving.then(() => this.#link.subscribe(channel)));
    }
    const confirmed = this.#confirmed.get(channel)!;
    try {
      await confirmed;
    } catch (error) {
      // It may have been ended meanwhile, and begun anew.
      if (this.#confirmed.get(channel) === confirmed) this.unsubscribe(topic, receiver);
      throw error;
    }
  }

  unsubscribe(topic: string, receiver: Receiver): void {
    const channel = this.#prefix + topic;
    if (!this.#topics.delete(channel, receiver)) return;
    // Also where nothing was confirmed: a command that took too long is carried out all the same.
    const settled = this.#confirmed.get(channel)!.catch(() => {/* who subscribed knows */});
    const left = settled.then(() => this.#link.unsubscribe(channel)).catch(
      () => {/* lost with its connection: what still comes on it finds nobody here */},
    ).then(() => {
      if (this.#leaving.get(channel) === left) this.#leaving.delete(channel);
    });
    this.#confirmed.delete(channel);
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
    this.#tellMissed(this.#connected).catch(
      () => {/* the connection is lost again; the next one comes here */},
    );
  }

  async #tellMissed(connection: number): Promise<void> {
    // Subscriptions are renewed in order, so once this one is confirmed all are.
    const marker = `${this.#prefix}~${connection}`;
    while (!(await this.#inTime(marker))) if (connection !== this.#connected) return;
    for (const listener of this.#missed) listener();
    await this.#link.unsubscribe(marker);
  }

  // A connection that is there may be slow all the same.
  #inTime(channel: string): Promise<boolean> {
    return this.#link.subscribe(channel).then(() => true, (error) => {
      if (error instanceof RedisTimeout) return false;
      throw error;
    });
  }
}
