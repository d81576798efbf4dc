/**
 * A round-robin proxy: every request goes to the next node, with no stickiness at all. Where a node does
 * not take the connection, or refuses because it is shutting down, the next one is tried.
 *
 * @module
 */

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy that listens. */
export interface Proxy {
  readonly url: string;
  /** Nodes by their URL, in any order. Change it at will. */
  readonly nodes: string[];
  close(): Promise<void>;
}

/** Starts one on a free port of this machine, or on the port that is given. */
export function startProxy(nodes: readonly string[], port = 0): Promise<Proxy> {
  const targets = [...nodes];
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", () => {
      const first = turn++;
      forward(
        incoming,
        outgoing,
        chunks,
        (attempt) =>
          attempt < targets.length ? targets[(first + attempt) % targets.length] : undefined,
      );
    });
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
        nodes: targets,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: readonly Uint8Array[],
  next: (attempt: number) => string | undefined,
  attempt = 0,
): void {
  const target = next(attempt);
  if (target === undefined) {
    outgoing.writeHead(502, { "retry-after": "1" }).end("no node takes the request");
    return;
  }
  const again = (): void => forward(incoming, outgoing, body, next, attempt + 1);
  const { method, headers } = incoming;
  const passed = request(target, {
    method: method!,
    headers: { ...headers, host: new URL(target).host, connection: "close" },
    agent: false,
  });
  passed.on("response", (answer) => {
    const { statusCode, headers: answered } = answer;
    // A node that is shutting down takes nothing new: nothing has happened there.
    if (statusCode === 503 && next(attempt + 1) !== undefined) {
      answer.resume();
      return again();
    }
    outgoing.writeHead(statusCode!, { ...answered, connection: "keep-alive" });
    answer.pipe(outgoing);
    answer.on("error", () => outgoing.destroy());
    answer.on("close", () => answer.complete || outgoing.destroy());
  });
  passed.on("error", (error: Error & { code?: string }) => {
    if (outgoing.headersSent) return outgoing.destroy();
    // Only a connection that was refused is certain not to have reached the node.
    if (error.code === "ECONNREFUSED") return again();
    outgoing.writeHead(502).end("the node went away");
  });
  outgoing.on("close", () => passed.destroy());
  for (const chunk of body) passed.write(chunk);
  passed.end();
}
