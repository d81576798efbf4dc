/**
 * The bare runtime once more, but reading what a server of MCP has to read: the headers that the rules ask for, and
 * a body that must be UTF-8. It looks at none of it. What this costs more than the bare one no library can save.
 */
import { COMMENT, eventText, SSE_HEADERS } from "../../../core/outbound/sse.ts";
import { type Contender, echoResult, type ListenerResponse, type Options } from "./contender.ts";

const FIELDS = [
  "host",
  "origin",
  "content-length",
  "content-type",
  "accept",
  "mcp-session-id",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
];

const HEADERS = {
  json: { "content-type": "application/json" },
  sse: SSE_HEADERS,
};

const OPENED = { ...HEADERS.json, "mcp-session-id": "one-for-all-of-them" };

interface Incoming {
  readonly headers: Readonly<Record<string, string>>;
  on(event: "data" | "end", listener: (chunk: Uint8Array) => void): unknown;
}

export function contender({ shape }: Options): Contender {
  return {
    async fetch(request) {
      let found = 0;
      for (const name of FIELDS) {
        if (request.headers.get(name) !== null) found++;
      }
      const body = DECODER.decode(await request.arrayBuffer());
      const { text, headers } = answer(body, shape, found);
      return new Response(text, { status: 200, headers });
    },
    listener(request: Incoming, response: ListenerResponse) {
      let found = 0;
      for (const name of FIELDS) {
        if (request.headers[name] !== undefined) found++;
      }
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const body = DECODER.decode(Buffer.concat(chunks));
        const { text, headers } = answer(body, shape, found);
        const length = Buffer.byteLength(text);
        response.writeHead(200, { ...headers, "content-length": length });
        response.end(text);
      });
    },
  };
}

function answer(
  body: string,
  shape: Options["shape"],
  found: number,
): { readonly text: string; readonly headers: Record<string, string> } {
  const { id, method, params } = JSON.parse(body);
  if (method === "initialize") {
    const result = { protocolVersion: "2025-11-25" };
    return {
      text: JSON.stringify({ jsonrpc: "2.0", id, result }),
      headers: OPENED,
    };
  }
  // Never so few: what is found must not be taken for useless.
  const result = found < 3 ? {} : echoResult(params?.arguments?.text ?? "");
  const text = JSON.stringify({ jsonrpc: "2.0", id, result });
  return {
    text: shape === "json" ? text : COMMENT + eventText(undefined, text),
    headers: HEADERS[shape],
  };
}

const DECODER = new TextDecoder("utf-8", { fatal: true });

const { Buffer } = globalThis as unknown as {
  Buffer: {
    byteLength(text: string): number;
    concat(chunks: readonly Uint8Array[]): Uint8Array;
  };
};
