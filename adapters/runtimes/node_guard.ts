/**
 * The session lifecycle around an existing `node:http` listener: plain, Express, Fastify, anything that
 * takes Node's request and response.
 *
 * @module
 */

import type { Entry, GuardSession, Sessions } from "../../core/engine/guard.ts";
import type { Reply } from "../../core/engine/reply.ts";
import { NodeHead, type NodeRequest, type NodeResponse, sendReply } from "./node_http.ts";

/** A listener that is given the session. */
export type GuardedListener<Req extends NodeRequest, Res extends NodeResponse> = (
  request: Req,
  response: Res,
  session: GuardSession,
) => unknown;

/** The part of a response that is held back until the session is stored. */
interface Held {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  writeHead(...args: unknown[]): unknown;
  write(...args: unknown[]): boolean;
  end(...args: unknown[]): unknown;
  flushHeaders(): void;
  emit(event: string): boolean;
}

/**
 * Wraps a listener for `http.createServer`. The answer to the request that opens a session gets its id once
 * the status is known to be 2xx and the session is stored.
 */
export function guardListener<Req extends NodeRequest, Res extends NodeResponse>(
  sessions: Sessions,
  listener: GuardedListener<Req, Res>,
): (request: Req, response: Res) => void {
  return (request, response) => {
    sessions.enter(new NodeHead(request)).then((entered) => {
      if ("status" in entered) return sendReply(response, entered);
      response.on("close", () => entered.leave());
      entered.onEnd(() => {
        if (!response.headersSent) return;
        response.end();
      });
      holdHead(response as unknown as Held, response, entered);
      return listener(request, response, entered.session);
    }).catch(() => response.destroy());
  };
}

// The first call that would send the head asks the session layer; what comes meanwhile waits in order.
function holdHead(held: Held, response: NodeResponse, entry: Entry): void {
  const { writeHead, write, end, flushHeaders } = held;
  const waiting: (() => void)[] = [];
  let asked = false;
  let replaced = false;

  const restore = (): void => {
    Object.assign(held, { writeHead, write, end, flushHeaders });
  };
  const ask = (status: number): void => {
    if (asked) return;
    asked = true;
    entry.commit(status).then((committed) => {
      restore();
      if ("status" in committed) return replace(committed);
      for (const [name, value] of Object.entries(committed.add)) held.setHeader(name, value);
      for (const step of waiting) step();
      held.emit("drain");
    }).catch(() => response.destroy());
  };
  const replace = (reply: Reply): void => {
    replaced = true;
    // What the listener set belongs to an answer that is not given.
    for (const name of (held as unknown as { getHeaderNames(): string[] }).getHeaderNames()) {
      (held as unknown as { removeHeader(name: string): void }).removeHeader(name);
    }
    sendReply(response, reply);
    Object.assign(held, { write: () => true, end: () => held, writeHead: () => held });
  };

  Object.assign(held, {
    writeHead: (...args: unknown[]) => {
      waiting.push(() => writeHead.apply(held, args));
      ask(args[0] as number);
      return held;
    },
    write: (...args: unknown[]) => {
      ask(held.statusCode);
      if (!replaced) waiting.push(() => write.apply(held, args));
      return false;
    },
    end: (...args: unknown[]) => {
      ask(held.statusCode);
      if (!replaced) waiting.push(() => end.apply(held, args));
      return held;
    },
    flushHeaders: () => {
      ask(held.statusCode);
      waiting.push(() => flushHeaders.call(held));
    },
  });
}
