/**
 * Sessions as the engine runs them: found, opened, held, ended. The session table says what is to be
 * done; here it is done.
 *
 * @module
 */

import type { RpcResponse } from "../protocol/json_rpc.ts";
import type { Rejection } from "../outbound/rejections.ts";
import { decide, type Effect } from "../session/machine.ts";
import { type EndReason, lapsed, type SessionRecord } from "../session/record.ts";
import { Asking } from "./asking.ts";
import { andThen } from "./awaitable.ts";
import type { Live } from "./live.ts";
import { Lives } from "./lives.ts";
import type { Settings } from "./options.ts";
import type { Change } from "./subscriptions.ts";
import { Membership } from "./membership.ts";
import { type Others, storeNew } from "./opening.ts";
import type { Awaitable, Lapsed } from "./ports.ts";
import { Readiness } from "./readiness.ts";
import { Sweeper } from "./sweeper.ts";
import { attempt, type ControlWord, passAnswer, tell, tellChange, topicsOf } from "./words.ts";

/** How many sessions that the application keeps are looked up in one sweep. */
const FORGET_AT_ONCE = 1_000;

/** Is told what becomes of sessions, on whatever node it happens. */
export interface Listener {
  /** The activity of a session that is over shall stop. */
  ended(id: string, reason: EndReason, live: Live | undefined): void;
  /** A request shall stop. */
  cancelled(live: Live, id: string | number, reason: string | undefined): void;
  /** Something that clients want to know of has changed. */
  changed(change: Change): void;
  /** The sessions for which the application keeps something; undefined where it never does. */
  readonly holds?: (() => Iterable<string>) | undefined;
  /** A client has answered a request of this node. */
  answered(from: string, response: RpcResponse): void;
  /** Words about streams and changes may have been missed. */
  missed(): void;
  /** The time to look after what nodes that are gone have left. */
  renewed(): Awaitable<void>;
}

