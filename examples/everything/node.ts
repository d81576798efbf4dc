/** The conformance fixture on Node: `node examples/everything/node.ts`. */
import { serve } from "../../adapters/runtimes/node.ts";
import { start } from "./start.ts";

await start(serve);
