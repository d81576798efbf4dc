/** Many open connections that read event streams. */
import { connect, type Socket } from "node:net";
import type { Request } from "./requests.ts";
import { PATH } from "./spec.ts";

/** How many connect at once. */
const AT_ONCE = 64;

/** Sockets that wait for events. */
export class Readers {
  readonly #sockets: Socket[] = [];
  #waiting: Set<Socket> = new Set();
  #word = "";
  #all: (() => void) | undefined;

  /** Opens a stream for each session; resolves once each has its first byte. */
  async open(
    port: number,
    request: Request,
    sessions: readonly string[],
  ): Promise<void> {
    let begun = 0;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let i = begun++; i < sessions.length; i = begun++) {
        await this.#open(port, request, sessions[i]!);
      }
    }));
  }

  /** Resolves with the time at which every stream has got an event that contains `word`. */
  next(word: string): Promise<number> {
    this.#word = word;
    this.#waiting = new Set(this.#sockets);
    return new Promise((resolve) => this.#all = () => resolve(performance.now()));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(port: number, { headers }: Request, session: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      const fields = Object.entries(headers).map(([name, value]) =>
        `${name}: ${value.replace("{session}", session)}\r\n`
      );
      socket.write(
        `GET ${PATH} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${fields.join("")}\r\n`,
      );
      socket.once("data", (first) => {
        const head = first.toString("latin1");
        if (!head.startsWith("HTTP/1.1 200")) return reject(new Error(head));
        this.#sockets.push(socket);
        socket.on("data", (chunk: Buffer) => this.#got(socket, chunk));
        resolve();
      });
      socket.on("error", reject);
    });
  }

  #got(socket: Socket, chunk: Buffer): void {
    if (this.#word === "" || !chunk.includes(this.#word)) return;
    if (this.#waiting.delete(socket) && this.#waiting.size === 0) this.#all?.();
  }
}
