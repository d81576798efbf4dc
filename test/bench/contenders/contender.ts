/** What is compared: something that answers MCP requests in one process. */

/** The part of `http.ServerResponse` that a bare listener uses. */
export interface ListenerResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  write(text: string): boolean;
  end(text?: string): unknown;
  on(event: "close", listener: () => void): unknown;
}

/** The part of `http.IncomingMessage` that a bare listener uses. */
export interface ListenerRequest {
  readonly method?: string | undefined;
  on(event: "data" | "end", listener: (chunk: string) => void): unknown;
  setEncoding(encoding: "utf8"): unknown;
}

/** What the harness asks for. */
export interface Options {
  readonly runtime: "node" | "deno" | "bun";
  /** The shape of answers to calls. */
  readonly shape: "json" | "sse";
  /** Requests are those of 2026-07-28. */
  readonly modern: boolean;
  /** The tool answers with a promise. */
  readonly later: boolean;
  /** Streams can be resumed. */
  readonly resumable: boolean;
  /** Where sessions are kept, for contenders that can keep them elsewhere. */
  readonly backend: "memory" | "sqlite" | "redis";
  /** Where the backend is. */
  readonly location: string;
  /** The compiled library. */
  readonly library: string;
  /** Bytes that the process holds beside what it needs. */
  readonly ballast: number;
}

/** One contender, ready to answer. */
export interface Contender {
  /** Answers Web requests; on Node where there is no listener, through `@hono/node-server`. */
  readonly fetch?: (
    request: Request,
    server?: unknown,
  ) => Response | Promise<Response>;
  /** Answers Node's requests. */
  // deno-lint-ignore no-explicit-any -- each contender names its own part of Node's types
  readonly listener?: (request: any, response: any) => void;
  /** Opens sessions without the network and returns the ids of at most 65 536 of them. */
  readonly fill?: (count: number) => Promise<readonly string[]>;
  /**
   * The same straight into the store. `fill` shows the compilers requests that are none of the runtime's, and a call
   * that they have seen so is up to 10 % slower on Deno.
   */
  readonly store?: (count: number) => Promise<readonly string[]>;
  /** Sends one notification to every open GET stream. */
  readonly broadcast?: () => unknown;
}

/** The one tool. */
export function echoResult(
  text: string,
): { content: [{ type: "text"; text: string }] } {
  return { content: [{ type: "text", text: `You said: ${text}` }] };
}

/** How many progress events the tool `steps` sends: as many as its argument says. */
export interface StepsArguments {
  readonly count: number;
}
