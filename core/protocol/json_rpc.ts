/**
 * JSON-RPC 2.0 as MCP narrows it: what a body is, decided once. MCP forbids a null id, wants ids that
 * are strings or integers, and objects for `params` and `result` (basic/index, Messages).
 *
 * @module
 */

/** A JSON-RPC request id. The number 5 and the string "5" are two ids. */
export type RequestId = string | number;

/** A JSON object of unknown content. */
export type JsonObject = { readonly [key: string]: unknown };

/** A JSON-RPC message that wants an answer. */
export interface RpcRequest {
  /** The version of JSON-RPC. */
  readonly jsonrpc: "2.0";
  /** The id that the answer will carry. */
  readonly id: RequestId;
  /** The method, such as `tools/call`. */
  readonly method: string;
  /** The params, as the client sent them: nothing has checked what is in them. */
  readonly params?: JsonObject;
}

/** A JSON-RPC message that wants no answer. */
export interface RpcNotification {
  /** The version of JSON-RPC. */
  readonly jsonrpc: "2.0";
  /** The method, such as `notifications/progress`. */
  readonly method: string;
  /** The params, as the client sent them: nothing has checked what is in them. */
  readonly params?: JsonObject;
}

/** The `error` member of a JSON-RPC answer. */
export interface RpcErrorObject {
  /** JSON-RPC error code, an integer. */
  readonly code: number;
  /** What is wrong, in words. */
  readonly message: string;
  /** What else there is to say; any JSON. */
  readonly data?: unknown;
}

/** The answer to a request: either `result` or `error`. */
export interface RpcResponse {
  /** The version of JSON-RPC. */
  readonly jsonrpc: "2.0";
  /** Absent only on an error that could not be tied to a request. */
  readonly id?: RequestId;
  /** The result, where there is no error. */
  readonly result?: JsonObject;
  /** The error, where there is no result. */
  readonly error?: RpcErrorObject;
}

/** One message, and which kind of message it is. */
export type RpcMessage =
  | { readonly kind: "request"; readonly message: RpcRequest }
  | { readonly kind: "notification"; readonly message: RpcNotification }
  | { readonly kind: "response"; readonly message: RpcResponse };

/** What a POST's body turned out to be. */
export type Body =
  | RpcMessage
  | { readonly kind: "batch"; readonly messages: readonly RpcMessage[] }
  | BodyFault;

/** A body that is no message. */
export interface BodyFault {
  /** Which kind of body this is. */
  readonly kind: "fault";
  /** The rule that refuses it. */
  readonly rule: "parse-error" | "invalid-message";
  /** The field at fault and what was found there. */
  readonly detail: string;
  /** The request's id, where one could be read. */
  readonly id?: RequestId | undefined;
}

/** Reads a body. Never throws: a body that is no message is a {@linkcode BodyFault}. */
export function parseBody(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {
      kind: "fault",
      rule: "parse-error",
      detail: text === "" ? "empty" : "not JSON",
    };
  }
  if (!Array.isArray(value)) return classify(value);
  if (value.length === 0) return fault("an empty batch");
  const messages: RpcMessage[] = [];
  for (const item of value) {
    const one = classify(item);
    if (one.kind === "fault") return one;
    messages.push(one);
  }
  return { kind: "batch", messages };
}

/** The id of a body that is a single request, also of one that is no message but for its id; undefined for any other. */
export function requestId(body: Body): RequestId | undefined {
  if (body.kind === "fault") return body.id;
  return body.kind === "request" ? body.message.id : undefined;
}

/** True for a JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for an id that MCP allows: a string, or an integer that survives JSON unchanged. */
export function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}

/**
 * Writes an answer that carries a result.
 *
 * @throws {TypeError} The result is no object in JSON.
 */
export function resultText(id: RequestId, result: unknown): string {
  const text = JSON.stringify(result);
  // It may have a `toJSON` of its own.
  if (text?.[0] !== "{") throw new TypeError(`the result is ${quote(text)} in JSON, not an object`);
  // A number, which MCP wants to be an integer, is its own JSON.
  const name = typeof id === "number" ? id : JSON.stringify(id);
  return `{"jsonrpc":"2.0","id":${name},"result":${text}}`;
}

/** Writes an answer that carries an error. Without an id it is left out, never null. */
export function errorText(id: RequestId | undefined, error: RpcErrorObject): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error });
}