/** The sessions of one handler. */
export class Lifecycle {
  readonly node: string;
  readonly readiness: Readiness;
  /** What goes on here. */
  readonly lives: Lives;
  readonly #settings: Settings;
  readonly #listener: Listener;
  readonly #asking = new Asking();
  readonly #membership: Membership;
  readonly #sweeper: Sweeper;
  /** What becomes of others where a session is opened. */
  readonly #others: Others = {
    swept: (lapsed) => this.#swept(lapsed),
    evicted: (id) => this.#over(id, "evicted"),
    opened: () => this.#sweeper.later(),
  };

  constructor(settings: Settings, node: string, listener: Listener) {
    this.#settings = settings;
    this.node = node;
    this.#listener = listener;
    this.readiness = new Readiness(settings);
    this.lives = new Lives(
      (id, held) => this.#membership.touch(id, held),
      // The application may come to keep something for a session that was opened elsewhere.
      () => listener.holds !== undefined && this.#sweeper.later(),
    );
    this.#sweeper = new Sweeper(settings, {
      gone: (lapsed) => this.#swept(lapsed),
      endOld: (now) => this.#endOld(now),
      forget: () => this.#forget(),
    });
    this.#membership = new Membership(settings, node, {
      topics: topicsOf(node, {
        told: (word) => this.#told(word),
        answered: (from, response) => listener.answered(from, response),
        changed: (change) => listener.changed(change),
      }),
      held: () => this.lives.ids(),
      missed: () => this.#missed(),
      renewed: () => {
        // Records that outlive their node are there before this one opens any.
        this.#sweeper.later();
        return listener.renewed();
      },
    });
  }

  /**
   * The record of an id, if its session lives. One whose lifetime is over is ended on the way.
   *
   * @param principal Who asks: see {@linkcode SessionStore.get}.
   */
  find(
    id: string,
    principal?: string,
  ): SessionRecord | undefined | Promise<SessionRecord | undefined> {
    const joining = this.listen();
    const found = joining === undefined
      ? this.#find(id, principal)
      : joining.then(() => this.#find(id, principal));
    return found instanceof Promise
      ? this.during(id, found, (record, ended) => ended ? undefined : record)
      : found;
  }

  /** Goes on with what a store answers about a session: see {@linkcode Asking.during}. */
  during<T, R>(
    id: string,
    answer: Promise<T>,
    next: (answer: T, ended: boolean) => Awaitable<R>,
  ): Promise<R> {
    return this.#asking.during(id, answer, next);
  }

  #find(
    id: string,
    principal: string | undefined,
  ): SessionRecord | undefined | Promise<SessionRecord | undefined> {
    const found = this.#settings.backend.sessions.get(id, principal);
    return found instanceof Promise
      ? found.then((record) => record && this.#unlessLapsed(record))
      : found && this.#unlessLapsed(found);
  }

  /** Stores a new session; a refusal leaves nothing behind. */
  open(record: SessionRecord): Awaitable<Rejection | undefined> {
    const joining = this.listen();
    return andThen(joining, () => storeNew(record, this.#settings, this.#others));
  }

  /** Ends a session. True for the one caller that ended it. */
  async end(
    record: { readonly id: string; readonly ready: boolean },
    reason: EndReason,
  ): Promise<boolean> {
    const event = reason === "terminated" ? "terminate" : reason;
    const { effects } = decide(record.ready ? "ready" : "opened", event, {
      termination: true,
      staleInitialize: "reject",
    });
    for (const effect of effects) {
      if (effect === "delete") {
        if (!(await this.#delete(record.id, reason))) return false;
      } else this.#perform(effect, record.id, reason);
    }
    this.#announce(record.id, reason);
    return true;
  }

  // It may have been an attempt of ours that removed it, whose answer was lost: then nobody says that it has ended.
  async #delete(id: string, reason: EndReason): Promise<boolean> {
    let deleted = false;
    try {
      deleted = await this.#settings.backend.sessions.delete(id);
    } finally {
      if (!deleted) tell(this.#settings, { doubted: id, reason, from: this.node });
    }
    return deleted;
  }

  /** What a notification or a response does to idle time. */
  seen(id: string): void {
    this.#membership.touch(id, undefined);
  }

  /** `notifications/initialized` has arrived. */
  async ready(id: string): Promise<void> {
    const { backend, clock } = this.#settings;
    await backend.sessions.touch(id, { at: clock.now(), ready: true });
    this.isReady(id);
    tell(this.#settings, { ready: id, from: this.node });
  }

  /** The client is ready, as this node learned somehow. */
  isReady(id: string): void {
    const live = this.lives.get(id);
    if (live !== undefined) live.ready = true;
    this.readiness.came(id);
  }

  /** A request of this session shall stop, wherever it runs. */
  cancel(id: string, request: string | number, reason: string | undefined): void {
    const live = this.lives.get(id);
    if (live?.inFlight.has(request)) this.#listener.cancelled(live, request, reason);
    else tell(this.#settings, { cancelled: id, id: request, reason, from: this.node });
  }

  /** Tells every node, this one too, that something changed. */
  changed(change: Change): void {
    andThen(this.hear(), () => tellChange(this.#settings, change));
  }

  /** An answer from a client belongs to a request that another node sent. */
  passOn(node: string, from: string, response: RpcResponse): void {
    passAnswer(this.#settings, node, from, response, () => this.gone(node));
  }

  /** See {@linkcode Membership.gone}. */
  gone(node: string): Promise<boolean> {
    return this.#membership.gone(node);
  }

  /** Stops the housekeeping, and leaves the nodes that share the backend. Does not reject. */
  async close(): Promise<void> {
    this.#sweeper.close();
    await this.#membership.leave();
  }

  #unlessLapsed(record: SessionRecord): SessionRecord | undefined {
    const reason = lapsed(record, this.#settings.clock.now(), this.#settings.lifetime);
    // What a store says of holding may be older than what goes on here.
    const held = reason === "idle" && this.lives.get(record.id) !== undefined;
    if (reason === undefined || held) return record;
    this.end(record, reason).catch((error) => this.#failed(error));
    return undefined;
  }

  /** The store has removed it already. */
  #over(id: string, reason: EndReason): void {
    this.#stopHere(id, reason);
    this.#perform("drop-logs", id, reason);
    this.#announce(id, reason);
  }

  /** It is over: what goes on in it on this node stops. */
  #stopHere(id: string, reason: EndReason): void {
    this.#perform("end-streams", id, reason);
    this.#perform("abort-calls", id, reason);
  }

  #perform(effect: Effect, id: string, reason: EndReason): void {
    switch (effect) {
      case "end-streams":
        for (const connection of this.lives.get(id)?.connections ?? []) {
          connection.close("session-ended");
        }
        return;
      case "abort-calls": {
        const live = this.lives.remove(id);
        this.#asking.ended(id);
        return this.#listener.ended(id, reason, live);
      }
      case "drop-logs": {
        attempt(this.#settings, () => this.#settings.backend.logs.drop(id));
      }
    }
  }

  #announce(id: string, reason: EndReason): void {
    this.#settings.onEvent({ type: "session-ended", session: id, reason });
    tell(this.#settings, { ended: id, reason, from: this.node });
  }

  /** Hears what other nodes tell. Undefined where it does already; rejects where the backend is down. */
  listen(): Promise<void> | undefined {
    return this.#membership.join();
  }

  /** The same where it may fail: that is an event, and the next call tries anew. Neither throws nor rejects. */
  hear(): Promise<void> | undefined {
    try {
      return this.listen()?.catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  // Sessions may have ended, and clients become ready, without a word of it coming here.
  #missed(): void {
    for (const live of [...this.lives]) this.#look(live, "ended");
    // Those that are held were looked up just now.
    this.readiness.missed((id) => this.lives.get(id) === undefined);
    this.#listener.missed();
  }

  #look(live: Live, reason: EndReason): void {
    attempt(this.#settings, async () => {
      const record = await this.#settings.backend.sessions.get(live.id);
      if (record?.ready) this.isReady(live.id);
      if (record === undefined && this.lives.has(live)) this.#stopHere(live.id, reason);
    });
  }

  #told(word: ControlWord): void {
    if ("doubted" in word) {
      const live = this.lives.get(word.doubted);
      if (live !== undefined) this.#look(live, word.reason);
    } else if (word.from === this.node) return;
    else if ("ended" in word) this.#stopHere(word.ended, word.reason);
    else if ("ready" in word) this.isReady(word.ready);
    else {
      const live = this.lives.get(word.cancelled);
      if (live?.inFlight.has(word.id)) this.#listener.cancelled(live, word.id, word.reason);
    }
  }

  #swept(gone: readonly Lapsed[]): void {
    for (const { id, reason } of gone) this.#over(id, reason);
  }

  async #forget(): Promise<boolean> {
    let keeps = false;
    let left = FORGET_AT_ONCE;
    for (const id of this.#listener.holds?.() ?? []) {
      const record = await this.#settings.backend.sessions.get(id);
      // One whose time is over is ended like any other; in one that has work, a request may just have come.
      if (this.lives.get(id) !== undefined || (record && this.#unlessLapsed(record))) keeps = true;
      else if (record === undefined) this.#perform("abort-calls", id, "ended");
      if (--left === 0) return true;
    }
    return keeps;
  }

  async #endOld(now: number): Promise<void> {
    const { maxAgeMs } = this.#settings.lifetime;
    for (const live of this.lives) {
      if (now - live.created >= maxAgeMs) await this.end(live, "age");
    }
  }

  #failed(error: unknown): void {
    this.#settings.onEvent({ type: "backend-error", error });
  }
}
