/**
 * Runs the script, by its digest where Redis knows it.
 *
 * @module
 */

import { hex } from "../hex.ts";
import { whole } from "../whole.ts";
import type { Link } from "./link.ts";
import { SCRIPT } from "./script.ts";

/** What the script answers: text, numbers, nothing, and lists of them. */
export type Answer = string | number | null | undefined | readonly Answer[];

/** The operations of the script. */
export class Store {
  readonly prefix: string;
  readonly #link: Link;
  #digest: string | undefined;

  constructor(link: Link, prefix: string) {
    this.#link = link;
    this.prefix = prefix;
    crypto.subtle.digest("SHA-1", new TextEncoder().encode(SCRIPT)).then((bytes) => {
      this.#digest = hex(new Uint8Array(bytes));
    }, () => {/* an environment without SHA-1 sends the whole script each time */});
  }

  /** Runs an operation. */
  async run(...args: readonly (string | number)[]): Promise<Answer> {
    const rest = ["1", this.prefix, ...args.map(String)];
    if (this.#digest === undefined) {
      return await this.#link.command(["EVAL", SCRIPT, ...rest]) as Answer;
    }
    try {
      return await this.#link.command(["EVALSHA", this.#digest, ...rest]) as Answer;
    } catch (error) {
      if (!/^NOSCRIPT/.test((error as Error).message)) throw error;
      // Redis was restarted, or its scripts were flushed. It learns this one again.
      return await this.#link.command(["EVAL", SCRIPT, ...rest]) as Answer;
    }
  }

  /** Runs an operation that answers yes or no. */
  async says(...args: readonly (string | number)[]): Promise<boolean> {
    return isYes(await this.run(...args));
  }

  /** Sends a plain command. */
  async command(...args: readonly (string | number)[]): Promise<Answer> {
    return await this.#link.command(args.map(String)) as Answer;
  }
}

/** Yes is 1. Some clients are set up to give numbers as text. */
export function isYes(answer: Answer): boolean {
  return Number(answer) === 1;
}

/** A span as Redis takes it, in milliseconds: a hundred years is the longest that a key is told to live. */
export function span(ms: number): number {
  return Math.min(whole(ms), 100 * 365 * 86_400_000);
}