/** Writes a notification. */
export function notificationText(method: string, params: JsonObject | undefined): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}

/** Writes a `notifications/progress`. */
// By hand, for a call may send many: on Node 24 it takes 0.2 µs, and as an object 0.8.
export function progressText(
  token: RequestId,
  progress: number,
  total: number | undefined,
  message: string | undefined,
): string {
  const name = JSON.stringify(token);
  const plain = Number.isFinite(progress) && (total === undefined || Number.isFinite(total)) &&
    (message === undefined || typeof message === "string");
  // What its types forbid, JSON has words for, or leaves out.
  if (!plain) {
    const params = { progressToken: token, progress, total, message };
    return notificationText("notifications/progress", params);
  }
  const rest = (total === undefined ? "" : `,"total":${total}`) +
    (message === undefined ? "" : `,"message":${JSON.stringify(message)}`);
  return `{"jsonrpc":"2.0","method":"notifications/progress",` +
    `"params":{"progressToken":${name},"progress":${progress}${rest}}}`;
}

/** Writes a request. */
export function requestText(id: RequestId, method: string, params: JsonObject | undefined): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

function classify(value: unknown): RpcMessage | BodyFault {
  if (!isObject(value)) return fault(`${quote(value)} where a message object is expected`);
  const { id, method, params } = value;
  if (value.jsonrpc !== "2.0") {
    return fault(`jsonrpc is ${quote(value.jsonrpc)}, expected "2.0"`, value);
  }
  if (id !== undefined && !isRequestId(id)) {
    const { MAX_SAFE_INTEGER: most } = Number;
    return fault(`id is ${quote(id)}, expected a string or an integer from -${most} to ${most}`);
  }
  if (method === undefined) return classifyResponse(value);
  if (typeof method !== "string") {
    return fault(`method is ${quote(method)}, expected a string`, value);
  }
  if (value.result !== undefined || value.error !== undefined) {
    return fault("method stands beside result or error; a message has one of them", value);
  }
  if (params !== undefined && !isObject(params)) {
    return fault(`params is ${quote(params)}, expected an object`, value);
  }
  return id === undefined
    ? { kind: "notification", message: value as unknown as RpcNotification }
    : { kind: "request", message: value as unknown as RpcRequest };
}

function classifyResponse(value: JsonObject): RpcMessage | BodyFault {
  const { id, result, error } = value;
  if ((result === undefined) === (error === undefined)) {
    return fault("a message needs exactly one of method, result and error", value);
  }
  if (result !== undefined) {
    if (id === undefined) return fault("a result needs the id of its request");
    if (!isObject(result)) return fault(`result is ${quote(result)}, expected an object`);
  } else if (
    !isObject(error) || !Number.isInteger(error.code) || typeof error.message !== "string"
  ) {
    return fault("error needs an integer code and a string message");
  }
  return { kind: "response", message: value as unknown as RpcResponse };
}

// The id of an answer names a request of ours: sent back, it would name one of theirs.
function fault(detail: string, { id, method, result, error }: JsonObject = {}): BodyFault {
  const asks = method !== undefined || (result === undefined && error === undefined);
  const known = asks && isRequestId(id) ? id : undefined;
  return { kind: "fault", rule: "invalid-message", detail, id: known };
}

/** How many levels are written out of what a peer has sent. */
const MAX_LEVELS = 1_000;

/**
 * True where a JSON value of a peer nests too deep to be written out again. Node and Bun would throw, and Bun takes a
 * second for 30 000 levels, which are 60 kB.
 */
export function nestsTooDeep(value: unknown, levels: number = MAX_LEVELS): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Object.values(value)) if (nestsTooDeep(inner, levels - 1)) return true;
  return false;
}

/**
 * Writes a value as an error message shows it: as JSON, cut to 80 characters so that it cannot flood a log. Objects and
 * arrays are only named, because writing one out could take as long, and nest as deep, as the peer pleases.
 */
export function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  // `1e400` is JSON, but what it is read as has none.
  if (value === Infinity || value === -Infinity) return String(value);
  const text = JSON.stringify(typeof value === "string" ? value.slice(0, 80) : value) ?? "absent";
  // Only a string can be that long.
  return text.length > 80 ? `${text.slice(0, 78)}…"` : text;
}
