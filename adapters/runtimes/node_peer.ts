/**
 * Whether the peer of a Node request is still there.
 *
 * @module
 */

import { SYSTEM_CLOCK } from "../../core/engine/clock.ts";
import { saysClose, SILENCE_MS } from "../../core/engine/web/body.ts";
import type { NodeRequest, NodeResponse, NodeSocket } from "./node_http.ts";

/** True where the peer left before its answer: no event will tell any more. */
export function hasLeft(request: NodeRequest, response: NodeResponse): boolean {
  return response.destroyed === true || request.socket?.destroyed === true;
}

/** Calls `fn` once the response is at its end or its peer has left; perhaps more than once. */
export function onClose(request: NodeRequest, response: NodeResponse, fn: () => void): void {
  response.on("close", fn);
  // When a connection breaks, Node 22 tells only the first of the responses that are under way on it.
  const socket = response.socket === null ? request.socket : undefined;
  if (!socket) return;
  const waiting = WAITING.get(socket) ?? waitingOn(socket);
  waiting.add(fn);
  response.on("close", () => waiting.delete(fn));
}

/**
 * Ends an answer. Node closes a connection that ends with it, such as every one of nginx by default, also while the
 * body of the request still comes. The system then resets it, and the peer may never read what refused its request.
 */
export function endAnswer(
  request: NodeRequest,
  response: NodeResponse,
  body: string | Uint8Array,
  encoding?: "latin1" | "utf8",
): void {
  if (request.complete !== false || !endsWith(request, response)) {
    response.end(body, encoding);
    return;
  }
  if (body.length > 0) response.write(body, encoding);
  else response.flushHeaders?.();
  const over = (): void => {
    stop();
    response.end();
  };
  const wait = (): () => void => SYSTEM_CLOCK.after(SILENCE_MS, over);
  let stop = wait();
  request.on("data", () => {
    stop();
    stop = wait();
  });
  request.on("end", over);
  request.on("close", over);
}

// Bun always says that it keeps the connection. To ask Node for the field as well took a call 6 of 39 µs.
function endsWith(request: NodeRequest, response: NodeResponse): boolean {
  return KEEPS_ALWAYS
    ? saysClose(String(request.headers["connection"]))
    : response.shouldKeepAlive === false;
}

const KEEPS_ALWAYS = "Bun" in globalThis;

/** What has listeners for its end. */
interface Closing {
  rawListeners?(event: string): unknown[];
}

/**
 * For who comes when these have told of their end: what is returned tells it to the listeners that were added since.
 * They would wait for ever, as Node waits for no store before it calls them.
 */
export function lateClose(those: readonly Closing[]): () => void {
  const listeners = (one: Closing): unknown[] => one.rawListeners?.("close") ?? [];
  const told = new Set(those.flatMap(listeners));
  return () => {
    for (const one of those) {
      for (const fn of listeners(one)) if (!told.has(fn)) (fn as () => void).call(one);
    }
  };
}

/** Who waits for the end of responses that wait for the answers before them, by connection. */
const WAITING = new WeakMap<NodeSocket, Set<() => void>>();

// One listener a connection: on one that pipelines for ever they would pile up.
function waitingOn(socket: NodeSocket): Set<() => void> {
  const waiting = new Set<() => void>();
  WAITING.set(socket, waiting);
  socket.on("close", () => {
    for (const fn of waiting) fn();
  });
  return waiting;
}
