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

/** A listener that is given the session. */
export type GuardedListener<Req extends NodeRequest, Res extends NodeResponse> = (
  request: Req,
  response: Res,
  session: GuardSession,
) => unknown;

/**
 * Wraps a listener for `http.createServer`. The answer to the request that opens a session gets its id once
 * the status is known to be 2xx and the session is stored. An event stream ends with its session. What the
 * listener throws, or rejects with, is told as an event; where nothing was sent yet, the answer is 500.
 *
 * @throws {OptionError} One of the two is none.
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
