/**
 * The headers that MCP defines, and the form of their values.
 *
 * @module
 */

/** The name of the header with the session's id. These names are in lower case, as every runtime stores them. */
export const SESSION_ID_HEADER = "mcp-session-id";
/** The name of the header with the revision that a request speaks. */
export const VERSION_HEADER = "mcp-protocol-version";
/** The name of the header with the event id after which a stream is resumed (WHATWG HTML, server-sent events). */
export const LAST_EVENT_ID_HEADER = "last-event-id";
/** 2026-07-28: the name of the header with the body's `method`. */
export const METHOD_HEADER = "mcp-method";
/** 2026-07-28: the name of the header with the body's `params.name`, `params.uri` or `params.taskId`. */
export const NAME_HEADER = "mcp-name";

/** How many characters a session id may have. */
export const SESSION_ID_MAX = 256;

/**
 * True for a session id of the form that the revisions allow: visible ASCII, 0x21 to 0x7E
 * (2025-11-25, basic/transports, Session Management), 1 to {@linkcode SESSION_ID_MAX} characters.
 * A header that was sent twice arrives as `a, b`: its blank is outside the form.
 */
export function isSessionId(value: string): boolean {
  const { length } = value;
  return length >= 1 && length <= SESSION_ID_MAX && isVisible(value);
}

/** True for one value of visible ASCII without a comma: a header that was sent twice arrives with one. */
export function isSingleToken(value: string): boolean {
  return value !== "" && isVisible(value) && !value.includes(",");
}

function isVisible(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
