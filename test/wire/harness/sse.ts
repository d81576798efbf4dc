/** Event streams as a client reads them, and as they were written. */
import type { Answer } from "./http.ts";

/** One block of an event stream. */
export interface Block {
  readonly id: string | undefined;
  /** Undefined where the block has no data line; empty for a priming event. */
  readonly data: string | undefined;
  readonly retry: number | undefined;
  /** True for a comment. */
  readonly comment: boolean;
}

/** Reads an answer as an event stream. */
export class Events {
  readonly answer: Answer;
  /** The id of the last event that had one: what a client resumes from. */
  lastId: string | undefined;
  #text = "";

  constructor(answer: Answer) {
    this.answer = answer;
  }

  /** The next block, comments included; undefined at the end. */
  async block(): Promise<Block | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = parse(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 2);
        if (block.id !== undefined) this.lastId = block.id;
        return block;
      }
      const chunk = await this.answer.chunk();
      if (chunk === undefined) return undefined;
      this.#text += chunk.toString("utf8");
    }
  }

  /** The next message; undefined at the end. Comments and priming events are passed over. */
  // deno-lint-ignore no-explicit-any
  async next(): Promise<any> {
    for (let one = await this.block(); one !== undefined; one = await this.block()) {
      if (one.data) return JSON.parse(one.data);
    }
    return undefined;
  }

  /** Every message up to the end. */
  // deno-lint-ignore no-explicit-any
  async rest(): Promise<any[]> {
    const all = [];
    for (let one = await this.next(); one !== undefined; one = await this.next()) all.push(one);
    return all;
  }

  /** Breaks the connection. */
  cut(): void {
    this.answer.line.cut();
  }
}

function parse(text: string): Block {
  let id: string | undefined;
  let data: string | undefined;
  let retry: number | undefined;
  let comment = false;
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (colon === 0) comment = true;
    else if (name === "id") id = value;
    else if (name === "data") data = data === undefined ? value : `${data}\n${value}`;
    else if (name === "retry") retry = Number(value);
  }
  return { id, data, retry, comment };
}
