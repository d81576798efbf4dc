/**
 * One contender in a process of its own, on whatever runtime runs this file:
 * `main.ts <module> <options as JSON>`. Prints its port, then answers commands, one JSON line each.
 */
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import process from "node:process";
import type { Contender, Options } from "../contenders/contender.ts";
import { bytesInUse } from "./memory.ts";

const [module = "", text = "{}"] = process.argv.slice(2);
const options = JSON.parse(text) as Options;
const { contender } = await import(module) as {
  contender(options: Options): Contender | Promise<Contender>;
};
const running = await contender(options);
const ballast = new Uint8Array(options.ballast).fill(1);

/** What the harness may ask. */
const commands: Readonly<Record<string, (argument: number) => unknown>> = {
  fill: (count) => running.fill!(count),
  store: (count) => running.store!(count),
  broadcast: () => running.broadcast!(),
  memory: () => bytesInUse(),
  // Microseconds of processor time; on a machine that others use it says more than a clock.
  processor: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

say({ port: await listen(running, options) });
for await (const line of createInterface({ input: process.stdin })) {
  const { command, argument } = JSON.parse(line) as {
    command: string;
    argument: number;
  };
  say({ result: await commands[command]!(argument) ?? null });
}
// Still in use here, so that it was all the time.
process.exit(ballast.length === options.ballast ? 0 : 1);

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

interface Servers {
  readonly Bun: {
    serve(options: {
      port: number;
      hostname: string;
      idleTimeout: number;
      fetch: NonNullable<Contender["fetch"]>;
    }): { port: number };
  };
  readonly Deno: {
    serve(
      options: { port: number; hostname: string; onListen: () => void },
      fetch: (request: Request) => Response | Promise<Response>,
    ): { addr: { port: number } };
  };
}

async function listen(
  { fetch, listener }: Contender,
  { runtime }: Options,
): Promise<number> {
  const { Bun, Deno } = globalThis as unknown as Servers;
  const at = { port: 0, hostname: "127.0.0.1" };
  if (runtime === "bun") {
    return Bun.serve({ ...at, idleTimeout: 0, fetch: fetch! }).port;
  }
  if (runtime === "deno") {
    return Deno.serve(
      { ...at, onListen: () => {} },
      (request) => fetch!(request),
    ).addr.port;
  }
  const server = createServer(listener ?? await webListener(fetch!));
  // Thousands of connections come at once.
  await new Promise<void>((resolve) => server.listen(at.port, at.hostname, 4096, resolve));
  return (server.address() as { port: number }).port;
}

async function webListener(fetch: NonNullable<Contender["fetch"]>) {
  const { getRequestListener } = await import("@hono/node-server");
  return getRequestListener((request: Request) => fetch(request));
}
