/**
 * The streams of one handler: begun for a POST, opened or resumed by a GET, each with the connection that
 * reads it.
 *
 * @module
 */

import type { Rejection } from "../../outbound/rejections.ts";
import { eventId, eventText, parseEventId, SSE_HEADERS } from "../../outbound/sse.ts";
import { type Revision, revisionFacts } from "../../protocol/revisions.ts";
import type { SessionRecord } from "../../session/record.ts";
import { backendFailed } from "../attempt.ts";
import type { Post } from "../calls/post.ts";
import { standaloneStream, writerOf } from "../ids.ts";
import { memoryBus } from "../memory/bus.ts";
import { memoryLogs } from "../memory/logs.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable } from "../ports.ts";
import { remember } from "../recent.ts";
import type { Outcome, Reply } from "../reply.ts";
import type { Lifecycle } from "../sessions/lifecycle.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { owedText, settleOwed } from "./owed.ts";
import { type Closed, firstText } from "./reading.ts";
import { Stream, WAKE } from "./stream.ts";

/** The stream of a POST, begun. */
export interface Begun {
  readonly stream: Stream;
  /** Its first reader. */
  readonly connection: Connection;
  readonly reply: Reply;
}

/** How many streams are remembered for a client that comes back a second time. */
const HAD_MAX = 1_000;

/** Opens streams and connections. */
export class Streams {
  readonly connections: Connections;
  readonly #settings: Settings;
  /** The same with logs and a bus in this process, for streams that only their own connection can read. */
  readonly #own: Settings;
  readonly #lifecycle: Lifecycle;
  /** Streams that are over, and that a client has come back to once although nothing was left for it. */
  readonly #had = new Map<string, true>();
  #minted = 0;

  constructor(settings: Settings, lifecycle: Lifecycle) {
    this.#settings = settings;
    const { sessions } = settings.backend;
    this.#own = { ...settings, backend: { sessions, logs: memoryLogs(), bus: memoryBus() } };
    this.#lifecycle = lifecycle;
    this.connections = new Connections(settings, this.#closed);
  }

  /**
   * Answers a POST whose stream is over before its head is sent, with text and without a connection. The text is what a
   * connection would have sent; the log keeps it all the same. Undefined where the log did not take it: an event with
   * an id must be in the log.
   */
  whole(post: Post, text: string): Awaitable<Reply | undefined> {
    const { record, version } = post;
    const stream = this.mint();
    const session = record?.id;
    const kept = this.#kept(record);
    const stored = !kept || this.#store(session!, stream, text);
    const first = firstText(stream, 0, kept && revisionFacts(version)!.primingEvent);
    const body = first + eventText(kept ? eventId(stream, 1) : undefined, text);
    if (stored instanceof Promise) {
      return stored.then((yes) => yes ? this.#wholeReply(session, stream, body) : undefined);
    }
    return stored ? this.#wholeReply(session, stream, body) : undefined;
  }

  /** True where streams can be resumed: their logs are kept in the backend, where every node finds them. */
  #kept(record: SessionRecord | undefined): boolean {
    return this.#settings.resumable && record !== undefined;
  }

  #wholeReply(session: string | undefined, stream: string, body: string): Reply {
    const { onEvent } = this.#settings;
    onEvent({ type: "stream-opened", session, stream });
    onEvent({ type: "stream-closed", session, stream, reason: "finished" });
    return { status: 200, headers: SSE_HEADERS, body };
  }

