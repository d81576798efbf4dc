/**
 * A Node response whose head waits for the session layer: the session that a request opens is stored when
 * the status of its answer is known, and before a byte of it is sent.
 *
 * @module
 */

import { shown } from "../../core/engine/errors.ts";
import type { Entry } from "../../core/engine/guard/guard.ts";
import type { Reply } from "../../core/engine/reply.ts";
import type { ReplyHeaders } from "../../core/outbound/reply.ts";
import { isEventStream } from "../../core/protocol/media.ts";
import { type NodeRequest, type NodeResponse, sendReply } from "./node_http.ts";

/** The part of `http.ServerResponse` that decides about its head. */
export interface NodeAnswer extends NodeResponse {
  /** The bytes that were written and have not left yet. */
  readonly writableLength?: number;
  statusCode: number;
  statusMessage?: string;
  writeHead(...args: unknown[]): unknown;
  write(...args: unknown[]): boolean;
  end(...args: unknown[]): unknown;
  flushHeaders(): void;
  emit(event: string): boolean;
  getHeader(name: string): unknown;
  getHeaders(): { readonly [name: string]: unknown };
  getHeaderNames(): string[];
  setHeader(name: string, value: unknown): unknown;
  appendHeader(name: string, value: unknown): unknown;
  removeHeader(name: string): void;
}

/** What sends the head, or more than it. */
const SENDS = ["writeHead", "write", "end", "flushHeaders"] as const;
type Sends = typeof SENDS[number];

/** What changes the head; not allowed once it is on its way. */
const CHANGES = ["setHeader", "setHeaders", "appendHeader", "removeHeader"] as const;

/**
 * `open` until the first call that sends; `asking` while the store has not answered, which keeps the calls
 * in order; `passing` from there on; `over` once what the listener sends goes nowhere.
 */
type Phase = "open" | "asking" | "passing" | "over";

/** Puts itself before the methods of a response. It never takes them back: others may have wrapped them since. */
export class HeldResponse {
  readonly #request: NodeRequest;
  readonly #response: NodeAnswer;
  readonly #entry: Entry;
  /** The methods as they were. */
  readonly #send: { readonly [name in Sends]: (...args: unknown[]) => unknown };
  /** The fields that stood there before the listener was called. */
  readonly #before: { readonly [name: string]: unknown };
  #phase: Phase = "open";
  #waiting: { readonly name: Sends; readonly args: readonly unknown[] }[] = [];
  /** More than the head was handed to Node. */
  #begun = false;
  /** What the listener threw while the store was asked, and whether its answer was whole. */
  #thrown: { readonly error: unknown; readonly whole: boolean } | undefined = undefined;
  /** What takes back each thing that is pretended. */
  #real: (() => void)[] = [];

