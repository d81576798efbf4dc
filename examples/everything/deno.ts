/** The conformance fixture on Deno: `deno run --allow-net --allow-env examples/everything/deno.ts`. */
import { serve } from "../../adapters/runtimes/deno.ts";
import { start } from "./start.ts";

await start(serve);
