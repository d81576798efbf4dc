/** A Redis of its own, where the machine has one. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** A Redis that runs. */
export interface Redis {
  readonly url: string;
  stop(): void;
}

/** Starts it, keeping nothing on disk; undefined where there is no `redis-server`. */
export async function startRedis(): Promise<Redis | undefined> {
  const port = await freePort();
  const child = spawn("redis-server", [
    ...["--port", String(port), "--bind", "127.0.0.1"],
    ...["--save", "", "--appendonly", "no"],
  ], { stdio: ["ignore", "pipe", "ignore"] });
  return await new Promise((resolve) => {
    child.on("error", () => resolve(undefined));
    child.stdout.on("data", (text) => {
      if (!String(text).includes("Ready to accept connections")) return;
      resolve({
        url: `redis://127.0.0.1:${port}`,
        stop: () => void child.kill(),
      });
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
