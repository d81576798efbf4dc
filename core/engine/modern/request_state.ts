/**
 * `requestState`: what an application wants to find again in the retry of a request, carried by the client,
 * who can neither read nor change it (2026-07-28 basic/patterns/mrtr, Server Requirements 4 and 5).
 *
 * @module
 */

import { INVALID_PARAMS } from "../../protocol/error_codes.ts";
import type { RpcRequest } from "../../protocol/json_rpc.ts";
import { fromBase64url, toBase64url } from "../base64url.ts";
import type { Clock } from "../clock.ts";
import { RpcError } from "../errors.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const IV_BYTES = 12;

/** How deep the parameters of a request may nest that a state is bound to. */
const MAX_DEPTH = 200;

/**
 * Seals state with AES-256-GCM. It is bound to the principal, to the request (its method and parameters)
 * and to a time.
 */
export class RequestStates {
  readonly #keys: readonly Promise<CryptoKey>[];
  readonly #clock: Clock;
  readonly #ttlMs: number;

  /**
   * @param keys 32 bytes each. The first seals, every one opens: put a new one first to rotate.
   * @param ttlMs How long a state may take to come back, in milliseconds.
   */
  constructor(keys: readonly Uint8Array[], ttlMs: number, clock: Clock) {
    const given = keys.length > 0 ? keys : [crypto.getRandomValues(new Uint8Array(32))];
    this.#keys = given.map((key) =>
      crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, ["encrypt", "decrypt"])
    );
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** Seals a JSON value. */
  async seal(
    value: unknown,
    request: RpcRequest,
    principal: string | undefined,
  ): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const text = JSON.stringify([this.#clock.now() + this.#ttlMs, value]);
    const additionalData = await binding(request, principal);
    const sealed = new Uint8Array(
      await crypto.subtle.encrypt(
        { name: "AES-GCM", iv, additionalData },
        await this.#keys[0]!,
        ENCODER.encode(text),
      ),
    );
    return toBase64url(iv) + toBase64url(sealed);
  }

  /**
   * Opens what was sealed.
   *
   * @throws {RpcError} -32602, the same for every cause: changed, too old, another principal's, another request's.
   */
  async open(
    state: unknown,
    request: RpcRequest,
    principal: string | undefined,
  ): Promise<unknown> {
    const bytes = typeof state === "string" ? fromBase64url(state) : undefined;
    if (bytes === undefined || bytes.byteLength <= IV_BYTES) throw invalid();
    const additionalData = await binding(request, principal);
    for (const key of this.#keys) {
      let opened: ArrayBuffer;
      try {
        opened = await crypto.subtle.decrypt(
          { name: "AES-GCM", iv: bytes.slice(0, IV_BYTES), additionalData },
          await key,
          bytes.slice(IV_BYTES),
        );
      } catch {
        // Not by this key.
        continue;
      }
      const [expires, value] = JSON.parse(DECODER.decode(opened)) as [number | null, unknown];
      // JSON has no infinity.
      if (expires === null || expires > this.#clock.now()) return value;
      break;
    }
    throw invalid();
  }
}

function invalid(): RpcError {
  return new RpcError(INVALID_PARAMS, "Invalid params: requestState is not valid for this request");
}

// The retry has the same method and parameters, but for what the retry adds.
async function binding(
  request: RpcRequest,
  principal: string | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { _meta, inputResponses: _responses, requestState: _state, ...params } = request.params ??
    {};
  const text = JSON.stringify([principal ?? null, request.method, canonical(params)]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", ENCODER.encode(text)));
}

// Clients may write the keys of an object in another order the second time.
function canonical(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) {
    throw new RpcError(INVALID_PARAMS, `Invalid params: they nest deeper than ${MAX_DEPTH} levels`);
  }
  if (Array.isArray(value)) return value.map((inner) => canonical(inner, depth + 1));
  const members = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(members.map(([key, inner]) => [key, canonical(inner, depth + 1)]));
}
