/**
 * One POST that holds requests. Its answer begins as JSON and turns to an event stream where something else
 * has to be said first.
 *
 * @module
 */

import type { ResponseShape } from "../../inbound/policy.ts";
import type { RequestId } from "../../protocol/json_rpc.ts";
import type { Accepts } from "../../protocol/media.ts";
import { type Era, type Revision, revisionFacts } from "../../protocol/revisions.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { Inputs } from "../modern/inputs.ts";
import { JSON_HEADERS, type Reply } from "../reply.ts";
import type { Live } from "../sessions/live.ts";
import type { Connection } from "../streams/connection.ts";
import { type Stream, WAKE } from "../streams/stream.ts";
import type { Usage } from "./principals.ts";

/** One POST that holds requests. */
export class Post {
  readonly dispatcher: Dispatcher;
  readonly live: Live | undefined;
  readonly record: SessionRecord | undefined;
  readonly version: Revision;
  readonly era: Era;
  /** What the application may ask of the client of a modern request; undefined for a legacy one. */
  readonly inputs: Inputs | undefined;
  /**
   * The ids of its requests, which are noted in its stream's log: where this node dies, another one answers them.
   * Undefined where there are no other nodes.
   */
  owed: readonly RequestId[] | undefined = undefined;
  /** What its principal has going on, where this POST counts there: it has no session. */
  usage: Usage | undefined = undefined;
  /** Called where the peer leaves before the answer is whole. */
  gone: (() => void) | undefined = undefined;
  readonly #shape: ResponseShape;
  /** A batch is answered by an array. */
  readonly #batch: boolean;
  #waiting: number;
  readonly #texts: string[] = [];
  #stream: Stream | undefined;
  #connection: Connection | undefined;
  #reply: Reply | undefined;
  #refused = false;
  /** The stream that is its answer is being stored. */
  #storing = false;
  #resolve: ((reply: Reply) => void) | undefined;

  constructor(
    dispatcher: Dispatcher,
    record: SessionRecord | undefined,
    live: Live | undefined,
    version: Revision,
    accepts: Accepts,
    shape: ResponseShape,
    requests: number,
    batch: boolean,
    inputs?: Inputs,
  ) {
    this.inputs = inputs;
    this.dispatcher = dispatcher;
    this.record = record;
    this.live = live;
    this.version = version;
    this.era = revisionFacts(version)!.era;
    this.#shape = shapeFor(accepts, shape);
    this.#waiting = requests;
    this.#batch = batch;
  }

  /** The HTTP answer: at once where it is known, or once it is. */
  reply(): Reply | Promise<Reply> {
    return this.#reply ?? new Promise((resolve) => this.#resolve = resolve);
  }

  /** It has been answered, at least by a head; or its answer is there, and nothing can change it. */
  get answered(): boolean {
    return this.#reply !== undefined || this.#storing;
  }

  /** It has no answer yet, and may become a stream merely because time passes. */
  get undecided(): boolean {
    return !this.answered && this.#shape !== "json";
  }

  /** Its answer is a stream in any case, unless it is an error with an HTTP status of its own. */
  get streams(): boolean {
    return this.#shape === "sse";
  }

  /** The stream of this POST, which begins now if it has not; undefined where the answer is, or has to be, JSON. */
  stream(): Stream | undefined {
    if (this.#stream !== undefined || this.#shape === "json" || this.answered) {
      return this.#stream;
    }
    const { stream, connection, reply } = this.dispatcher.streams.begin(this);
    this.#stream = stream;
    this.#connection = connection;
    for (const text of this.#texts.splice(0)) stream.append(text, false);
    this.#answer(reply);
    return stream;
  }

  /** Ends the connection that reads its stream so that the client polls, after `retryMs` milliseconds. */
  poll(retryMs: number): void {
    // Revisions without a priming event have no polling either: their clients wait on in a call's stream, and take its
    // end for the end (2025-06-18, basic/transports, Sending Messages 6).
    if (!revisionFacts(this.version)!.primingEvent) return;
    const stream = this.stream();
    // A connection that has not begun yet is on no bus; once it has ended, who reads may be anywhere.
    if (this.#connection?.over === false) this.#connection.reconnect(retryMs);
    else stream?.tell(WAKE.poll(retryMs));
  }

  /** One of its requests has its answer: this JSON-RPC text, or undefined where it is to have none. */
  settle(text: string | undefined, status: number = 200): void {
    const last = --this.#waiting === 0;
    if (this.#refused) return;
    if (this.#shape === "sse" && status === 200) {
      if (last && !this.answered && this.#texts.length === 0 && text !== undefined) {
        const whole = this.dispatcher.streams.whole(this, text);
        if (whole instanceof Promise) return this.#store(whole, text);
        if (whole !== undefined) return this.#answer(whole);
      }
      this.stream();
    }
    if (this.#stream !== undefined) {
      if (text !== undefined) this.#stream.append(text, last);
      else if (last) this.#stream.end();
      return;
    }
    if (last && this.#texts.length === 0) {
      return this.#answer(this.#jsonReply(text === undefined ? [] : [text], status));
    }
    if (text !== undefined) this.#texts.push(text);
    if (last) this.#answer(this.#jsonReply(this.#texts, status));
  }

  #store(whole: Promise<Reply | undefined>, text: string): void {
    this.#storing = true;
    whole.then((reply) => {
      this.#storing = false;
      if (reply !== undefined) return this.#answer(reply);
      // Its writer tries again, for as long as it takes.
      this.stream()!.append(text, true);
    });
  }

  /** Answers the whole POST with this, where it has no answer yet. What its calls come to later goes nowhere. */
  refuse(reply: Reply): void {
    if (this.#reply !== undefined) return;
    this.#refused = true;
    this.#answer(reply);
  }

  #jsonReply(texts: readonly string[], status: number): Reply {
    if (texts.length === 0) return { status: 202, headers: {}, body: null };
    return {
      status,
      headers: JSON_HEADERS,
      body: this.#batch ? `[${texts.join(",")}]` : texts[0]!,
    };
  }

  #answer(reply: Reply): void {
    this.#reply = reply;
    this.#resolve?.(reply);
  }
}

/** The shape of an answer: in `auto`, a client that accepts only one of the two gets that one. */
export function shapeFor({ json, sse }: Accepts, shape: ResponseShape): ResponseShape {
  return shape !== "auto" ? shape : !sse ? "json" : !json ? "sse" : "auto";
}
