/**
 * Sessions as the engine runs them: found, opened, held, ended, on this node and on others.
 *
 * @module
 */

import type { Rejection } from "../../outbound/rejections.ts";
import type { RequestId } from "../../protocol/json_rpc.ts";
import type { EndReason, SessionRecord } from "../../session/record.ts";
import { attempt } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import type { Call } from "../calls/call.ts";
import type { Said } from "../calls/client_requests.ts";
import type { Change } from "../modern/subscriptions.ts";
import { Membership } from "../nodes/membership.ts";
import { Telling } from "../nodes/telling.ts";
import { CHANGES, type ControlWord, passAnswer, tell, topicsOf } from "../nodes/words.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable } from "../ports.ts";
import { Asking } from "./asking.ts";
import { Ending, type EndListener } from "./ending.ts";
import type { Live } from "./live.ts";
import { Lives } from "./lives.ts";
import { Openings, storeNew } from "./opening.ts";
import { Readiness } from "./readiness.ts";
import { Sweeper } from "./sweeper.ts";

/** Is told what becomes of sessions, on whichever node it happens. The dispatcher is one, and the guard has one. */
export interface Listener extends EndListener {
  /** The client has cancelled a request that is in flight here. */
  cancelled(call: Call, reason: string | undefined): void;
  /** Something that clients want to know of has changed. */
  changed(change: Change): void;
  /** A client has answered a request that this node sent, or told of its progress; `from`: see `answererOf`. */
  answered(from: string, said: Said): void;
  /** The bus may have lost words about streams and changes. */
  missed(): void;
  /** This node's lease was renewed: time to settle what nodes have left whose lease is over. */
  renewed(): Awaitable<void>;
}

/** The sessions of one handler. */
export class Lifecycle {
  readonly node: string;
  readonly readiness: Readiness;
  /** The sessions in which something goes on on this node. */
  readonly lives: Lives;
  readonly openings: Openings = new Openings();
  readonly #settings: Settings;
  readonly #listener: Listener;
  readonly #asking = new Asking();
  readonly #telling: Telling;
  readonly #ending: Ending;
  readonly #membership: Membership;
  readonly #sweeper: Sweeper;

  constructor(settings: Settings, node: string, listener: Listener) {
    this.#settings = settings;
    this.node = node;
    this.#listener = listener;
    this.readiness = new Readiness(settings);
    this.#telling = new Telling(settings);
    this.lives = new Lives(
      (id, held) => this.#membership.touch(id, held),
      // The application may come to keep something for a session that was opened elsewhere.
      () => listener.holds !== undefined && this.#sweeper.later(),
    );
    this.#ending = new Ending(
      settings,
      node,
      this.#telling,
      this.lives,
      this.openings,
      this.#asking,
      listener,
    );
    this.#sweeper = new Sweeper(settings, this.#ending);
    this.#membership = new Membership(settings, node, {
      topics: topicsOf(node, listener, (word) => this.#told(word)),
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
  find(id: string, principal?: string): Awaitable<SessionRecord | undefined> {
    const joining = this.join();
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

  #find(id: string, principal: string | undefined): Awaitable<SessionRecord | undefined> {
    const found = this.#settings.backend.sessions.get(id, principal);
    return found instanceof Promise
      ? found.then((record) => record && this.#ending.unlessLapsed(record))
      : found && this.#ending.unlessLapsed(found);
  }

  /** Stores a new session; a refusal leaves nothing behind. */
  open(record: SessionRecord): Awaitable<Rejection | undefined> {
    return andThen(
      this.join(),
      () => storeNew(record, this.#settings, this.#ending, this.#sweeper),
    );
  }

  /** Ends a session. True for the one caller that ended it. */
  end(record: Pick<SessionRecord, "id" | "ready">, reason: EndReason): Promise<boolean> {
    return this.#ending.end(record, reason);
  }

  /** The same by an id, whoever owns the session. False where there is none. */
  async endById(id: string): Promise<boolean> {
    const record = await this.find(id);
    return record !== undefined && await this.end(record, "ended");
  }

  /** A notification or a response has come: idle time counts from now. */
  seen(id: string): void {
    this.#membership.touch(id, undefined);
  }

  /** Stores that `notifications/initialized` has arrived here, and tells every node. */
  async markReady(id: string): Promise<void> {
    const { backend, clock } = this.#settings;
    await backend.sessions.touch(id, { at: clock.now(), ready: true });
    this.ready(id);
    tell(this.#telling, { ready: id, from: this.node });
  }

  /** This node has learned that the client is ready: from a message, from the store or from another node. */
  ready(id: string): void {
    const live = this.lives.get(id);
    if (live !== undefined) live.ready = true;
    this.readiness.came(id);
  }

  /** The client cancels a request of its session: stops it, on whichever node it runs. */
  cancel(id: string, request: RequestId, reason: string | undefined): void {
    if (this.#cancelHere(id, request, reason)) return;
    tell(this.#telling, { cancelled: id, id: request, reason, from: this.node });
  }

  /** True where it runs on this node. */
  #cancelHere(id: string, request: RequestId, reason: string | undefined): boolean {
    const call = this.lives.get(id)?.inFlight.get(request);
    if (call !== undefined) this.#listener.cancelled(call, reason);
    return call !== undefined;
  }

  /** Tells every node, this one too, that something changed. */
  publish(change: Change): void {
    andThen(this.tryJoin(), () => this.#telling.tell(CHANGES, JSON.stringify(change)));
  }

  /** Passes what a client says on to the node that sent the request and waits: see {@linkcode passAnswer}. */
  passOn(node: string, from: string, said: Said): Promise<void> {
    return passAnswer(this.#settings, this.#telling, node, from, said, () => this.gone(node));
  }

  /** See {@linkcode Membership.gone}. */
  gone(node: string): Promise<boolean> {
    return this.#membership.gone(node);
  }

  /** Stops the housekeeping, and leaves the nodes that share the backend. Does not reject. */
  async close(): Promise<void> {
    this.#sweeper.close();
    this.#telling.close();
    await this.#membership.leave();
  }

  /** Joins the other nodes, to hear what they tell: see {@linkcode Membership.join}. */
  join(): Promise<void> | undefined {
    return this.#membership.join();
  }

  /** The same where it may fail: that is an event. Neither throws nor rejects. */
  tryJoin(): Awaitable<unknown> {
    return attempt(this.#settings, () => this.join());
  }

  // Sessions may have ended, and clients become ready, without a word of it coming here.
  #missed(): void {
    for (const live of [...this.lives]) this.#look(live, "ended");
    this.readiness.missed();
    this.#listener.missed();
    tell(this.#telling, { missed: true, from: this.node });
  }

  #look(live: Live, reason: EndReason): void {
    attempt(this.#settings, async () => {
      const record = await this.#settings.backend.sessions.get(live.id);
      if (record?.ready) this.ready(live.id);
      if (record === undefined && this.lives.has(live)) this.#ending.stopHere(live.id, reason);
    });
  }

  #told(word: ControlWord): void {
    if ("doubted" in word) {
      const live = this.lives.get(word.doubted);
      if (live !== undefined) this.#look(live, word.reason);
    } else if ("missed" in word) this.#telling.repeat();
    else if (word.from === this.node) return;
    else if ("ended" in word) this.#ending.stopHere(word.ended, word.reason);
    else if ("ready" in word) this.ready(word.ready);
    else this.#cancelHere(word.cancelled, word.id, word.reason);
  }
}
