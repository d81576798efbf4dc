/** Single requests, for what a load generator does not do. */
import { Agent, request as httpRequest } from "node:http";
import { PATH } from "./spec.ts";
import { NEWEST, type Request } from "./requests.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends a request; where `until` is given, the answer counts as whole once it contains that. */
export function send(
  port: number,
  { method, headers, body }: Request,
  session = "none",
  until?: string,
): Promise<Answer> {
  const fill = (text: string): string =>
    text.replaceAll("{session}", session).replaceAll("{id}", "1");
  const fields = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, fill(value)]),
  );
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      port,
      host: "127.0.0.1",
      path: PATH,
      method,
      headers: fields,
      agent,
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      let tail = "";
      const done = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
        });
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (until === undefined) return;
        // Not in the whole text: that would be copied together for each piece.
        tail = tail.slice(-until.length) + chunk;
        if (!tail.includes(until)) return;
        done();
        response.destroy();
      });
      response.on("end", done);
      response.on("error", reject);
    });
    sent.end(fill(body));
  });
}

/** A session as its client knows it. */
export interface Session {
  /** `none` where the server gives none. */
  readonly id: string;
  /** The revision that the server chose. */
  readonly version: string;
}

/** Opens a session as a client does. */
export async function openSession(
  port: number,
  initialize: Request,
): Promise<Session> {
  const { status, headers, text } = await send(port, initialize);
  if (status !== 200) {
    throw new Error(`initialize was answered ${status} ${text}`);
  }
  const id = String(headers["mcp-session-id"] ?? "none");
  const version = /"protocolVersion":"([^"]+)"/.exec(text)?.[1] ?? NEWEST;
  await send(port, {
    method: "POST",
    headers: {
      ...initialize.headers,
      "MCP-Protocol-Version": version,
      "Mcp-Session-Id": "{session}",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      method: "notifications/initialized",
    }),
  }, id);
  return { id, version };
}

/** A request of a session that speaks this revision. */
export function speaking(request: Request, version: string): Request {
  const { "MCP-Protocol-Version": said, ...rest } = request.headers;
  return said !== NEWEST
    ? request
    : { ...request, headers: { ...rest, "MCP-Protocol-Version": version } };
}
