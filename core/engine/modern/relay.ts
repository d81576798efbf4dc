/**
 * The answer of somebody else's handler on its way to the peer: read as it comes, kept alive while it is silent, given up
 * when the peer leaves or reads too slowly.
 *
 * @module
 */

import { COMMENT, eventText } from "../../outbound/sse.ts";
import { isEventStream } from "../../protocol/media.ts";
import { soon } from "../clock.ts";
import type { StreamCloseReason } from "../events.ts";
import type { Settings } from "../options/options.ts";
import type { Sink, StreamBody } from "../reply.ts";
import { abortLater, SLOW_MS } from "../streams/slow.ts";

/** How long a source that was given up may take to end by itself, in milliseconds. */
const LAST_MS = 500;

/** The end of an event, or of a comment of ours, whatever its lines end with. */
const EMPTY_LINE = /\n\n$|[\r\n]\r\n?$/;

/** An event stream that relays a response, which may still be on its way. */
export class Relay implements StreamBody {
  readonly #source: Promise<Response>;
  readonly #settings: Settings;
  /** Is told once why it is over, and where the source failed, of what. */
  readonly #ended: (reason: StreamCloseReason, error?: unknown) => void;
  #sink: Sink | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #over = false;
  #silent = false;
  /** The last characters of what was written. */
  #tail = "";
  /** Bytes that came since the peer took no more; undefined while it takes them. */
  #behind: number | undefined;
  /** Who waits for the peer to take what waits for it. */
  #drained: (() => void) | undefined;
  #stop: (() => void) | undefined;

  constructor(
    source: Promise<Response>,
    settings: Settings,
    ended: (reason: StreamCloseReason, error?: unknown) => void,
  ) {
    this.#source = source;
    this.#settings = settings;
    this.#ended = ended;
  }

  open(sink: Sink): void {
    this.#sink = sink;
    if (this.#over) return sink.end();
    // The first byte goes out at once: some runtimes hold the head back until there is one.
    this.#write(COMMENT);
    this.#keepAlive();
    this.#run().then(() => this.#end("finished"), (error) => this.#end("lost", error));
  }

  drained(): void {
    this.#behind = undefined;
    this.#drained?.();
  }

  cancelled(): void {
    this.#end("disconnected");
  }

  /** The source was given up: what it said last still goes out, but not for long. */
  close(): void {
    this.#stop?.();
    this.#stop = this.#settings.clock.after(LAST_MS, () => this.#end("closed"));
  }

  async #run(): Promise<void> {
    const response = await this.#source;
    // It was given up meanwhile. To take its reader would keep it from being cancelled.
    if (this.#over) return;
    if (!isEventStream(response.headers.get("content-type"))) {
      const text = await response.text();
      // JSON has line breaks only between its tokens; an event may have none.
      if (text !== "") this.#write(eventText(undefined, text.replace(/[\r\n]+/g, "")));
      return;
    }
    this.#reader = response.body?.getReader();
    const decoder = new TextDecoder();
    while (this.#reader !== undefined) {
      // Also where the peer takes no more: a handler that does not wait for it would fill a queue that has no end.
      const { done, value } = await this.#reader.read();
      if (done) return;
      if (this.#behind !== undefined) {
        if (this.#behind <= this.#settings.queuedBytes) this.#behind += value.byteLength;
        else if (!(await this.#catchesUp())) return this.#end("slow");
      }
      this.#write(decoder.decode(value, { stream: true }));
    }
  }

  // Where all came at once, the peer had no time to take any of it.
  async #catchesUp(): Promise<boolean> {
    const drained = new Promise<true>((resolve) => this.#drained = () => resolve(true));
    return await soon(this.#settings.clock, SLOW_MS, drained) === true;
  }

  #write(text: string): void {
    this.#silent = false;
    this.#tail = (this.#tail + text.slice(-3)).slice(-3);
    if (!this.#over && !this.#sink!.write(text)) this.#behind ??= 0;
  }

  #end(reason: StreamCloseReason, error?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop?.();
    this.#drained?.();
    if (reason !== "finished") this.#giveUp().catch(() => {/* it is given up either way */});
    this.#sink?.end();
    if (this.#behind !== undefined) abortLater(this.#sink, this.#settings, reason);
    this.#ended(reason, error);
  }

  async #giveUp(): Promise<void> {
    await (this.#reader ?? (await this.#source).body)?.cancel();
  }

  #keepAlive(): void {
    const { clock, keepAliveMs } = this.#settings;
    if (keepAliveMs === 0) return;
    this.#stop = clock.after(keepAliveMs, () => {
      // Within an event a comment would become a part of it: a source may send one in pieces.
      if (this.#silent && this.#behind === undefined && EMPTY_LINE.test(this.#tail)) {
        this.#write(COMMENT);
      }
      this.#silent = true;
      this.#keepAlive();
    });
  }
}