  // Nobody can read it yet, so nobody has to be woken. True where the answer may go out.
  #store(session: string, stream: string, text: string): Awaitable<boolean> {
    const settings = this.#settings;
    const { backend: { logs, nodes }, clock, budget, writes } = settings;
    // Where no other node could serve it, or no stream is begun any more, an answer that cannot be come back to is
    // better than none.
    const failed = (error: unknown): boolean => {
      backendFailed(settings, error);
      return nodes === undefined || writes.abandoned;
    };
    try {
      if (logs.whole === undefined) {
        if (nodes !== undefined) return false;
        const writer = new Stream(session, stream, settings);
        writer.open();
        writer.append(text, true);
        return true;
      }
      const done = logs.whole(session, stream, text, clock.now(), budget);
      if (!(done instanceof Promise)) return true;
      const stored = done.then(() => true, failed);
      writes.add(stored);
      return stored;
    } catch (error) {
      return failed(error);
    }
  }

  /** Begins the stream of a POST; the answer is a connection that reads it. */
  begin(post: Post): Begun {
    const id = this.mint();
    const kept = this.#kept(post.record);
    // A stream without a session is kept under its own name, where nobody else finds it.
    const session = post.record?.id ?? `~${id}`;
    const stream = new Stream(session, id, kept ? this.#settings : this.#own);
    stream.open(kept ? post.owed && owedText(post.owed) : undefined);
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
  async listen(record: SessionRecord, lastEventId: string | null): Promise<Outcome> {
    const { resumable, backend, clock, budget } = this.#settings;
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
      const page = await logs.read(record.id, stream, position, 1, now, budget);
      if (page?.ended && page.events.length === 0 && this.#hadAll(stream)) {
        await logs.drop(record.id, stream);
        return unknown;
      }
      const bounds = page && await logs.bounds(record.id, stream);
      if (bounds === undefined) {
        // Logs go with their session, which may have ended meanwhile.
        const still = await backend.sessions.get(record.id);
        return still === undefined ? { rule: "session-not-found" } : unknown;
      }
      const writer = writerOf(stream);
      if (writer !== undefined && !bounds.ended && await this.#lifecycle.gone(writer)) {
        await this.#settle(record.id, stream);
      }
      id = stream;
      after = position;
    }
    const early = this.#refusal(record.id, id);
    if (early !== undefined) return early;
    // A stream that is resumed is there, or gone for good.
    if (after === undefined) await logs.open(record.id, id, clock.now(), budget);
    // While the backend was asked, others may have come, and the end of the handler.
    const late = this.#refusal(record.id, id);
    if (late !== undefined) return late;
    const connection = this.#connect(record, record.id, id, after, record.version!);
    try {
      // What becomes of it is heard from here on, but it may have come while the backend was asked for the log.
      const still = await backend.sessions.get(record.id);
      if (still?.ready) this.#lifecycle.ready(record.id);
      if (still !== undefined) return replyOf(connection);
      connection.close("session-ended");
      await logs.drop(record.id, id);
      return { rule: "session-not-found" };
    } catch (error) {
      // Nobody gets it, so nobody would ever end it.
      connection.close("lost");
      throw error;
    }
  }

  // True where a client comes back to such a stream a second time. The official clients come back to every stream that
  // ended without a result, such as that of a call which they cancelled; where nothing is left for them, once a second.
  // They stop where the id is unknown.
  #hadAll(stream: string): boolean {
    if (this.#had.delete(stream)) return true;
    remember(this.#had, stream, true, HAD_MAX);
    return false;
  }

  // A connection that replaces another reader of its stream adds none to the count.
  #refusal(session: string, stream: string): Rejection | undefined {
    if (this.connections.leaving) return { rule: "draining" };
    const { streams } = this.#settings.policy.limits;
    const open = this.#lifecycle.lives.get(session)?.connections ?? [];
    return open.length < streams || open.some((one) => one.reading.stream === stream)
      ? undefined
      : { rule: "stream-limit", accepted: streams };
  }

  /** Ends the streams that are read here and were written by nodes that are gone, with an error for each call. */
  async settleGone(): Promise<void> {
    const open = [...this.connections].map(({ reading }) => reading);
    const read = Map.groupBy(open, ({ stream }) => writerOf(stream));
    for (const [writer, readings] of read) {
      if (writer === undefined || !(await this.#lifecycle.gone(writer))) continue;
      for (const { session, stream } of readings) await this.#settle(session, stream);
    }
  }

  async #settle(session: string, stream: string): Promise<void> {
    const { bus } = this.#settings.backend;
    const message = "The server process that worked on this request is gone";
    await settleOwed(this.#settings, session, stream, message);
    await bus.publish(WAKE.topic(session, stream), WAKE.appended(0));
  }

  /** The name of a new stream. */
  mint(): string {
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
    const resumable = this.#kept(record);
    const live = record && this.#lifecycle.lives.hold(record);
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

  // One function for all connections: what it needs of one is in its reading.
  readonly #closed: Closed = (connection, reason) => {
    const { live, post, resumable, writer } = connection.reading;
    if (live !== undefined) {
      live.closed(connection);
      this.#lifecycle.lives.release(live);
    }
    // Nobody can come back for it. The standalone stream, which is not written here, waits for its next reader.
    if (!resumable) writer?.abandon();
    if (reason !== "finished") post?.gone?.();
  };
}

function replyOf(connection: Connection): Reply {
  return { status: 200, headers: SSE_HEADERS, body: connection };
}
