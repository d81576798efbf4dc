/**
 * Server-sent events as text (WHATWG HTML, section 9.2).
 *
 * @module
 */

import type { ReplyHeaders } from "./reply.ts";

/** The headers of every event stream: nothing on the way may store, change or hold it back. */
export const SSE_HEADERS: ReplyHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** A comment: bytes on the wire, no event. The first byte of a stream, and its keep-alive. */
export const COMMENT = ":\n\n";

/**
 * One event. `data` is JSON text, so it has no line break; the id is left out where it is undefined. Its type is named
 * although it is the one that is meant where none is: some clients drop what names none.
 */
export function eventText(id: string | undefined, data: string): string {
  return id === undefined
    ? `event: message\ndata: ${data}\n\n`
    : `event: message\nid: ${id}\ndata: ${data}\n\n`;
}

/** The event that only tells where to resume: an id and empty data (2025-11-25, basic/transports). */
export function primingText(id: string): string {
  return `id: ${id}\ndata: \n\n`;
}

/**
 * The reconnection time, in milliseconds, for a stream whose connection is about to end. A fraction is rounded up:
 * clients ignore what is not digits alone.
 */
export function retryText(ms: number): string {
  return `retry: ${Math.ceil(ms)}\n\n`;
}

/** A place in a stream. Position 0 is before its first event. */
export interface EventCursor {
  readonly stream: string;
  readonly position: number;
}

/** The event id for a place in a stream. Opaque to clients. */
export function eventId(stream: string, position: number): string {
  return `${stream}_${position.toString(36)}`;
}

/** Reads an event id; undefined where it is none of ours. */
export function parseEventId(text: string): EventCursor | undefined {
  const match = /^([0-9A-Za-z-]{1,64})_(0|[1-9a-z][0-9a-z]{0,9})$/.exec(text);
  return match === null ? undefined : { stream: match[1]!, position: parseInt(match[2]!, 36) };
}
