/**
 * A server in a process of its own, so that its memory can be told from its client's. Prints its port; how it
 * serves, and how much a log may keep, are its arguments.
 */
import type { Application, Exchange, ModernHandler } from "../../core/engine/mod.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { app, serveHere, serveListener, servePlain } from "./harness/runtime.ts";

const [way = "serve", logBytes] = process.argv.slice(2);

const MIB = 1 << 20;
const { gc, Bun } = globalThis as unknown as {
  gc?: () => void;
  Bun?: { gc(force: boolean): void };
};

/** The most that this process had since the last flood began, in MiB. */
let peak = 0;

function memory(): { rss: number; retained: number; peak: number } {
  gc?.();
  Bun?.gc(true);
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / MIB, retained: (heapUsed + external) / MIB, peak };
}

async function flood(
  count: number,
  bytes: number,
  send: (data: string) => unknown,
  pauseMs = 1,
): Promise<object> {
  peak = 0;
  const padding = "x".repeat(bytes);
  for (let i = 0; i < count; i++) {
    send(`${i} ${padding}`);
    // As any application that waits for something: other requests get their turn.
    await new Promise((next) => setTimeout(next, pauseMs));
    if (i % 20 === 0) peak = Math.max(peak, process.memoryUsage().rss / MIB);
  }
  return {};
}

/** Answers by a stream that waits for nobody, as the official SDK's handler does. */
const delegated: ModernHandler = {
  // deno-lint-ignore require-await
  async fetch(_request, options) {
    const { count, bytes } = (options!.parsedBody as {
      params: { count: number; bytes: number };
    }).params;
    const encoder = new TextEncoder();
    let over = false;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = (data: string) =>
          over || controller.enqueue(encoder.encode(`data: "${data}"\n\n`));
        flood(count, bytes, send).then(() => over || controller.close());
      },
      cancel: () => void (over = true),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
};

const more: Partial<Application> = way === "delegated" ? { modern: delegated } : {};

const mcp = createMcpHandler(
  app(async (one, exchange: Exchange) => {
    const { count = 1, bytes = 1, pauseMs } = (one.params ?? {}) as {
      count?: number;
      bytes?: number;
      pauseMs?: number;
    };
    if (one.method === "memory") return memory();
    if (one.method === "stats") return mcp.stats();
    if (one.method === "standalone") {
      const handle = (await mcp.sessions.get(exchange.session!.id))!;
      const send = (data: string) => handle.notify("notifications/message", { data });
      return await flood(count, bytes, send);
    }
    const send = (data: string) => exchange.notify("notifications/message", { data });
    return await flood(count, bytes, send, pauseMs);
  }, more),
  logBytes === undefined
    ? {}
    : { limits: { logBytes: Number(logBytes), sessionLogBytes: Number(logBytes) } },
);

const serve = way === "listener" ? serveListener : way === "plain" ? servePlain : serveHere;
const { port } = await serve(mcp);
process.stdin.on("end", () => process.exit()).resume();
console.log(`listening on ${port}`);
