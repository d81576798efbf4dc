/**
 * Which parameters of which tool a modern client mirrors into headers, read from the application's schemas
 * once and not at every call.
 *
 * @module
 */

import { type ParamHeader, paramHeaders } from "../../protocol/param_headers.ts";
import type { Application } from "../application.ts";
import { promiseOf } from "../awaitable.ts";
import { shown } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Awaitable } from "../ports.ts";

type Tools = Iterable<{ readonly name: string; readonly inputSchema?: unknown }>;
type ByTool = ReadonlyMap<string, readonly ParamHeader[]>;

const NONE: readonly ParamHeader[] = [];
const NO_TOOLS: ByTool = new Map();

/** The mirrored parameters of an application's tools. */
export class MirroredParams {
  readonly #application: Application;
  readonly #emit: OnEvent;
  #tools: Awaitable<ByTool> = NO_TOOLS;
  /** What was read last: where it cannot be read anew, headers must not go unchecked. */
  #known: ByTool = NO_TOOLS;

  constructor(application: Application, emit: OnEvent) {
    this.#application = application;
    this.#emit = emit;
    this.refresh();
  }

  /** Those of one tool. */
  of(tool: unknown): Awaitable<readonly ParamHeader[]> {
    const tools = this.#tools;
    if (tools instanceof Promise) return tools.then((map) => map.get(tool as string) ?? NONE);
    return tools.get(tool as string) ?? NONE;
  }

  /** Asks the application again; an invalid annotation is told of once each time. */
  refresh(): void {
    if (this.#application.tools === undefined) return;
    try {
      const tools = this.#application.tools();
      const promise = promiseOf(tools);
      if (promise === undefined) {
        this.#tools = this.#known = this.#read(tools as Tools);
        return;
      }
      const asked = promise.then((list) => this.#read(list)).catch((error) => this.#failed(error))
        .then((map) => {
          // From here on no call waits for it.
          if (this.#tools === asked) this.#tools = this.#known = map;
          return map;
        });
      this.#tools = asked;
    } catch (error) {
      this.#tools = this.#failed(error);
    }
  }

  #read(tools: Tools): ByTool {
    // A text can be iterated, too.
    if (typeof tools !== "object" || typeof tools?.[Symbol.iterator] !== "function") {
      throw new TypeError(`tools: gave ${shown(tools)}, not a list of tools`);
    }
    const map = new Map<string, readonly ParamHeader[]>();
    for (const { name, inputSchema } of tools) {
      const read = paramHeaders(inputSchema);
      if (!read.valid) this.#emit({ type: "invalid-tool", tool: name, problem: read.problem });
      else map.set(name, read.headers);
    }
    return map;
  }

  #failed(error: unknown): ByTool {
    this.#emit({ type: "application-error", method: "tools", error });
    return this.#known;
  }
}
