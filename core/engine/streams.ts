/**
 * The streams of one handler: begun for a POST, opened or resumed by a GET, each with the connection that
 * reads it.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import {
  COMMENT,
  eventId,
  eventText,
  parseEventId,
  primingText,
  SSE_HEADERS,
} from "../outbound/sse.ts";
import { type Revision, revisionFacts } from "../protocol/revisions.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Post } from "./post.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { standaloneStream, writerOf } from "./ids.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Settings } from "./options.ts";
import { owedText, settleOwed } from "./owed.ts";
import type { Closed } from "./reading.ts";
import type { Reply } from "./reply.ts";
import { Stream, WAKE } from "./stream.ts";

/** The stream of a POST, begun. */
export interface Begun {
  readonly stream: Stream;
  /** Its first reader. */
  readonly connection: Connection;
  readonly reply: Reply;
}

/** Opens streams and connections. */
export class Streams {
  readonly connections: Connections;
  readonly #settings: Settings;
  readonly #lifecycle: Lifecycle;
  #minted = 0;

  constructor(settings: Settings, lifecycle: Lifecycle) {
    this.#settings = settings;
    this.#lifecycle = lifecycle;
    this.connections = new Connections(settings, this.#closed);
  }

  /**
   * The stream of a POST that is over before its head is sent, as text: what a connection would read from its
   * log (kept all the same) without one. Undefined where the log is elsewhere: what has an id must be in it.
   */
  whole(post: Post, text: string): Reply | undefined {
    const settings = this.#settings;
    if (settings.backend.nodes !== undefined) return undefined;
    const { record, version } = post;
    const stream = this.#mint();
    const session = record?.id ?? `~${stream}`;
    settings.onEvent({ type: "stream-opened", session, stream });
    let body: string;
    if (record !== undefined && settings.resumable) {
      this.#store(session, stream, text);
      const first = revisionFacts(version)!.primingEvent
        ? primingText(eventId(stream, 0))
        : COMMENT;
      body = first + eventText(eventId(stream, 1), text);
    } else body = COMMENT + eventText(undefined, text);
    settings.onEvent({ type: "stream-closed", session, stream, reason: "finished" });
    return { status: 200, headers: SSE_HEADERS, body };
  }

  // Nobody can read it yet, so nobody has to be woken.
  #store(session: string, stream: string, text: string): void {
    const settings = this.#settings;
    const { backend: { logs }, clock, budget, writes } = settings;
    const failed = (error: unknown): void => settings.onEvent({ type: "backend-error", error });
    try {
      if (logs.whole === undefined) {
        const writer = new Stream(session, stream, settings);
        writer.open();
        writer.append(text, true);
        return;
      }
      const done = logs.whole(session, stream, text, clock.now(), budget);
      if (done instanceof Promise) writes.add(done.catch(failed));
    } catch (error) {
      failed(error);
    }
  }

  /** Begins the stream of a POST; the answer is a connection that reads it. */
  begin(post: Post): Begun {
    const id = this.#mint();
    // A stream without a session is kept under its own name, where nobody else finds it.
    const stream = new Stream(post.record?.id ?? `~${id}`, id, this.#settings);
    stream.open(post.owed && owedText(post.owed));
    const connection = this.#connect(
      post.record,
      stream.session,
      id,
      0,
      post.version,
      post,
      stream,
    );
    return { stream, connection, reply: replyOf(connection) };
  }

  /** Opens the standalone stream, or resumes any stream of the session. */
  async listen(record: SessionRecord, lastEventId: string | null): Promise<Reply | Rejection> {
    const { resumable, backend, policy, clock, budget } = this.#settings;
    const { logs } = backend;
    let id = standaloneStream(record.id);
    let after: number | undefined;
    if (lastEventId !== null) {
      const unknown: Rejection = { rule: "unknown-event-id", value: lastEventId };
      const cursor = parseEventId(lastEventId);
      if (cursor === undefined || !resumable) return unknown;
      const { stream, position } = cursor;
      const now = clock.now();
      // Reading tells what bounds do not: that an event after the position is too old.
      if (!(await logs.read(record.id, stream, position, 1, now, budget))) return unknown;
      const bounds = await logs.bounds(record.id, stream);
      if (bounds === undefined) return unknown;
      const writer = writerOf(stream);
      if (writer !== undefined && !bounds.ended) {
        await this.#settleGone(record.id, stream, writer);
      }
      id = stream;
      after = position;
    }
    const open = this.#lifecycle.live(record.id)?.connections;
    const replaces = open?.some((one) => one.reading.stream === id);
    if (!replaces && open !== undefined && open.length >= policy.maxStreams) {
      return { rule: "stream-limit", accepted: policy.maxStreams };
    }
    await logs.open(record.id, id, clock.now(), budget);
    const connection = this.#connect(record, record.id, id, after, record.version!);
    // Its end is heard from here on, but it may have come while the backend was asked for the log.
    if (await backend.sessions.get(record.id) === undefined) {
      connection.close("session-ended");
      await logs.drop(record.id, id);
      return { rule: "session-not-found" };
    }
    return replyOf(connection);
  }

  /** Looks after the streams that are read here and written by nodes that are gone. */
  async settleGone(): Promise<void> {
    for (const { reading: { session, stream } } of [...this.connections]) {
      const writer = writerOf(stream);
      if (writer !== undefined) await this.#settleGone(session, stream, writer);
    }
  }

  async #settleGone(session: string, stream: string, writer: string): Promise<void> {
    const { backend: { nodes, bus }, clock } = this.#settings;
    if (nodes === undefined || writer === this.#lifecycle.node) return;
    if (await nodes.alive(writer, clock.now())) return;
    const message = "The server process that worked on this request is gone";
    await settleOwed(this.#settings, session, stream, message);
    await bus.publish(WAKE.topic(session, stream), WAKE.appended(0));
  }

  #mint(): string {
    return `${this.#lifecycle.node}${(++this.#minted).toString(36)}`;
  }

  #connect(
    record: SessionRecord | undefined,
    session: string,
    stream: string,
    after: number | undefined,
    version: Revision,
    post?: Post,
    writer?: Stream,
  ): Connection {
    const resumable = this.#settings.resumable && record !== undefined;
    const live = record && this.#lifecycle.hold(record);
    const connection = this.connections.open({
      session,
      stream,
      after,
      resumable,
      priming: resumable && revisionFacts(version)!.primingEvent,
      live,
      post,
      writer,
    });
    live?.opened(connection);
    return connection;
  }

  // One for all, which finds in the reading what it needs.
  readonly #closed: Closed = (connection, reason) => {
    const { live, post, resumable, writer } = connection.reading;
    if (live !== undefined) {
      live.closed(connection);
      this.#lifecycle.release(live);
    }
    // Nobody can come back for it. The standalone stream, which is not written here, waits for its next reader.
    if (!resumable) writer?.abandon();
    if (reason !== "finished") post?.gone?.();
  };
}

function replyOf(connection: Connection): Reply {
  return { status: 200, headers: SSE_HEADERS, body: connection };
}
