/**
 * HTTP/1.1 as bytes on a socket: sends what `fetch` would not (repeated and odd-case fields, a foreign `Host`,
 * bodies in pieces) and shows what `fetch` hides (whether a body ended or was cut).
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** Header fields in order, as they are written. */
export type Fields = readonly (readonly [string, string])[];

/** What is sent. */
export interface Outgoing {
  readonly method?: string;
  readonly path?: string;
  /** Sent as they are, after `Host` where they do not name one. */
  readonly fields?: Fields;
  readonly body?: string | Uint8Array;
  /** A body in chunked coding, instead. */
  readonly chunks?: readonly (string | Uint8Array)[];
}

/** One connection. */
export class Line {
  readonly #socket: Socket;
  readonly #port: number;
  #read: Buffer[] = [];
  #over = false;
  #failed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    const wake = (): void => {
      this.#wake?.();
      this.#wake = undefined;
    };
    socket.on("data", (chunk: Buffer) => {
      this.#read.push(chunk);
      wake();
    });
    socket.on("end", () => {
      this.#over = true;
      wake();
    });
    socket.on("error", () => {
      this.#failed = true;
    });
    socket.on("close", () => {
      this.#over = true;
      wake();
    });
  }

  /** Connects to this machine. */
  static dial(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        socket.setNoDelay(true);
        resolve(new Line(socket, port));
      });
    });
  }

  /** True where the peer, or the network, broke the connection. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Writes bytes as they are. */
  write(data: string | Uint8Array): void {
    if (!this.#over) this.#socket.write(data);
  }

  /** Waits until all that was written has left this process. */
  flushed(): Promise<void> {
    return new Promise((done) => this.#socket.write("", () => done()));
  }

  /** Sends a request. */
  send(out: Outgoing): void {
    const { method = "GET", path = "/mcp", fields = [], body, chunks } = out;
    const has = (name: string) => fields.some(([field]) => field.toLowerCase() === name);
    const lines = [`${method} ${path} HTTP/1.1`];
    if (!has("host")) lines.push(`Host: 127.0.0.1:${this.#port}`);
    for (const [name, value] of fields) lines.push(`${name}: ${value}`);
    if (chunks !== undefined) lines.push("Transfer-Encoding: chunked");
    else if (body !== undefined && !has("content-length")) {
      lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    }
    this.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (chunks !== undefined) {
      for (const chunk of chunks) this.chunk(chunk);
      this.chunk("");
    } else if (body !== undefined && body.length > 0) this.write(body);
  }

  /** Sends one chunk of a chunked body; an empty one ends it. */
  chunk(data: string | Uint8Array): void {
    const bytes = Buffer.from(data as string);
    this.write(Buffer.concat([
      Buffer.from(`${bytes.length.toString(16)}\r\n`),
      bytes,
      Buffer.from("\r\n"),
    ]));
  }

  /** The next answer, once its head is here. */
  async answer(): Promise<Answer> {
    const head = await this.until("\r\n\r\n");
    if (head === undefined) throw new Error("the connection ended before an answer");
    const [first = "", ...lines] = head.split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return new Answer(this, status, fields);
  }

  /** Takes nothing more off the connection: what the peer sends piles up on its side. */
  pause(): void {
    this.#socket.pause();
  }

  /** Takes from the connection again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Breaks the connection. */
  cut(): void {
    this.#over = true;
    this.#socket.destroy();
  }

  /** Text up to a mark, which is taken off too; undefined where the connection ends before. */
  async until(mark: string): Promise<string | undefined> {
    for (;;) {
      const all = this.#joined();
      const at = all.indexOf(mark);
      if (at >= 0) {
        this.#read = [all.subarray(at + mark.length)];
        return all.toString("latin1", 0, at);
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /** As many bytes; undefined where the connection ends before. */
  async exactly(count: number): Promise<Buffer | undefined> {
    while (this.#read.reduce((sum, one) => sum + one.length, 0) < count) {
      if (!(await this.#more())) return undefined;
    }
    const all = this.#joined();
    this.#read = [all.subarray(count)];
    return all.subarray(0, count);
  }

  /** Waits for the connection to end; what comes until then is dropped. */
  async ended(): Promise<void> {
    while (await this.#more()) this.#read = [];
  }

  #joined(): Buffer {
    if (this.#read.length !== 1) this.#read = [Buffer.concat(this.#read)];
    return this.#read[0]!;
  }

  // True where there are further bytes, false where the connection is over.
  async #more(): Promise<boolean> {
    const had = this.#read.length;
    if (this.#over) return false;
    await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#read.length > had || !this.#over;
  }
}

/** An answer whose head is here. */
export class Answer {
  readonly line: Line;
  readonly status: number;
  /** In order; names in lower case. */
  readonly fields: Fields;
  #left: number;
  #complete = false;

  constructor(line: Line, status: number, fields: Fields) {
    this.line = line;
    this.status = status;
    this.fields = fields;
    this.#left = Number(this.get("content-length") ?? 0);
  }

  /** A field's value; undefined where there is none. */
  get(name: string): string | undefined {
    const found = this.fields.filter(([field]) => field === name).map(([, value]) => value);
    return found.length === 0 ? undefined : found.join(", ");
  }

  /** True once the body has come to its proper end. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The next piece of the body; undefined at its end, proper or not. */
  async chunk(): Promise<Buffer | undefined> {
    if (this.#complete) return undefined;
    if (this.get("transfer-encoding") !== "chunked") {
      const whole = this.#left > 0 ? await this.line.exactly(this.#left) : undefined;
      this.#complete = this.#left === 0 || whole !== undefined;
      this.#left = 0;
      return whole;
    }
    const size = await this.line.until("\r\n");
    if (size === undefined) return undefined;
    const bytes = await this.line.exactly(parseInt(size, 16));
    const end = await this.line.until("\r\n");
    if (end === undefined) return undefined;
    if (bytes?.length !== 0) return bytes;
    this.#complete = true;
    return undefined;
  }

  /** The whole body. */
  async text(): Promise<string> {
    const chunks: Buffer[] = [];
    for (let one = await this.chunk(); one !== undefined; one = await this.chunk()) {
      chunks.push(one);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  /** The body as JSON. */
  // deno-lint-ignore no-explicit-any
  async json(): Promise<any> {
    return JSON.parse(await this.text());
  }
}

/** Sends a request on a connection of its own; the answer's head. */
export async function open(port: number, out: Outgoing): Promise<Answer> {
  const line = await Line.dial(port);
  line.send(out);
  return line.answer();
}

/** An answer with its body, and its connection gone. */
export interface Whole {
  readonly status: number;
  readonly fields: Fields;
  get(name: string): string | undefined;
  readonly body: string;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

/** Sends a request on a connection of its own; the whole answer. */
export async function ask(port: number, out: Outgoing): Promise<Whole> {
  const answer = await open(port, out);
  const body = await answer.text();
  answer.line.cut();
  const { status, fields } = answer;
  const json = body.startsWith("{") || body.startsWith("[") ? JSON.parse(body) : undefined;
  return { status, fields, get: (name) => answer.get(name), body, json };
}
