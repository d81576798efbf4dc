/**
 * A server in a process of its own, which signals end. Prints its port, and what it is told to do by its standard
 * input once it is done. `first`: as the first process of a container, to which the kernel is deaf; `late`: where a
 * signal to itself takes a while; `own`: listens to SIGTERM itself, too.
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
/** Has the process look otherwise to who asks from now on. */
function disguise(there: { readonly [name: string | symbol]: unknown }): void {
  const value = new Proxy(process, {
    get(real, name) {
      const own = there[name] ?? Reflect.get(real, name);
      return typeof own === "function" ? own.bind(real) : own;
    },
  });
  Object.defineProperty(globalThis, "process", { value });
}
// As it is there: a signal that nobody listens to does nothing.
if (process.argv.includes("first")) disguise({ pid: 1, kill: () => true });
if (process.argv.includes("late")) {
  const { pid, stdin } = process;
  const kill = process.kill.bind(process);
  disguise({
    kill(_self: number, signal: string) {
      stdin.destroy();
      setTimeout(() => kill(pid, signal), 200).unref();
      return true;
    },
  });
}
const server = await serveHere(mcp, { signals: true });
if (process.argv.includes("own")) {
  process.on("SIGTERM", async () => {
    console.log("told");
    await server.finished;
    console.log("cleaned up");
    process.exit(7);
  });
}
process.stdin.setEncoding("utf8").on("data", (word: string) => {
  if (word.includes("close")) {
    server.close();
    console.log("closing");
  } else finish();
}).on("end", () => process.exit());
console.log(`listening on ${server.port}`);
