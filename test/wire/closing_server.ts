/**
 * A server in a process of its own, which signals end. Prints its port, and what it is told to do by its standard
 * input once it is done.
 */
import { createMcpHandler } from "../../core/engine/mod.ts";
import { app, serveHere } from "./harness/runtime.ts";

let finish = (): void => {};
const mcp = createMcpHandler(
  app(() => {
    console.log("called");
    return new Promise((done) => finish = () => done({ finished: true }));
  }),
  { sessions: "optional" },
);
const server = await serveHere(mcp, { signals: true });
process.stdin.setEncoding("utf8").on("data", (word: string) => {
  if (word.includes("close")) {
    server.close();
    console.log("closing");
  } else finish();
}).on("end", () => process.exit());
console.log(`listening on ${server.port}`);
