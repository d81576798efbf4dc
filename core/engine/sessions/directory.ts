/**
 * The sessions of a handler, for the application: to list them, to look at one, to talk to its client
 * outside any call, to end it.
 *
 * @module
 */

import { type JsonObject, notificationText } from "../../protocol/json_rpc.ts";
import type { LegacyRevision } from "../../protocol/revisions.ts";
import { lapsed, type SessionRecord } from "../../session/record.ts";
import { andThen, spared } from "../awaitable.ts";
import type { ClientRequests } from "../calls/client_requests.ts";
import { ClientRequestError } from "../errors.ts";
import type { SessionHandle, SessionRequestOptions } from "../exchange.ts";
import { standaloneStream } from "../ids.ts";
import type { Settings } from "../options/options.ts";
import { retryOf, Stream, WAKE } from "../streams/stream.ts";
import type { Lifecycle } from "./lifecycle.ts";

/**
 * The sessions of a handler, those of all nodes that share its backend. With the backend `sealed` they are neither
 * listed nor counted. Every method rejects with what the backend threw.
 */
export interface SessionDirectory {
  /** The live session of an id, whoever owns it; undefined where there is none. */
  get(id: string): Promise<SessionHandle | undefined>;
  /** Every live session, oldest first. */
  list(): AsyncIterable<SessionHandle>;
  /** How many sessions are stored; some may have expired. */
  count(): Promise<number>;
  /** Ends a session, whoever owns it: see {@linkcode SessionHandle.end}. False where there is none. */
  end(id: string): Promise<boolean>;
}

/** The sessions that a handler's lifecycle has. */
export class Directory implements SessionDirectory {
  readonly #lifecycle: Lifecycle;
  readonly #requests: ClientRequests;
  readonly #settings: Settings;

  constructor(lifecycle: Lifecycle, requests: ClientRequests, settings: Settings) {
    this.#lifecycle = lifecycle;
    this.#requests = requests;
    this.#settings = settings;
  }

  async get(id: string): Promise<SessionHandle | undefined> {
    const record = await this.#lifecycle.find(id);
    return record && this.handle(record);
  }

  async *list(): AsyncIterable<SessionHandle> {
    const { backend, clock, lifetime } = this.#settings;
    // Who gets a session may ask its client, and the answer may come to another node.
    await this.#lifecycle.join();
    for await (const record of backend.sessions.list()) {
      if (lapsed(record, clock.now(), lifetime) === undefined) yield this.handle(record);
    }
  }

  async count(): Promise<number> {
    return await this.#settings.backend.sessions.count();
  }

  end(id: string): Promise<boolean> {
    return this.#lifecycle.endById(id);
  }

  /** A record as the application gets it. */
  handle(record: SessionRecord): SessionHandle {
    return new Handle(record, this.#lifecycle, this.#requests, this.#settings);
  }
}

// Built for every call that asks for its session, so it costs nothing that is not asked for.
class Handle implements SessionHandle {
  readonly id: string;
  readonly version: LegacyRevision | undefined;
  readonly principal: string | undefined;
  readonly created: number;
  readonly seen: number;
  readonly ready: boolean;
  readonly #record: SessionRecord;
  readonly #lifecycle: Lifecycle;
  readonly #requests: ClientRequests;
  readonly #settings: Settings;
  #standalone: Stream | undefined;

  constructor(
    record: SessionRecord,
    lifecycle: Lifecycle,
    requests: ClientRequests,
    settings: Settings,
  ) {
    this.id = record.id;
    this.version = record.version;
    this.principal = record.owner;
    this.created = record.created;
    this.seen = record.seen;
    this.ready = record.ready;
    this.#record = record;
    this.#lifecycle = lifecycle;
    this.#requests = requests;
    this.#settings = settings;
  }

  get initialize(): JsonObject {
    const { initialize } = this.#record;
    return initialize === "" ? {} : JSON.parse(initialize);
  }

  notify(method: string, params?: JsonObject): void {
    this.#stream.append(notificationText(method, params), false);
  }

  request(
    method: string,
    params?: JsonObject,
    options: SessionRequestOptions = {},
  ): Promise<JsonObject> {
    return spared(this.#request(method, params, options));
  }

  async #request(
    method: string,
    params: JsonObject | undefined,
    options: SessionRequestOptions,
  ): Promise<JsonObject> {
    const { id, ready } = this;
    // One that was not ready may not have been stored yet.
    if (options.queued && !ready) return this.#ask(method, params, options);
    const asked = Promise.resolve(options.queued ? this.#lifecycle.find(id) : this.#isRead());
    return await this.#lifecycle.during(id, asked, (found, ended) => {
      if (ended || found === undefined) {
        throw new ClientRequestError("session-ended", "the session has ended");
      }
      if (found !== false) return this.#ask(method, params, options);
      const message = `${method}: the client has no standalone stream open`;
      throw new ClientRequestError("no-stream", message);
    });
  }

  #ask(
    method: string,
    params: JsonObject | undefined,
    options: SessionRequestOptions,
  ): Promise<JsonObject> {
    const stream = this.#stream;
    const { id } = this;
    const { readiness } = this.#lifecycle;
    const live = this.#lifecycle.lives.get(id);
    return this.#requests.ask(
      id,
      undefined,
      method,
      params,
      options,
      {
        when: (go) => readiness.when(live ?? this, method, go),
        send: (text) => stream.append(text, false),
        cancel: (requestId, reason) =>
          this.notify("notifications/cancelled", { requestId, reason }),
      },
    );
  }

  closeStream(options: { readonly retryMs?: number } = {}): void {
    this.#stream.tell(WAKE.poll(retryOf(options)));
  }

  end(): Promise<boolean> {
    return this.#lifecycle.end(this.#record, "ended");
  }

  get #stream(): Stream {
    const { id } = this.#record;
    const { sessions } = this.#settings.backend;
    const { openings } = this.#lifecycle;
    // What is written for a session that is over would lie in its log for ever.
    return this.#standalone ??= new Stream(
      id,
      standaloneStream(id),
      this.#settings,
      () =>
        andThen(openings.of(id), () => andThen(sessions.get(id), (record) => record !== undefined)),
    );
  }

  async #isRead(): Promise<boolean> {
    const { session, id } = this.#stream;
    const { bus } = this.#settings.backend;
    return await bus.publish(WAKE.topic(session, id), WAKE.probe) > 0;
  }
}
