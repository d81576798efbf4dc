/**
 * How sessions end, wherever that is decided: what the session table says of it is done here.
 *
 * @module
 */

import { decide, type Effect } from "../../session/machine.ts";
import { type EndReason, lapsed, type SessionRecord } from "../../session/record.ts";
import { attempt } from "../attempt.ts";
import type { Telling } from "../nodes/telling.ts";
import { tell } from "../nodes/words.ts";
import type { Settings } from "../options/options.ts";
import type { Lapsed } from "../ports.ts";
import type { Asking } from "./asking.ts";
import type { Live } from "./live.ts";
import type { Lives } from "./lives.ts";
import type { Openings } from "./opening.ts";

/** How many sessions that the application keeps are looked up in one sweep. */
const FORGET_AT_ONCE = 1_000;

/** Is told which sessions are over. */
export interface EndListener {
  /** A session is over: what goes on in it here, in `live`, has to stop. */
  ended(id: string, reason: EndReason, live: Live | undefined): void;
  /** The sessions for which the application keeps something; undefined where it never does. */
  readonly holds?: (() => Iterable<string>) | undefined;
}

/** Ends the sessions of one handler. */
export class Ending {
  readonly #settings: Settings;
  readonly #node: string;
  readonly #telling: Telling;
  readonly #lives: Lives;
  readonly #openings: Openings;
  readonly #asking: Asking;
  readonly #listener: EndListener;

  constructor(
    settings: Settings,
    node: string,
    telling: Telling,
    lives: Lives,
    openings: Openings,
    asking: Asking,
    listener: EndListener,
  ) {
    this.#settings = settings;
    this.#node = node;
    this.#telling = telling;
    this.#lives = lives;
    this.#openings = openings;
    this.#asking = asking;
    this.#listener = listener;
  }

  /** Ends a session. True for the one caller that ended it. */
  async end(
    { id, ready }: Pick<SessionRecord, "id" | "ready">,
    reason: EndReason,
  ): Promise<boolean> {
    const event = reason === "terminated" ? "terminate" : reason;
    const { effects } = decide(ready ? "ready" : "opened", event, {
      termination: true,
      staleInitialize: "reject",
    });
    for (const effect of effects) {
      if (effect === "delete") {
        if (!(await this.#delete(id, reason))) return false;
      } else this.#perform(effect, id, reason);
    }
    this.#announce(id, reason);
    return true;
  }

  /** Does the rest where the store has removed the session already, by expiry or eviction. */
  over(id: string, reason: EndReason): void {
    this.stopHere(id, reason);
    this.#perform("drop-logs", id, reason);
    this.#announce(id, reason);
  }

  /** Stops what goes on on this node in a session that is over. */
  stopHere(id: string, reason: EndReason): void {
    this.#perform("end-streams", id, reason);
    this.#perform("abort-calls", id, reason);
  }

  /** A record, unless the lifetime of its session is over: that ends it. */
  unlessLapsed(record: SessionRecord): SessionRecord | undefined {
    const reason = lapsed(record, this.#settings.clock.now(), this.#settings.lifetime);
    // What a store says of holding may be older than what goes on here.
    const held = reason === "idle" && this.#lives.get(record.id) !== undefined;
    if (reason === undefined || held) return record;
    attempt(this.#settings, () => this.end(record, reason));
    return undefined;
  }

  /** The store has removed them. */
  gone(lapsed: readonly Lapsed[]): void {
    for (const { id, reason } of lapsed) this.over(id, reason);
  }

  /** Ends sessions that are in use and too old at `now`. */
  async endOld(now: number): Promise<void> {
    const { maxAgeMs } = this.#settings.lifetime;
    for (const live of this.#lives) {
      if (now - live.created >= maxAgeMs) await this.end(live, "age");
    }
  }

  /** Tells the application of sessions that are over. True where it keeps something for others. */
  async forget(): Promise<boolean> {
    let keeps = false;
    let left = FORGET_AT_ONCE;
    for (const id of this.#listener.holds?.() ?? []) {
      // Asked first: it may be stored while the store looks for it.
      const opening = this.#openings.of(id) !== undefined;
      const record = opening ? undefined : await this.#settings.backend.sessions.get(id);
      // One whose time is over is ended like any other; in one that has work, a request may just have come.
      const lives = opening || this.#lives.get(id) !== undefined;
      if (lives || (record && this.unlessLapsed(record))) keeps = true;
      else if (record === undefined) this.#perform("abort-calls", id, "ended");
      if (--left === 0) return true;
    }
    return keeps;
  }

  // Where the store says that there was none, or fails, an attempt of ours may have removed the record all the same,
  // and its answer was lost. Then nobody has said that the session ended, so every node is told to look.
  async #delete(id: string, reason: EndReason): Promise<boolean> {
    let deleted = false;
    try {
      deleted = await this.#settings.backend.sessions.delete(id);
    } finally {
      if (!deleted) tell(this.#telling, { doubted: id, reason, from: this.#node });
    }
    return deleted;
  }

  #perform(effect: Effect, id: string, reason: EndReason): void {
    switch (effect) {
      case "end-streams":
        for (const connection of this.#lives.get(id)?.connections ?? []) {
          connection.close("session-ended");
        }
        return;
      case "abort-calls": {
        const live = this.#lives.remove(id);
        this.#asking.ended(id);
        return this.#listener.ended(id, reason, live);
      }
      case "drop-logs":
        attempt(this.#settings, () => this.#settings.backend.logs.drop(id));
    }
  }

  #announce(id: string, reason: EndReason): void {
    this.#settings.onEvent({ type: "session-ended", session: id, reason });
    tell(this.#telling, { ended: id, reason, from: this.#node });
  }
}
