/**
 * What the application asks of the client in the middle of a modern request. There is no way to ask: the
 * request ends with what is needed, and the client sends it again with the answers (2026-07-28
 * basic/patterns/mrtr). The application's function is run again from its beginning; answers it has had
 * come from the request.
 *
 * @module
 */

import { metaOf } from "../../inbound/modern_rules.ts";
import {
  INVALID_PARAMS,
  INVALID_REQUEST,
  MISSING_CLIENT_CAPABILITY,
} from "../../protocol/error_codes.ts";
import {
  isObject,
  type JsonObject,
  nestsTooDeep,
  quote,
  type RpcRequest,
} from "../../protocol/json_rpc.ts";
import {
  CLIENT_CAPABILITY,
  INPUT_METHODS,
  META,
  missingCapability,
} from "../../protocol/modern.ts";
import { RpcError } from "../errors.ts";
import type { InputRequest } from "../exchange.ts";
import type { RequestStates } from "./request_state.ts";

/** Ends a run of the application: the client has to answer first. Let it pass; do not catch it. */
export class InputRequired extends Error {
  override readonly name = "InputRequired";
  /** The `input_required` result. */
  readonly result: JsonObject;

  constructor(result: JsonObject) {
    super("the client has to answer first; the request will be run again");
    this.result = result;
  }
}

/** Where the states of requests are sealed and opened. */
export interface StateKeeper {
  readonly requestStates: RequestStates;
}

/** What one modern request brings with it: its `_meta`, and the inputs for whoever asks. Most calls ask for nothing. */
export class Inputs {
  readonly meta: JsonObject;
  readonly #request: RpcRequest;
  readonly #principal: string | undefined;
  readonly #keeper: StateKeeper;
  #value: unknown;
  #known: Promise<{ [key: string]: JsonObject }> | undefined;
  #asked = 0;
  #unmet = 0;

  constructor(request: RpcRequest, principal: string | undefined, keeper: StateKeeper) {
    this.meta = metaOf({ kind: "request", message: request });
    this.#request = request;
    this.#principal = principal;
    this.#keeper = keeper;
  }

  /** The key of a request that was given none: its number in this run, which is the same in every run. */
  nextKey(): string {
    return `input-${++this.#asked}`;
  }

  /** How many asked for what the client has not answered yet. With any, the request has to end without a result. */
  get unmet(): number {
    return this.#unmet;
  }

  /** Seals a value of the application's own; answers that are known travel with it. */
  async seal(value: unknown): Promise<string> {
    const answers = await (this.#known ??= this.#read());
    if (nestsTooDeep(answers)) {
      throw new RpcError(INVALID_PARAMS, "Invalid params: inputResponses nest too deep");
    }
    return await this.#keeper.requestStates.seal(
      { answers, value },
      this.#request,
      this.#principal,
    );
  }

  /** The application's own value, where the request brings one. */
  async state(): Promise<unknown> {
    await (this.#known ??= this.#read());
    return this.#value;
  }

  /**
   * The answers, by key.
   *
   * @throws {InputRequired} Where one is missing.
   * @throws {RpcError} -32021 where the client did not declare the capability, -32602 for a state that is not ours.
   */
  async get(
    requests: { readonly [key: string]: InputRequest },
  ): Promise<{ [key: string]: JsonObject }> {
    this.#unmet++;
    try {
      const known = await this.#find(requests);
      this.#unmet--;
      return known;
    } catch (error) {
      if (!(error instanceof InputRequired)) this.#unmet--;
      throw error;
    }
  }

  async #find(
    requests: { readonly [key: string]: InputRequest },
  ): Promise<{ [key: string]: JsonObject }> {
    if (!INPUT_METHODS.has(this.#request.method)) {
      throw new RpcError(INVALID_REQUEST, `${this.#request.method} cannot ask for input`);
    }
    const known = await (this.#known ??= this.#read());
    const missing = Object.keys(requests).filter((key) => !Object.hasOwn(known, key));
    if (missing.length === 0) return known;
    requireCapabilities(
      Object.fromEntries(missing.map((key) => [key, requests[key]])),
      this.meta[META.clientCapabilities] as JsonObject,
    );
    const inputRequests = Object.fromEntries(missing.map((key) => {
      const { method, params = {} } = requests[key]!;
      return [key, { method, params }];
    }));
    // The next retry answers only what is asked now: what is known already travels with it.
    const nothing = Object.keys(known).length === 0 && this.#value === undefined;
    const requestState = nothing ? {} : { requestState: await this.seal(this.#value) };
    throw new InputRequired({ resultType: "input_required", inputRequests, ...requestState });
  }

  async #read(): Promise<{ [key: string]: JsonObject }> {
    const known: { [key: string]: JsonObject } = Object.create(null);
    const { requestState, inputResponses } = this.#request.params ?? {};
    if (requestState !== undefined) {
      const state = await this.#keeper.requestStates.open(
        requestState,
        this.#request,
        this.#principal,
      );
      if (isObject(state) && isObject(state.answers)) Object.assign(known, state.answers);
      if (isObject(state)) this.#value = state.value;
    }
    if (isObject(inputResponses)) {
      for (const [key, answer] of Object.entries(inputResponses)) {
        if (isObject(answer)) known[key] = answer;
      }
    }
    return known;
  }
}

/**
 * Makes sure that the client can be asked.
 *
 * @throws {RpcError} -32021 with everything that is missing in `data.requiredCapabilities`.
 */
export function requireCapabilities(
  requests: { readonly [key: string]: unknown },
  declared: JsonObject,
): void {
  const missing: { [name: string]: JsonObject } = {};
  for (const request of Object.values(requests)) {
    const { method, params } = isObject(request) ? request : {};
    if (typeof method !== "string" || !CLIENT_CAPABILITY.has(method)) {
      throw new TypeError(`${quote(method)} is no request that a client answers`);
    }
    const lacking = missingCapability(method, isObject(params) ? params : {}, declared) ?? {};
    for (const [name, parts] of Object.entries(lacking)) {
      missing[name] = { ...missing[name], ...parts as JsonObject };
    }
  }
  if (Object.keys(missing).length === 0) return;
  throw new RpcError(
    MISSING_CLIENT_CAPABILITY,
    `The request needs a capability that the client did not declare: ${
      Object.keys(missing).join(", ")
    }`,
    { requiredCapabilities: missing },
  );
}
