/**
 * The reading end of a stream: one HTTP response that reads the log from a cursor and follows it. Replay
 * and live delivery are the same loop, so nothing falls between them and nothing comes twice.
 *
 * @module
 */

import { COMMENT, eventId, eventText, retryText } from "../../outbound/sse.ts";
import { attempt, backendFailed } from "../attempt.ts";
import type { StreamCloseReason } from "../events.ts";
import { isStandalone } from "../ids.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable, LogBounds, LogPage, Receiver } from "../ports.ts";
import type { Sink, StreamBody } from "../reply.ts";
import type { Connections } from "./connections.ts";
import { firstText, type Reading } from "./reading.ts";
import { abortLater, SLOW_MS } from "./slow.ts";
import { WAKE } from "./stream.ts";

/** How much is taken from the log at once, in characters. */
const PAGE_BYTES = 64 << 10;

/** One connection. */
export class Connection implements StreamBody, Receiver {
  readonly reading: Reading;
  /** Those of its handler, this one among them. */
  readonly #connections: Connections;
  /** Tells it from others that read the same stream. A number takes 30 bytes less than a token. */
  readonly #name = Math.random();
  #sink: Sink | undefined;
  /** Up to where it has read; undefined until it is known where to begin. */
  #cursor: number | undefined;
  /** It has read the log successfully at least once. */
  #read = false;
  #loop: "idle" | "reading" | "again" = "idle";
  #over = false;
  /** Characters that were appended since the peer took no more; undefined while it takes them. */
  #behind: number | undefined;
  /** Gives a peer that is too far behind more time; set while its time runs. */
  #spare: (() => void) | undefined;
  /** Nothing was written since the last keep-alive. */
  #silent = false;
  /** It is subscribed to the stream's topic. */
  #listening = false;
  /**
   * It has received its own word of having replaced others. Words of that kind that come before are of older
   * connections; one that comes after is of a newer one, which takes this one's place.
   */
  #came = false;
  /**
   * It was asked to end, so that the client polls, before it had begun: it does so once it has sent an id to come back
   * with.
   */
  #ending: { readonly retryMs: number } | undefined;

  constructor(reading: Reading, connections: Connections) {
    this.reading = reading;
    this.#connections = connections;
  }

  /** It has ended. */
  get over(): boolean {
    return this.#over;
  }