  constructor(request: NodeRequest, response: NodeAnswer, entry: Entry) {
    this.#request = request;
    this.#response = response;
    this.#entry = entry;
    this.#before = { ...response.getHeaders() };
    const { writeHead, write, end, flushHeaders } = response;
    this.#send = { writeHead, write, end, flushHeaders };
    for (const name of SENDS) {
      Object.assign(response, { [name]: (...args: unknown[]) => this.#call(name, args) });
    }
  }

  /** The listener threw. */
  fail(error: unknown): void {
    const { headersSent, writableEnded, writableLength = 0 } = this.#response;
    if (this.#phase === "asking") {
      this.#thrown = { error, whole: writableEnded };
      return;
    }
    // What was written in this turn, Node may not have sent yet.
    const sent = writableEnded || (this.#begun && writableLength === 0);
    const reply = this.#entry.fail(error, sent);
    if (this.#phase === "over") return;
    if (!headersSent) this.#replace(reply);
    // Half an answer must not look like a whole one.
    else if (!writableEnded) this.#response.destroy();
  }

  #call(name: Sends, given: readonly unknown[]): unknown {
    let args = given;
    if (this.#phase === "open") {
      // What cannot be sent is told to the listener, as Node tells it, before a session is stored.
      if (name === "writeHead") args = this.#setFields(args);
      else checkChunk(name, args[0]);
      this.#ask(name === "writeHead" ? Number(args[0]) : this.#response.statusCode);
    }
    switch (this.#phase) {
      case "passing":
        return this.#pass(name, args);
      case "asking":
        // Of several heads the first counts.
        if (name !== "writeHead" || this.#waiting.length === 0) this.#waiting.push({ name, args });
        if (name === "end") this.#pretend({ writableEnded: true });
        return name === "write" ? false : this.#response;
      default:
        called(args);
        return name === "write" ? true : this.#response;
    }
  }

  #ask(status: number): void {
    const response = this.#response;
    const committed = this.#entry.commit(status);
    if (!(committed instanceof Promise)) return this.#settle(committed);
    this.#phase = "asking";
    // To the listener the head is sent: what it does to it from here on must fail as it always does.
    this.#pretend({
      headersSent: true,
      ...Object.fromEntries(CHANGES.map((name) => [name, alreadySent])),
    });
    committed.then((found) => {
      for (const restore of this.#real.splice(0)) restore();
      // Also where the listener changed its mind about the status meanwhile.
      response.statusCode = status;
      this.#settle(found);
      this.#replay();
    }).catch((error) => this.fail(error)).catch(() => response.destroy());
  }

  /** What was called while the store was asked. */
  #replay(): void {
    const thrown = this.#thrown;
    // In its place the answer is 500, and what waits goes nowhere.
    if (thrown?.whole === false) this.fail(thrown.error);
    let flowing = true;
    for (const { name, args } of this.#waiting.splice(0)) {
      if (this.#call(name, args) === false) flowing = false;
    }
    if (flowing) this.#response.emit("drain");
    if (thrown?.whole === true) this.fail(thrown.error);
  }

  #settle(committed: Reply | { readonly add: ReplyHeaders }): void {
    const response = this.#response;
    if ("status" in committed) return this.#replace(committed);
    this.#phase = "passing";
    for (const [name, value] of Object.entries(committed.add)) {
      // What an answer varies by adds up.
      const present = name === "vary" ? response.getHeader(name) : undefined;
      response.setHeader(name, present === undefined ? value : `${present}, ${value}`);
    }
    if (isEventStream(String(response.getHeader("content-type") ?? ""))) {
      this.#entry.onEnd(() => {
        // Once it is sent: an event stream without a head would be an answer without one.
        queueMicrotask(() => {
          if (!response.writableEnded) this.#pass("end", []);
          this.#phase = "over";
        });
      });
    }
  }

  #pass(name: Sends, args: readonly unknown[]): unknown {
    const result = this.#send[name].apply(this.#response, args as unknown[]);
    if (name !== "writeHead") this.#begun = true;
    return result;
  }

  /**
   * Sets the fields of `writeHead(status[, message][, fields])`, and gives its other arguments. Once a field is set, as
   * the id of a session is, Node does not take all the shapes that it takes otherwise.
   */
  #setFields([status, message, given]: readonly unknown[]): unknown[] {
    const response = this.#response;
    const named = typeof message === "string";
    const fields = named ? given : given ?? message;
    if (Array.isArray(fields)) {
      const flat = Array.isArray(fields[0]) ? fields.flat() : fields;
      for (let i = 0; i < flat.length; i += 2) response.removeHeader(flat[i]);
      for (let i = 0; i < flat.length; i += 2) response.appendHeader(flat[i], flat[i + 1]);
    } else if (typeof fields === "object" && fields !== null) {
      for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
    }
    return named ? [status, message] : [status];
  }

  /** Gives this answer. What the listener set, and what it still writes, belongs to one that is not given. */
  #replace(reply: Reply): void {
    const response = this.#response;
    this.#phase = "over";
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    // It names the status that is not sent. Where the listener did not set it, Node did.
    delete response.statusMessage;
    for (const [name, value] of Object.entries(this.#before)) response.setHeader(name, value);
    sendReply(
      {
        headersSent: false,
        shouldKeepAlive: response.shouldKeepAlive !== false,
        get writableEnded() {
          return response.writableEnded;
        },
        get writableFinished() {
          return response.writableFinished;
        },
        writeHead: (...args) => this.#pass("writeHead", args),
        write: (...args) => this.#pass("write", args) as boolean,
        end: (...args) => this.#pass("end", args),
        on: (event, listener) => response.on(event, listener),
        destroy: () => response.destroy(),
      },
      reply,
      this.#request,
    );
  }

  #pretend(values: { readonly [name: string]: unknown }): void {
    const response = this.#response;
    for (const [name, value] of Object.entries(values)) {
      const own = Object.getOwnPropertyDescriptor(response, name);
      this.#real.push(() => {
        if (own === undefined) delete (response as unknown as Record<string, unknown>)[name];
        else Object.defineProperty(response, name, own);
      });
      Object.defineProperty(response, name, { value, configurable: true, writable: true });
    }
  }
}

function checkChunk(name: Sends, chunk: unknown): void {
  if (name === "flushHeaders" || typeof chunk === "string" || chunk instanceof Uint8Array) return;
  if (name === "end" && (chunk === undefined || chunk === null || typeof chunk === "function")) {
    return;
  }
  throw Object.assign(new TypeError(`chunk: ${shown(chunk)} is neither text nor a Uint8Array`), {
    code: "ERR_INVALID_ARG_TYPE",
  });
}

/** A callback is owed its call also where nothing was written. */
function called(args: readonly unknown[]): void {
  const done = args.at(-1);
  if (typeof done === "function") queueMicrotask(() => done());
}

function alreadySent(): never {
  throw Object.assign(new Error("Cannot change headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
