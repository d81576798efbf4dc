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
import { Live } from "./live.ts";
import type { Settings } from "./options.ts";
import type { Change } from "./subscriptions.ts";
import type { Created } from "./ports.ts";

/** What the nodes that share a backend tell each other about sessions. */
type ControlWord =
  | { readonly ended: string; readonly reason: EndReason; readonly from: string }
  | { readonly ready: string; readonly from: string }
  | {
    readonly cancelled: string;
    readonly id: string | number;
    readonly reason: string | undefined;
    readonly from: string;
  };

const CONTROL = "control";
const CHANGES = "changes";
const answers = (node: string): string => `answers/${node}`;

/** Is told what becomes of sessions, on whatever node it happens. */
export interface Listener {
  /** The activity of a session that is over shall stop. */
  ended(id: string, reason: EndReason, live: Live | undefined): void;
  /** A request shall stop. */
  cancelled(live: Live, id: string | number, reason: string | undefined): void;
  /** Something that clients want to know of has changed. */
  changed(change: Change): void;
  /** A client has answered a request of this node. */
  answered(from: string, response: RpcResponse): void;
}

/** The sessions of one handler. */
export class Lifecycle {
  readonly node: string;
  readonly #settings: Settings;
  readonly #listener: Listener;
  readonly #lives = new Map<string, Live>();
  #sweeping: (() => void) | undefined;
  #listening = false;

  constructor(settings: Settings, node: string, listener: Listener) {
    this.#settings = settings;
    this.node = node;
    this.#listener = listener;
  }

  /** The record of an id, if its session lives. One whose lifetime is over is ended on the way. */
  find(id: string): SessionRecord | undefined | Promise<SessionRecord | undefined> {
    this.listen();
    const found = this.#settings.backend.sessions.get(id);
    return found instanceof Promise
      ? found.then((record) => record && this.#unlessLapsed(record))
      : found && this.#unlessLapsed(found);
  }

  /** Stores a new session; a refusal leaves nothing behind. */
  open(record: SessionRecord): Rejection | undefined | Promise<Rejection | undefined> {
    this.listen();
    const { backend, capacity, lifetime } = this.#settings;
    const created = backend.sessions.create(record, capacity, lifetime);
    return created instanceof Promise
      ? created.then((outcome) => this.#opened(record, outcome))
      : this.#opened(record, created);
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
        if (!(await this.#settings.backend.sessions.delete(record.id))) return false;
      } else this.#perform(effect, record.id, reason);
    }
    this.#announce(record.id, reason);
    return true;
  }

  /** The activity of a session on this node, and one more reason to hold it. */
  hold(record: SessionRecord): Live {
    let live = this.#lives.get(record.id);
    if (live === undefined) this.#lives.set(record.id, live = new Live(record));
    if (live.holds++ === 0) this.#touch(record.id, true);
    return live;
  }

  /** One reason less. Idle time counts from here. */
  release(live: Live): void {
    if (--live.holds > 0 || this.#lives.get(live.id) !== live) return;
    this.#lives.delete(live.id);
    this.#touch(live.id, false);
  }

  /** What a notification or a response does to idle time. */
  seen(id: string): void {
    this.#touch(id, undefined);
  }

  /** The activity of a session on this node, if any. */
  live(id: string): Live | undefined {
    return this.#lives.get(id);
  }

  /** All activity on this node. */
  lives(): Iterable<Live> {
    return this.#lives.values();
  }

  /** `notifications/initialized` has arrived. */
  async ready(id: string): Promise<void> {
    const { backend, clock } = this.#settings;
    await backend.sessions.touch(id, { at: clock.now(), ready: true });
    this.#markReady(id);
    this.#tell({ ready: id, from: this.node });
  }

  /** A request of this session shall stop, wherever it runs. */
  cancel(id: string, request: string | number, reason: string | undefined): void {
    const live = this.#lives.get(id);
    if (live?.inFlight.has(request)) this.#listener.cancelled(live, request, reason);
    else this.#tell({ cancelled: id, id: request, reason, from: this.node });
  }

  /** Tells every node, this one too, that something changed. */
  changed(change: Change): void {
    this.listen();
    this.#publish(CHANGES, JSON.stringify(change));
  }

  /** An answer from a client belongs to a request that another node sent. */
  passOn(node: string, from: string, response: RpcResponse): void {
    this.#publish(answers(node), JSON.stringify({ from, response }));
  }

  /** Stops the housekeeping. */
  close(): void {
    this.#sweeping?.();
    this.#sweeping = undefined;
  }

  #unlessLapsed(record: SessionRecord): SessionRecord | undefined {
    const reason = lapsed(record, this.#settings.clock.now(), this.#settings.lifetime);
    if (reason === undefined) return record;
    this.end(record, reason).catch((error) => this.#failed(error));
    return undefined;
  }

  #opened(record: SessionRecord, outcome: Created): Rejection | undefined {
    const { capacity, onEvent } = this.#settings;
    if (!outcome.created) {
      return outcome.full === "capacity"
        ? { rule: "capacity", accepted: capacity.sessions }
        : { rule: "quota", accepted: capacity.perPrincipal };
    }
    for (const id of outcome.evicted) this.#over(id, "evicted");
    onEvent?.({
      type: "session-opened",
      session: record.id,
      version: record.version,
      principal: record.owner,
    });
    this.#sweepLater();
    return undefined;
  }

  /** The store has removed it already. */
  #over(id: string, reason: EndReason): void {
    this.#perform("end-streams", id, reason);
    this.#perform("abort-calls", id, reason);
    this.#perform("drop-logs", id, reason);
    this.#announce(id, reason);
  }

  #perform(effect: Effect, id: string, reason: EndReason): void {
    switch (effect) {
      case "end-streams":
        for (const connection of this.#lives.get(id)?.connections ?? []) {
          connection.close("session-ended");
        }
        return;
      case "abort-calls": {
        const live = this.#lives.get(id);
        this.#lives.delete(id);
        return this.#listener.ended(id, reason, live);
      }
      case "drop-logs": {
        const dropped = this.#settings.backend.logs.drop(id);
        if (dropped instanceof Promise) dropped.catch((error) => this.#failed(error));
      }
    }
  }

  #announce(id: string, reason: EndReason): void {
    this.#settings.onEvent?.({ type: "session-ended", session: id, reason });
    this.#tell({ ended: id, reason, from: this.node });
  }

  #markReady(id: string): void {
    const live = this.#lives.get(id);
    if (live === undefined) return;
    live.ready = true;
    for (const go of live.waiting) go();
    live.waiting.clear();
  }