  open(sink: Sink): void {
    this.#sink = sink;
    if (this.#over) return sink.end();
    const { after, priming, stream } = this.reading;
    // Whatever becomes of this connection, or this node: its call goes on, and who has no id to come back with would
    // never have the answer.
    if (after !== undefined) this.#write(firstText(stream, after, priming));
    try {
      // First listen, then look: what is appended in between is seen twice rather than never.
      const topic = this.#topic;
      const listening = this.#settings.backend.bus.subscribe(topic, this);
      if (!(listening instanceof Promise)) return this.#begin(topic);
      // The first byte goes out at once: some runtimes hold the head back until there is one.
      if (after === undefined) this.#write(COMMENT);
      this.#goOn(listening, () => this.#begin(topic));
    } catch (error) {
      this.#failed(error);
    }
  }

  drained(): void {
    this.#behind = undefined;
    this.#spare?.();
    this.#spare = undefined;
    this.#readOn();
  }

  cancelled(): void {
    this.close("disconnected");
  }

  /** Ends the connection. The stream goes on. */
  close(reason: StreamCloseReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#spare?.();
    if (this.#listening) this.#settings.backend.bus.unsubscribe(this.#topic, this);
    this.#sink?.end();
    if (this.#behind !== undefined) abortLater(this.#sink, this.#settings, reason);
    this.#connections.closed(this, reason);
  }

  /** Ends the connection so that the client comes back, after `retryMs` milliseconds. */
  reconnect(retryMs: number): void {
    if (!this.reading.resumable) return;
    if (this.#cursor === undefined) {
      this.#ending = { retryMs };
      return;
    }
    this.#write(retryText(retryMs));
    this.close("polling");
  }

  /** Reads on, for it may have missed that there is more. */
  look(): void {
    if (!this.#listening) return;
    // Its own word may be among what was missed.
    this.#came = true;
    this.#readOn();
  }

  /** Ends the connection at once; a client that can come back is told to do so after `retryMs` milliseconds. */
  sendAway(retryMs: number): void {
    if (this.#over) return;
    if (this.reading.resumable) this.#write(retryText(retryMs));
    this.close(this.reading.resumable ? "polling" : "closed");
  }

  /** Writes a comment where nothing was written since the last time. */
  keepAlive(): void {
    if (this.#silent && this.#behind === undefined) this.#write(COMMENT);
    this.#silent = true;
  }

  get #settings(): Settings {
    return this.reading.writer?.settings ?? this.#connections.settings;
  }

  get #topic(): string {
    return WAKE.topic(this.reading.session, this.reading.stream);
  }

  #begin(topic: string): void {
    const { bus, logs } = this.#settings.backend;
    if (this.#over) return bus.unsubscribe(topic, this);
    this.#listening = true;
    const { session, stream, after } = this.reading;
    const told = bus.publish(topic, WAKE.replaced(String(this.#name)));
    this.#goOn(told, () => {
      if (after !== undefined) this.#start(after);
      else this.#goOn(logs.bounds(session, stream), (found) => this.#start(startOf(found)));
    });
  }

  #goOn<T>(answer: Awaitable<T>, next: (answer: T) => void): void {
    if (answer instanceof Promise) answer.then(next).catch((error) => this.#failed(error));
    else next(answer);
  }

  #start(after: number): void {
    if (this.#over) return;
    this.#cursor = after;
    const { after: known, priming, stream } = this.reading;
    if (known === undefined) this.#write(firstText(stream, after, priming));
    if (this.#ending !== undefined) this.reconnect(this.#ending.retryMs);
    this.#readOn();
  }

  /** Is told a word of {@linkcode WAKE}. */
  receive(word: string): void {
    const rest = word.slice(1);
    switch (word[0]) {
      case "a":
        if (this.#behind !== undefined) this.#fallBehind(Number(rest));
        return this.#readOn();
      case "r":
        if (rest === String(this.#name)) this.#came = true;
        else if (this.#came) this.#replaced();
        return;
      case "p":
        return this.reconnect(Number(rest));
      case "l":
        return this.close("lost");
    }
  }

  #replaced(): void {
    const awayMs = this.#connections.away(this.reading.session);
    if (awayMs !== undefined) this.#write(retryText(awayMs));
    this.close("replaced");
  }

  // Where all came at once, the peer had no time to take any of it.
  #fallBehind(characters: number): void {
    const { clock, queuedBytes } = this.#settings;
    const before = this.#behind!;
    this.#behind = before + characters;
    if (before > queuedBytes) this.#spare ??= clock.after(SLOW_MS, () => this.close("slow"));
  }

  #readOn(): void {
    if (this.#cursor === undefined) return;
    if (this.#loop !== "idle") {
      this.#loop = "again";
      return;
    }
    try {
      while (this.#behind === undefined && !this.#over) {
        this.#loop = "reading";
        const { session, stream } = this.reading;
        const { backend: { logs }, clock, budget } = this.#settings;
        const now = clock.now();
        const page = logs.read(session, stream, this.#cursor, PAGE_BYTES, now, budget);
        if (page instanceof Promise) {
          page.then((found) => {
            const more = this.#take(found) || this.#again;
            this.#loop = "idle";
            if (more) this.#readOn();
          }).catch((error) => this.#failed(error));
          return;
        }
        if (!this.#take(page) && !this.#again) break;
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#loop = "idle";
  }

  // Asked anew: it may have changed while a page was written.
  get #again(): boolean {
    return this.#loop === "again";
  }

  /** Writes a page; true where there is more to read now. */
  #take(page: LogPage | undefined): boolean {
    if (this.#over) return false;
    if (page === undefined) {
      // The store may refuse what is written for a while. Whoever is sent away would come back to nothing.
      if (this.reading.writer?.opening) return false;
      return this.#skip();
    }
    this.#read = true;
    const { events } = page;
    if (events.length > 0) {
      const { stream, resumable, session } = this.reading;
      let text = "";
      for (const { position, data } of events) {
        text += eventText(resumable ? eventId(stream, position) : undefined, data);
      }
      this.#cursor = events[events.length - 1]!.position;
      this.#write(text);
      // Whoever resumes a call's stream says where; a note of it would cost a write a page.
      if (isStandalone(stream) || !resumable) {
        const through = this.#cursor;
        const { logs } = this.#settings.backend;
        attempt(this.#settings, () => logs.delivered(session, stream, through, !resumable));
      }
    }
    if (page.ended) this.close("finished");
    return page.more;
  }

  // Events were dropped from the log. A reader that named no position, and has read nothing yet, begins with what is
  // left; any other would miss something, so its connection ends.
  #skip(): boolean {
    const { after, post, session, stream } = this.reading;
    const named = after !== undefined && post === undefined;
    const first = !this.#read && !named;
    this.#read = true;
    if (!first) {
      this.close("lost");
      return false;
    }
    const cursor = this.#cursor!;
    this.#cursor = undefined;
    const bounds = this.#settings.backend.logs.bounds(session, stream);
    if (!(bounds instanceof Promise)) return this.#skipTo(cursor, bounds);
    this.#goOn(bounds, (found) => this.#skipTo(cursor, found) && this.#readOn());
    return false;
  }

  #skipTo(cursor: number, bounds: LogBounds | undefined): boolean {
    if (bounds === undefined) this.close("lost");
    else this.#cursor = Math.max(cursor, bounds.first - 1);
    if (this.#ending !== undefined) this.reconnect(this.#ending.retryMs);
    return !this.#over;
  }

  // Before it is open there is nobody to write to, and no message among what would be written: it has read nothing.
  #write(text: string): void {
    this.#silent = false;
    if (this.#sink?.write(text) === false) this.#behind ??= 0;
  }

  #failed(error: unknown): void {
    backendFailed(this.#settings, error);
    this.close("lost");
  }
}

// Where the last reader got to, or the oldest event that is left.
function startOf(bounds: LogBounds | undefined): number {
  return bounds === undefined ? 0 : Math.max(bounds.delivered, bounds.first - 1);
}
