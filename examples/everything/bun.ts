/** The conformance fixture on Bun: `bun run examples/everything/bun.ts`. */
import { serve } from "../../adapters/runtimes/bun.ts";
import { start } from "./start.ts";

await start(serve);
