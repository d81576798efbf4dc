/**
 * JSON-RPC error codes, by the names that the specifications give them.
 *
 * @module
 */

/** The body is not JSON, or not UTF-8 (JSON-RPC 2.0, section 5.1). */
export const PARSE_ERROR: -32700 = -32700;
/** The body is JSON but not a message of the revision, or a message used wrongly. */
export const INVALID_REQUEST: -32600 = -32600;
/** The method is not known here. */
export const METHOD_NOT_FOUND: -32601 = -32601;
/** `params` (or the `_meta` in it) is missing something or has it in the wrong form. */
export const INVALID_PARAMS: -32602 = -32602;
/** The application threw. Its message stays on the server. */
export const INTERNAL_ERROR: -32603 = -32603;
/** The transport refused the request; the HTTP status says more. */
export const TRANSPORT_REFUSED: -32000 = -32000;
/** There is no such session (for this caller). */
export const SESSION_NOT_FOUND: -32001 = -32001;
/** 2026-07-28: a header is missing, malformed or contradicts the body. */
export const HEADER_MISMATCH: -32020 = -32020;
/** 2026-07-28: the request needs a capability that the client did not declare. */
export const MISSING_CLIENT_CAPABILITY: -32021 = -32021;
/** 2026-07-28: the version named in the request is not served here. */
export const UNSUPPORTED_PROTOCOL_VERSION: -32022 = -32022;
