/**
 * From the environment to a server that listens; the same on every runtime.
 *
 * @module
 */

import process from "node:process";
import type { ServeOptions, Serving } from "../../adapters/runtimes/serving.ts";
import { type McpHandler, OptionError } from "../../core/engine/mod.ts";
import { createEverything } from "./app.ts";
import { EnvironmentError, readEnvironment, variableOf } from "./env.ts";

/** A runtime's `serve`. */
export type Serve = (handler: McpHandler, options: ServeOptions) => Promise<Serving>;

/** Serves the fixture as the environment says. Says what is wrong and ends with 1 where it cannot. */
export async function start(serve: Serve): Promise<void> {
  try {
    const { port, hostname, backend, options } = readEnvironment(process.env);
    const handler = createEverything({ ...options, ...await backend() });
    const { url } = await serve(handler, { port, hostname });
    console.log(`listening on ${url}`);
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof EnvironmentError) return error.message;
  // The library knows its options; who runs this knows the variables.
  if (error instanceof OptionError) {
    return error.message.replace(error.option, variableOf(error.option) ?? error.option);
  }
  return `cannot serve: ${error instanceof Error ? error.message : String(error)}`;
}
