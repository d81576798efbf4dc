/**
 * The session lifecycle around an existing `node:http` listener: plain, Express, Fastify, anything that
 * takes Node's request and response.
 *
 * @module
 */

import type { GuardSession, Sessions } from "../../core/engine/guard/guard.ts";
import { accept, needed } from "../../core/engine/options/readers.ts";
import { HeldResponse, type NodeAnswer } from "./held_response.ts";
import { NodeHead } from "./node_head.ts";
import { type NodeRequest, type NodeResponse, sendReply } from "./node_http.ts";
import { hasLeft, lateClose, onClose } from "./node_peer.ts";

/** A listener for `node:http` that is given the session as its third argument. */
export type GuardedListener<Req extends NodeRequest, Res extends NodeResponse> = (
  request: Req,
  response: Res,
  session: GuardSession,
) => unknown;

/**
 * Puts the session lifecycle around a listener for `http.createServer`: plain, Express, Fastify, anything that takes
 * Node's request and response.
 *
 * The answer to the request that opens a session gets the session's id, if it is 2xx and the session could be stored;
 * otherwise nothing is opened. The head of that answer waits for the store. An event stream holds its session as long
 * as it goes on, and ends with it. What the listener throws or rejects with is told as an `application-error` event;
 * where nothing was sent yet, the answer is 500.
 *
 * @param sessions What `createSessions` made.
 * @throws {OptionError} `sessions` is not what `createSessions` makes, or `listener` is not a function.
 *
 * @example
 * ```ts
 * import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
 * import { createSessions } from "mcp-session";
 * import { guardListener } from "mcp-session/node";
 *
 * const sessions = createSessions({
 *   opens: ({ method, url }) => method === "POST" && new URL(url).pathname === "/mcp/init",
 * });
 * const listener = guardListener(
 *   sessions,
 *   (_request: IncomingMessage, response: ServerResponse, session) => response.end(session.id),
 * );
 * createServer(listener).listen(3000, "127.0.0.1");
 * ```
 */
export function guardListener<Req extends NodeRequest, Res extends NodeResponse>(
  sessions: Sessions,
  listener: GuardedListener<Req, Res>,
): (request: Req, response: Res) => void {
  const is = typeof sessions?.enter === "function";
  accept("sessions", sessions, is, "is not what createSessions makes");
  needed("listener", listener);
  return (request, response) => {
    const gone = hasLeft(request, response);
    let closed = false;
    let leave = (): void => {};
    // The peer may be gone before the store has answered.
    onClose(request, response, () => {
      closed = true;
      leave();
    });
    sessions.enter(new NodeHead(request)).then(async (entered) => {
      if ("status" in entered) return sendReply(response, entered, request);
      leave = () => entered.leave();
      if (gone || closed) leave();
      const held = new HeldResponse(request, response as unknown as NodeAnswer, entered);
      const tell = closed ? lateClose([request, response]) : undefined;
      try {
        const answering = listener(request, response, entered.session);
        tell?.();
        await answering;
      } catch (error) {
        held.fail(error);
      }
    }).catch(() => response.destroy());
  };
}