  #touch(id: string, held: boolean | undefined): void {
    const { backend, clock } = this.#settings;
    const at = clock.now();
    try {
      const done = backend.sessions.touch(
        id,
        held === undefined ? { at } : { at, held, by: this.node },
      );
      if (done instanceof Promise) done.catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  #tell(word: ControlWord): void {
    this.#publish(CONTROL, JSON.stringify(word));
  }

  #publish(topic: string, message: string): void {
    const done = this.#settings.backend.bus.publish(topic, message);
    if (done instanceof Promise) done.catch((error) => this.#failed(error));
  }

  /** Hears what other nodes tell. */
  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const { bus } = this.#settings.backend;
    for (
      const done of [
        bus.subscribe(CONTROL, (text) => this.#told(text)),
        bus.subscribe(answers(this.node), (text) => {
          const { from, response } = JSON.parse(text) as { from: string; response: RpcResponse };
          this.#listener.answered(from, response);
        }),
        bus.subscribe(CHANGES, (text) => this.#listener.changed(JSON.parse(text) as Change)),
      ]
    ) if (done instanceof Promise) done.catch((error) => this.#failed(error));
  }

  #told(text: string): void {
    const word = JSON.parse(text) as ControlWord;
    if (word.from === this.node) return;
    if ("ended" in word) {
      this.#perform("end-streams", word.ended, word.reason);
      this.#perform("abort-calls", word.ended, word.reason);
    } else if ("ready" in word) this.#markReady(word.ready);
    else {
      const live = this.#lives.get(word.cancelled);
      if (live?.inFlight.has(word.id)) this.#listener.cancelled(live, word.id, word.reason);
    }
  }

  // One timer for all sessions, and only while there are some.
  #sweepLater(): void {
    if (this.#sweeping !== undefined) return;
    const { clock, lifetime } = this.#settings;
    const period = Math.min(Math.max(Math.min(lifetime.idleMs, lifetime.maxAgeMs), 50), 30_000);
    this.#sweeping = clock.after(period, () => {
      this.#sweeping = undefined;
      this.#sweep().catch((error) => this.#failed(error));
    });
  }

  async #sweep(): Promise<void> {
    const { backend, clock, lifetime } = this.#settings;
    const now = clock.now();
    for (const { id, reason } of await backend.sessions.sweep(now, lifetime)) {
      this.#over(id, reason);
    }
    for (const live of this.#lives.values()) {
      if (now - live.created >= lifetime.maxAgeMs) await this.end(live, "age");
    }
    if (await backend.sessions.count() > 0) this.#sweepLater();
  }

  #failed(error: unknown): void {
    this.#settings.onEvent?.({ type: "backend-error", error });
  }
}
