import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type GuardedListener, guardListener } from "../../adapters/runtimes/node.ts";
import {
  createSessions,
  type GuardOptions,
  type HandlerEvent,
  memory,
  type Sessions,
} from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";

export type Listener = GuardedListener<IncomingMessage, ServerResponse>;

/** What a client gets. */
export interface Answer {
  readonly status: number;
  readonly message: string;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** The connection broke before the answer was complete. */
  readonly cut: boolean;
}

/** A POST to /open opens a session. */
export const opens = (request: { url: string }): boolean =>
  new URL(request.url).pathname === "/open";

/** A backend that stores a session only after a while, as one on another machine does. */
export function distant(refuses = false): GuardOptions["backend"] & object {
  const backend = memory();
  const { sessions } = backend;
  return {
    ...backend,
    sessions: instead(sessions, "create", async (own, args) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (refuses) throw new Error("the store is down");
      return await own(...args);
    }),
  };
}

/** Backends, by what it takes them to store a session. */
export const stores = {
  "a store that answers at once": () => memory(),
  "a store that takes its time": () => distant(),
};

/** Serves a listener behind sessions until the test is over. */
export async function served(
  t: TestContext,
  listener: Listener,
  options: Partial<GuardOptions> = {},
): Promise<{ port: number; sessions: Sessions; events: HandlerEvent[] }> {
  const events: HandlerEvent[] = [];
  const sessions = createSessions({ opens, onEvent: (event) => events.push(event), ...options });
  const server = createServer(guardListener(sessions, listener));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    void sessions.close();
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions, events };
}

/** Sends one request, and reads its answer to the end. */
export function ask(
  port: number,
  path: string,
  { method = "POST", id, body }: { method?: string; id?: string | undefined; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = id === undefined ? {} : { "mcp-session-id": id };
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => text += chunk);
      response.on("error", () => {/* the close that follows tells */});
      response.on("close", () =>
        resolve({
          status: response.statusCode ?? 0,
          message: response.statusMessage ?? "",
          headers: response.headers,
          text,
          cut: !response.complete,
        }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Opens a session. */
export async function open(port: number): Promise<string> {
  const { status, headers } = await ask(port, "/open");
  assert.equal(status, 200);
  return headers["mcp-session-id"] as string;
}
