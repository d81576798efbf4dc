// The shop on Node: node examples/basket/node.ts
import { serve } from "../../adapters/runtimes/node.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { explain, port } from "../port.ts";
import { createShop } from "./shop.ts";

try {
  const { url } = await serve(createMcpHandler(createShop()), { port });
  console.log(`The shop is open at ${url}`);
} catch (error) {
  explain(error);
}
