/**
 * The sessions of a handler, for the application: to list them, to look at one, to talk to its client
 * outside any call, to end it.
 *
 * @module
 */

import { type JsonObject, notificationText, requestText } from "../protocol/json_rpc.ts";
import { lapsed, type SessionRecord } from "../session/record.ts";
import type { RequestOptions, Session } from "./application.ts";
import { sessionView } from "./call.ts";
import type { ClientRequests } from "./client_requests.ts";
import { ClientRequestError } from "./errors.ts";
import { standaloneStream } from "./ids.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Settings } from "./options.ts";
import { Stream, WAKE } from "./stream.ts";

/** One live session, and the ways to reach its client outside any call. */
export interface SessionHandle extends Session {
  /** Sends a notification on the session's standalone stream; it waits in the log for a reader. */
  notify(method: string, params?: JsonObject): void;
  /**
   * Asks the client on the session's standalone stream.
   *
   * @throws {ClientRequestError} See {@linkcode ClientRequestError}; `no-stream` where the client has not opened it.
   */
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  /** Ends the session. False where it had ended already. */
  end(): Promise<boolean>;
}

/** The sessions of a handler. */
export class SessionDirectory {
  readonly #lifecycle: Lifecycle;
  readonly #requests: ClientRequests;
  readonly #settings: Settings;

  constructor(lifecycle: Lifecycle, requests: ClientRequests, settings: Settings) {
    this.#lifecycle = lifecycle;
    this.#requests = requests;
    this.#settings = settings;
  }

  /** The live session of an id. */
  async get(id: string): Promise<SessionHandle | undefined> {
    const record = await this.#lifecycle.find(id);
    return record && this.#handle(record);
  }

  /** Every live session, oldest first. */
  async *list(): AsyncIterable<SessionHandle> {
    const { backend, clock, lifetime } = this.#settings;
    for await (const record of backend.sessions.list()) {
      if (lapsed(record, clock.now(), lifetime) === undefined) yield this.#handle(record);
    }
  }

  /** How many sessions are stored. */
  async count(): Promise<number> {
    return await this.#settings.backend.sessions.count();
  }

  /** Ends a session. False where there is none. */
  async end(id: string): Promise<boolean> {
    const record = await this.#lifecycle.find(id);
    return record !== undefined && await this.#lifecycle.end(record, "ended");
  }

  #handle(record: SessionRecord): SessionHandle {
    const stream = new Stream(record.id, standaloneStream(record.id), this.#settings);
    return Object.defineProperties(sessionView(record), {
      notify: {
        value: (method: string, params?: JsonObject) =>
          stream.append(notificationText(method, params), false),
      },
      request: {
        value: (method: string, params?: JsonObject, options?: RequestOptions) =>
          this.#ask(record, stream, method, params, options ?? {}),
      },
      end: { value: () => this.#lifecycle.end(record, "ended") },
    }) as SessionHandle;
  }

  async #ask(
    record: SessionRecord,
    stream: Stream,
    method: string,
    params: JsonObject | undefined,
    options: RequestOptions,
  ): Promise<JsonObject> {
    const topic = WAKE.topic(record.id, stream.id);
    if (await this.#settings.backend.bus.publish(topic, WAKE.probe) === 0) {
      throw new ClientRequestError(
        "no-stream",
        `${method}: the client has no standalone stream open`,
      );
    }
    const live = this.#lifecycle.live(record.id);
    const owner = live ?? record;
    return this.#requests.ask(
      record.id,
      owner,
      options,
      (id) => {
        const send = () => stream.append(requestText(id, method, params), false);
        if (live === undefined || live.ready || method === "ping") send();
        else live.waiting.add(send);
      },
      (id, reason) =>
        stream.append(
          notificationText("notifications/cancelled", { requestId: id, reason }),
          false,
        ),
    );
  }
}
