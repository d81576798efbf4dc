/**
 * Server-sent events as text (WHATWG HTML, section 9.2).
 *
 * @module
 */

import type { ReplyHeaders } from "./reply.ts";

/** The header fields of every event stream: they ask proxies not to store it, change it or hold it back. */
export const SSE_HEADERS: ReplyHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/**
 * A comment: bytes on the wire that are no event. Streams begin with one, or with a priming event, and are kept alive
 * by it.
 */
export const COMMENT = ":\n\n";

/**
 * One event as text. Its type, `message`, is written out although that is the default: some clients drop events
 * without.
 *
 * @param id Left out where it is undefined.
 * @param data JSON text, which has no line break.
 */
export function eventText(id: string | undefined, data: string): string {
  return id === undefined
    ? `event: message\ndata: ${data}\n\n`
    : `event: message\nid: ${id}\ndata: ${data}\n\n`;
}

/** The priming event, which only tells where to resume: an id and empty data (2025-11-25, basic/transports). */
export function primingText(id: string): string {
  return `id: ${id}\ndata: \n\n`;
}

/**
 * Tells the client, as text, after how many milliseconds to come back once the connection ends. A fraction is rounded
 * up, for clients ignore what is not digits alone.
 */
export function retryText(ms: number): string {
  return `retry: ${Math.ceil(ms)}\n\n`;
}

/** A place in a stream. */
export interface EventCursor {
  /** The name of the stream. */
  readonly stream: string;
  /** The position of an event, from 1; 0 is before the first. */
  readonly position: number;
}

/** Writes the event id for a place in a stream. To clients it is opaque. */
export function eventId(stream: string, position: number): string {
  return `${stream}_${position.toString(36)}`;
}

/** Reads an event id; undefined where {@linkcode eventId} has not written it. */
export function parseEventId(text: string): EventCursor | undefined {
  const match = /^([0-9A-Za-z-]{1,64})_(0|[1-9a-z][0-9a-z]{0,9})$/.exec(text);
  return match === null ? undefined : { stream: match[1]!, position: parseInt(match[2]!, 36) };
}
