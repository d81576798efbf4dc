/**
 * The answer of somebody else's handler on its way to the peer: read as the peer takes it, kept alive while it is silent,
 * given up when the peer leaves.
 *
 * @module
 */

import { COMMENT, eventText } from "../outbound/sse.ts";
import { isEventStream } from "../protocol/media.ts";
import type { Clock } from "./clock.ts";
import type { Sink, StreamBody } from "./reply.ts";

/** An event stream that relays a response, which may still be on its way. */
export class Relay implements StreamBody {
  readonly #source: Promise<Response>;
  readonly #clock: Clock;
  readonly #keepAliveMs: number;
  /** Is told once: the response is at its end, or its peer has left. */
  readonly #ended: (whole: boolean) => void;
  #sink: Sink | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #over = false;
  #silent = false;
  #drained: (() => void) | undefined;
  #stop: (() => void) | undefined;

  constructor(
    source: Promise<Response>,
    clock: Clock,
    keepAliveMs: number,
    ended: (whole: boolean) => void,
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#keepAliveMs = keepAliveMs;
    this.#ended = ended;
  }

  open(sink: Sink): void {
    this.#sink = sink;
    // The first byte goes out at once: some runtimes hold the head back until there is one.
    this.#write(COMMENT);
    this.#keepAlive();
    this.#run().then(() => this.#end(true), () => this.#end(false));
  }

  drained(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  cancelled(): void {
    this.#end(false);
  }

  async #run(): Promise<void> {
    const response = await this.#source;
    if (!isEventStream(response.headers.get("content-type"))) {
      const text = await response.text();
      // JSON has line breaks only between its tokens; an event may have none.
      if (text !== "") this.#write(eventText(undefined, text.replace(/[\r\n]+/g, "")));
      return;
    }
    this.#reader = response.body?.getReader();
    const decoder = new TextDecoder();
    while (this.#reader !== undefined && !this.#over) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      if (this.#write(decoder.decode(value, { stream: true }))) continue;
      await new Promise<void>((resolve) => this.#drained = resolve);
    }
  }

  #write(text: string): boolean {
    this.#silent = false;
    return this.#over || this.#sink!.write(text);
  }

  #end(whole: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop?.();
    this.drained();
    if (!whole) this.#giveUp().catch(() => {/* it is given up either way */});
    this.#sink?.end();
    this.#ended(whole);
  }

  async #giveUp(): Promise<void> {
    await (this.#reader ?? (await this.#source).body)?.cancel();
  }

  #keepAlive(): void {
    if (this.#keepAliveMs === 0) return;
    this.#stop = this.#clock.after(this.#keepAliveMs, () => {
      if (this.#silent && this.#drained === undefined) this.#write(COMMENT);
      this.#silent = true;
      this.#keepAlive();
    });
  }
}
