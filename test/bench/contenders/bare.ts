/**
 * The bare runtime: reads the body, parses it, does what the tool does, writes the answer. No session, no
 * check of anything.
 */
import {
  type Contender,
  echoResult,
  type ListenerRequest,
  type ListenerResponse,
  type Options,
} from "./contender.ts";

interface Message {
  readonly id: number;
  readonly method: string;
  readonly params?: {
    readonly name: string;
    readonly arguments: { readonly text?: string; readonly count: number };
    readonly _meta?: { readonly progressToken?: number };
  };
}

const SSE = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache",
};
const EVENT = event({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { data: "hello" },
});

export function contender({ shape, later }: Options): Contender {
  const readers = new Set<(text: string) => void>();
  return {
    fetch: (request) => answer(request, shape, later, readers),
    listener: (request: ListenerRequest, response: ListenerResponse) => {
      if (request.method === "GET") return open(response, readers);
      let text = "";
      request.setEncoding("utf8");
      request.on("data", (chunk) => text += chunk);
      request.on("end", () => {
        const message = JSON.parse(text);
        if (later) Promise.resolve(message).then((one) => respond(response, one, shape));
        else respond(response, message, shape);
      });
    },
    broadcast: () => {
      for (const write of readers) write(EVENT);
    },
  };
}

async function answer(
  request: Request,
  shape: string,
  later: boolean,
  readers: Set<(text: string) => void>,
): Promise<Response> {
  if (request.method === "GET") {
    return new Response(opened(readers), { headers: SSE });
  }
  const message = await request.json() as Message;
  if (later) await undefined;
  const [first, events] = resultOf(message);
  const headers = headersOf(message);
  if (shape === "json") return Response.json(first, headers && { headers });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const one of events) controller.enqueue(ENCODER.encode(event(one)));
      controller.enqueue(ENCODER.encode(event(first)));
      controller.close();
    },
  });
  return new Response(body, { headers: SSE });
}

function respond(
  response: ListenerResponse,
  message: Message,
  shape: string,
): void {
  const [first, events] = resultOf(message);
  if (shape === "json") {
    const text = JSON.stringify(first);
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": byteLength(text),
      ...headersOf(message),
    });
    response.end(text);
    return;
  }
  response.writeHead(200, SSE);
  for (const one of events) response.write(event(one));
  response.write(event(first));
  response.end();
}

function resultOf(
  { id, method, params }: Message,
): [object, readonly object[]] {
  if (method === "initialize") {
    return [{
      jsonrpc: "2.0",
      id,
      result: {
        protocolVersion: "2025-11-25",
        capabilities: { tools: {} },
        serverInfo: { name: "bench", version: "1.0.0" },
      },
    }, []];
  }
  const events: object[] = [];
  if (params?.name === "steps") {
    const { count } = params.arguments;
    for (let step = 1; step <= count; step++) {
      events.push({
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: {
          progressToken: params._meta?.progressToken,
          progress: step,
          total: count,
        },
      });
    }
  }
  return [{
    jsonrpc: "2.0",
    id,
    result: echoResult(params?.arguments?.text ?? ""),
  }, events];
}

function headersOf({ method }: Message): Record<string, string> | undefined {
  return method === "initialize" ? { "mcp-session-id": crypto.randomUUID() } : undefined;
}

function open(
  response: ListenerResponse,
  readers: Set<(text: string) => void>,
): void {
  response.writeHead(200, SSE);
  response.write(":\n\n");
  const write = (text: string): void => void response.write(text);
  readers.add(write);
  response.on("close", () => readers.delete(write));
}

function opened(
  readers: Set<(text: string) => void>,
): ReadableStream<Uint8Array> {
  let write: (text: string) => void;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      write = (text) => controller.enqueue(ENCODER.encode(text));
      write(":\n\n");
      readers.add(write);
    },
    cancel: () => void readers.delete(write),
  });
}

const ENCODER = new TextEncoder();

function event(message: object): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

const { Buffer } = globalThis as unknown as {
  Buffer: { byteLength(text: string): number };
};

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
