/**
 * What every function of the fixture is given.
 *
 * @module
 */

import type { Awaitable, Exchange, JsonObject, McpHandler } from "../../core/engine/mod.ts";
import type { SessionStates } from "./session_states.ts";
import type { Tasks } from "./tasks.ts";

/** One request's surroundings. */
export interface Context {
  readonly exchange: Exchange;
  readonly states: SessionStates;
  readonly tasks: Tasks;
  /** The handler that serves this very request. */
  readonly server: McpHandler;
}

/** Answers the requests of one method with the `result`. */
export type Method = (params: JsonObject, context: Context) => Awaitable<object>;
