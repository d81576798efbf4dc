/** Calls and subscriptions of 2026-07-28 as their clients and their application see them. */
import assert from "node:assert/strict";
import type { Exchange } from "../../core/engine/mod.ts";
import { Events } from "./endpoint.ts";
import type { ModernEndpoint } from "./modern_endpoint.ts";

/** A peer that leaves is noticed before its answer has begun. */
export const NOTICED = !("Deno" in globalThis);

/** One call. */
export class ModernCall {
  readonly id: number;
  readonly endpoint: ModernEndpoint;
  readonly #leaving = new AbortController();
  said = 0;
  /** What the client got: the numbers of the messages, and `0` for the answer. */
  readonly got: number[] = [];
  exchange: Exchange | undefined;
  finish: ((result: object) => void) | undefined;
  finished = false;
  /** Its client is gone. */
  left = false;
  /** Its node went down while it was worked on. */
  refused = false;
  status: number | undefined;
  answered: Promise<void> | undefined;
  #events: Events | undefined;
  #reading: Promise<void> | undefined;

  constructor(id: number, endpoint: ModernEndpoint) {
    this.id = id;
    this.endpoint = endpoint;
  }

  /** It holds a place. */
  get active(): boolean {
    return !this.finished && !this.left && !this.refused && this.status !== 503;
  }

  send(): void {
    const { id } = this;
    const as = { id, meta: { progressToken: id }, signal: this.#leaving.signal };
    const answer = this.endpoint.post("tools/call", { name: "wait", arguments: {} }, as);
    this.answered = answer.then((one) => this.#take(one), (error) => {
      assert.ok(this.left, String(error));
    });
  }

  say(): void {
    if (this.active) this.exchange?.progress(++this.said);
  }

  end(): void {
    if (this.finish === undefined || this.finished) return;
    this.finished = true;
    this.finish({});
  }

  /** Closes the connection. */
  async leave(): Promise<void> {
    if (!this.active || this.exchange === undefined) return;
    if (this.#events === undefined && !NOTICED) return;
    this.left = true;
    if (this.#events === undefined) this.#leaving.abort();
    else await this.#events.cut();
  }

  /** Everything that its client gets is there. */
  async over(): Promise<void> {
    await this.answered;
    await this.#reading;
  }

  async #take(answer: Response): Promise<void> {
    this.status = answer.status;
    if (answer.headers.get("content-type") === "text/event-stream") {
      this.#events = new Events(answer);
      // Its client may have left before it came.
      if (this.left) await this.#events.cut();
      this.#reading = this.#read(this.#events);
      return;
    }
    const text = await answer.text();
    if (answer.status === 200) this.#answer(JSON.parse(text));
    else if (!this.left) assert.equal(answer.status, 503);
  }

  async #read(events: Events): Promise<void> {
    for (let one = await events.next(); one !== undefined; one = await events.next()) {
      if (one.method === "notifications/progress") this.got.push(one.params.progress);
      else this.#answer(one);
    }
  }

  // deno-lint-ignore no-explicit-any -- any JSON
  #answer({ id, result, error }: any): void {
    assert.equal(id, this.id);
    if (this.refused) assert.equal(error.code, -32000);
    else assert.equal(result.resultType, "complete");
    this.got.push(0);
  }

  /** What must hold once everything is over. */
  check(): void {
    const { got, said, left, refused, status, exchange } = this;
    const messages = got.filter((n) => n > 0);
    assert.deepEqual(
      messages,
      messages.map((_, i) => i + 1),
      "a message is missing, or came twice",
    );
    const answers = got.length - messages.length;
    assert.ok(answers <= 1, "answered twice");
    if (answers === 1) assert.equal(got.at(-1), 0, "something came after the answer");
    if (exchange !== undefined) assert.equal(exchange.signal.aborted, left || refused);
    if (left || status === 503) return;
    assert.equal(answers, 1, "not answered");
    assert.equal(messages.length, said);
  }
}

/** One subscription. */
export class Subscription {
  readonly endpoint: ModernEndpoint;
  readonly id: number;
  /** What it asked for changed, in order, while it was open. */
  readonly expected: string[] = [];
  readonly heard: string[] = [];
  open = true;
  /** Its client is gone. */
  left = false;
  readonly #wants: string;
  readonly #events: Events;
  #reading: Promise<void> | undefined;

  constructor(endpoint: ModernEndpoint, id: number, wants: string, events: Events) {
    this.endpoint = endpoint;
    this.id = id;
    this.#wants = wants;
    this.#events = events;
  }

  /** Reads on, once it is acknowledged. */
  async begin(): Promise<void> {
    const { method } = await this.#events.next();
    assert.equal(method, "notifications/subscriptions/acknowledged");
    this.#reading = this.#read();
  }

  /** Something has changed. */
  changed(what: string): void {
    if (this.open && what === this.#wants) this.expected.push(what);
  }

  async leave(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    this.left = true;
    await this.#events.cut();
  }

  async #read(): Promise<void> {
    for (let one = await this.#events.next(); one !== undefined; one = await this.#events.next()) {
      if (one.method === undefined) {
        assert.equal(one.id, this.id);
        this.heard.push("end");
      } else {
        assert.equal(one.params._meta["io.modelcontextprotocol/subscriptionId"], this.id);
        this.heard.push(one.params.uri ?? one.method);
      }
    }
  }

  /** What must hold once everything is over. */
  async check(): Promise<void> {
    await this.#reading;
    const { expected, left, heard } = this;
    const told = left ? heard : heard.slice(0, -1);
    // Of what came at the very end some may not have come any more.
    assert.deepEqual(told, expected.slice(0, told.length));
    if (!left) assert.equal(heard.at(-1), "end");
  }
}
