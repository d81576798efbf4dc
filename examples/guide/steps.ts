/**
 * The guide's five steps, played against a server and printed: what the client and `npm run guide` share.
 */

/** How long a server may take to answer, in milliseconds. */
const PATIENCE = 10_000;

/** What the steps are played against. */
export interface Play {
  /** The server's base URL. */
  readonly base: URL;
  /** Returns once an idle session has expired. Without it an id that never was stands for an expired one. */
  readonly expire?: () => Promise<void>;
}

/**
 * Plays the steps and prints each exchange.
 *
 * @throws {Error} The server cannot be reached, or answers otherwise than the guide says.
 */
export async function playGuide({ base, expire }: Play): Promise<void> {
  const url = (path: string): URL => new URL(path, base.href.endsWith("/") ? base : `${base}/`);
  const [init, event] = [url("mcp/init"), url("mcp/event")];
  const hello = (message: string): object => ({ type: "event", payload: { message } });

  const session = await open(
    init,
    "1. Initialization: no Mcp-Session-Id yet; the answer brings it",
  );

  const next = "2. Subsequent requests: every one carries the id";
  await exchange("POST", event, { title: next, session, body: hello("Hello"), expected: 200 });
  await exchange("POST", event, { session, body: hello("Hello again"), expected: 200 });

  const missing = "3. Missing header: 400";
  await exchange("POST", event, { title: missing, body: hello("Hello"), expected: 400 });

  await expire?.();
  const expired = expire === undefined
    ? { title: "4. Expired session: 404, as for any id that is nobody's", session: "expired" }
    : { title: "4. Expired session: 404, once it was idle for too long", session };
  await exchange("POST", event, { ...expired, body: hello("Hello"), expected: 404 });

  const termination = "5. Termination: DELETE ends the session; its id is 404 from then on";
  const last = expire === undefined ? session : await open(init, termination);
  const ending = expire === undefined ? { title: termination } : {};
  await exchange("DELETE", event, { ...ending, session: last, expected: 204 });
  await exchange("POST", event, { session: last, body: hello("Hello"), expected: 404 });
}

/** Opens a session as the guide does, with a content type and no body, and returns its id. */
async function open(url: URL, title: string): Promise<string> {
  const { headers } = await exchange("POST", url, { title, expected: 200 });
  const session = headers.get("mcp-session-id");
  if (session === null) throw new Error(`${url} answered without Mcp-Session-Id`);
  return session;
}

interface Sent {
  /** Printed before the exchange. */
  readonly title?: string;
  readonly session?: string;
  readonly body?: object;
  /** The status that the guide promises. */
  readonly expected: number;
}

/** Sends one request and prints the exchange. */
async function exchange(
  method: string,
  url: URL,
  { title, session, body, expected }: Sent,
): Promise<Response> {
  const headers = new Headers();
  if (session !== undefined) headers.set("Mcp-Session-Id", session);
  if (method === "POST") headers.set("Content-Type", "application/json");
  const text = body === undefined ? "" : JSON.stringify(body);
  let response: Response;
  let answer: string;
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    response = await fetch(url, {
      method,
      headers,
      signal,
      ...(text === "" ? {} : { body: text }),
    });
    answer = await response.text();
  } catch (error) {
    throw new Error(`cannot reach ${url}: ${reason(error)}`);
  }
  if (title !== undefined) console.log(`---- ${title}\n`);
  print(`${method} ${url.pathname} HTTP/1.1`, headers, text, url.host);
  print(`HTTP/1.1 ${response.status} ${response.statusText}`, response.headers, answer);
  if (response.status === expected) return response;
  throw new Error(
    `${method} ${url} was answered with ${response.status}, the guide says ${expected}`,
  );
}

function print(line: string, headers: Headers, body: string, host?: string): void {
  console.log(line);
  if (host !== undefined) console.log(`Host: ${host}`);
  for (const [name, value] of headers) {
    console.log(`${name.replace(/\b[a-z]/g, (first) => first.toUpperCase())}: ${value}`);
  }
  if (body !== "") console.log(`\n${body.length > 500 ? `${body.slice(0, 500)}…` : body}`);
  console.log();
}

/** Each runtime says it elsewhere, and some in several lines. */
function reason(error: unknown): string {
  const { name, code, message, cause } = error as Error & { code?: string; cause?: unknown };
  if (name === "TimeoutError") return `no answer within ${PATIENCE / 1000} s`;
  const inner = cause as { code?: string; message?: string } | undefined;
  const found = inner?.message || inner?.code || message || code;
  return String(found).split("\n", 1)[0]!;
}
