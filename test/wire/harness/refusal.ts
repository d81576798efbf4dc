import assert from "node:assert/strict";
import type { Whole } from "./http.ts";

/** What a refusal looks like. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  /** Part of the message. */
  readonly says?: string;
  /** The request's id; undefined where it cannot have been read. */
  readonly id?: string | number | undefined;
  /** Further header fields. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** Fails unless an answer is this refusal: a JSON-RPC error whose id is never null, and no session. */
export function refused(answer: Whole, expected: Refusal): void {
  const { status, code, says = "", id, fields = {} } = expected;
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.get("content-type"), "application/json");
  assert.equal(answer.get("mcp-session-id"), undefined, "a session on a refusal");
  const { json } = answer;
  assert.deepEqual(
    Object.keys(json),
    id === undefined ? ["jsonrpc", "error"] : [
      "jsonrpc",
      "id",
      "error",
    ],
  );
  assert.equal(json.jsonrpc, "2.0");
  assert.equal(json.id, id);
  assert.equal(json.error.code, code, json.error.message);
  assert.ok(json.error.message.includes(says), `${json.error.message} does not say ${says}`);
  for (const [name, value] of Object.entries(fields)) assert.equal(answer.get(name), value);
  if (status === 503) assert.match(answer.get("retry-after") ?? "", /^\d+$/);
}
