/** A real Redis on a free loopback port, for one test file. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createClient } from "redis";
import { Redis, type RedisOptions } from "ioredis";
import type { RedisClient } from "../../../adapters/backends/redis.ts";
import { redisProgram } from "./redis_program.ts";

export { noRedis } from "./redis_program.ts";

/** A Redis that was started here. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly child: ChildProcess;
  /** Ends it, with its files. */
  stop(): Promise<void>;
  /** Ends it at once, keeps its files, and starts it again on the same port when the result is called. */
  kill(): Promise<() => Promise<void>>;
}

/** Starts one; `env` is what it gets beside the variables of this process. */
export async function startRedis(env: { [name: string]: string } = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "redis-"));
  const port = await freePort();
  let child = await start(folder, port, env);
  const end = async (): Promise<void> => {
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await closed;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get child() {
      return child;
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    async kill() {
      await end();
      return async () => {
        child = await start(folder, port, env);
      };
    },
  };
}

/** The clients; each makes a connected one, and ends it. */
export const clients: readonly {
  readonly name: string;
  connect(port: number): Promise<{ client: RedisClient; end(): void }>;
}[] = [
  {
    name: "node-redis",
    connect: (port) => connectNodeRedis(port, 50),
  },
  { name: "ioredis", connect: (port) => connectIoredis(port, {}) },
  {
    name: "ioredis with numbers as text",
    connect: (port) => connectIoredis(port, { stringNumbers: true }),
  },
];

/** A client of node-redis as one of which any command can be asked. */
export function commanding(
  client: RedisClient,
): { sendCommand(args: string[]): Promise<unknown> } {
  return client as { sendCommand(args: string[]): Promise<unknown> };
}

/** A connected client of node-redis. */
export async function connectNodeRedis(
  port: number,
  reconnectStrategy: number | false,
): Promise<{ client: RedisClient; end(): void }> {
  const client = createClient({
    url: `redis://127.0.0.1:${port}`,
    socket: { reconnectStrategy },
  });
  client.on("error", () => {/* an outage is part of some tests */});
  await client.connect();
  return { client, end: () => client.destroy() };
}

/** A connected client of ioredis. */
export async function connectIoredis(
  port: number,
  options: Pick<
    RedisOptions,
    | "stringNumbers"
    | "autoResubscribe"
    | "autoResendUnfulfilledCommands"
    | "maxRetriesPerRequest"
    | "enableOfflineQueue"
    | "retryStrategy"
  >,
): Promise<{ client: RedisClient; end(): void }> {
  const client = new Redis({ host: "127.0.0.1", port, retryStrategy: () => 50, ...options });
  client.on("error", () => {/* an outage is part of some tests */});
  await new Promise<void>((resolve) => client.once("ready", resolve));
  return { client, end: () => client.disconnect() };
}

// What it has written survives its process also where it waits for no disk.
function start(
  folder: string,
  port: number,
  env: { [name: string]: string },
): Promise<ChildProcess> {
  const child = spawn(redisProgram!, [
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
    ...["--save", "", "--appendonly", "yes", "--appendfsync", "no"],
  ], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let output = "";
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`redis-server ended with ${code}:\n${output}`)));
    child.stdout!.on("data", (bytes) => {
      output += `${bytes}`;
      if (/Ready to accept connections/.test(output)) resolve(child);
    });
  });
}

// Below those that the system gives away: it is to be free still when Redis takes it, and takes it again.
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
