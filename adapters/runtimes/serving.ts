/**
 * What the three runtimes' `serve` share: options, paths, and an orderly end.
 *
 * @module
 */

import { WITHIN } from "../../core/engine/closing.ts";
import type { McpHandler } from "../../core/engine/mcp.ts";
import { accept, flag, type ReadersOf, readOnly } from "../../core/engine/options/readers.ts";
import { JSON_HEADERS } from "../../core/engine/reply.ts";
import type { TextReply } from "../../core/outbound/reply.ts";
import { TRANSPORT_REFUSED } from "../../core/protocol/error_codes.ts";
import { errorText } from "../../core/protocol/json_rpc.ts";

/** Where a handler is served, and how that ends. All may be left out. */
export interface ServeOptions {
  /**
   * The port, 0 to 65535; 0 takes any that is free, which `url` and `port` of the result then name. Default 3000.
   */
  readonly port?: number | undefined;
  /**
   * The address to listen on; `0.0.0.0` for all, and then `allowedHosts` of the handler has to name the public host.
   * Default `127.0.0.1`: reachable from this machine only.
   */
  readonly hostname?: string | undefined;
  /** The endpoint's path; any other is 404. Default `/mcp`. */
  readonly path?: string | undefined;
  /** Closes the server, as `close()` does, when it aborts. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether SIGTERM and SIGINT close the server. Then the signal ends the process, unless your code listens to it as
   * well. A second signal ends the process at once. Default true.
   */
  readonly signals?: boolean | undefined;
  /** Milliseconds that calls may take to finish while the server closes; then they are stopped. Default 10 000. */
  readonly within?: number | undefined;
}

/** A server that listens: what `serve` resolves with. */
export interface Serving {
  /** The endpoint's URL, as it is reached from this machine. */
  readonly url: string;
  /** The address that it listens on, as the option had it. */
  readonly hostname: string;
  /** The port that it listens on. */
  readonly port: number;
  /**
   * Closes the server and the handler: takes no new connections, refuses new sessions and streams with 503, lets calls
   * finish for `within` milliseconds, then ends. Calling it again waits for the same end.
   */
  close(): Promise<void>;
  /** Resolves once it is closed, by whatever closed it. */
  readonly finished: Promise<void>;
}

/** Options with their defaults. */
interface ReadServeOptions {
  readonly port: number;
  readonly hostname: string;
  readonly path: string;
}

/** Every option: how what was given is read. */
const OPTIONS = {
  port: (name: string, given = 3000) =>
    accept(
      name,
      given,
      Number.isInteger(given) && given >= 0 && given <= 65535,
      "is not a port, 0 to 65535",
    ),
  // Runtimes take an empty one for all addresses.
  hostname: (name: string, given = "127.0.0.1") =>
    accept(
      name,
      given,
      typeof given === "string" && given !== "",
      "is not an address or a name of this machine; 0.0.0.0 is for all",
    ),
  path: (name: string, given = "/mcp") =>
    accept(name, given, isPath(given), 'is not a path that begins with "/", written as in a URL'),
  signal: (name: string, given?: AbortSignal) =>
    accept(name, given, given === undefined || isSignal(given), "is not an AbortSignal"),
  signals: flag(true),
  within: WITHIN,
} satisfies ReadersOf<ServeOptions>;

/**
 * Reads the options.
 *
 * @throws {OptionError} One that cannot be, by name.
 */
export function readServeOptions(options: ServeOptions): ReadServeOptions {
  return readOnly(OPTIONS, options);
}

/**
 * Checks a handler where it is given, not at its first request.
 *
 * @throws {OptionError} It is none.
 */
export function checkHandler(handler: McpHandler): void {
  const is = typeof handler?.handle === "function" && typeof handler.fetch === "function";
  accept("handler", handler, is, "is not what createMcpHandler makes");
}

/**
 * What a runtime brings under its name.
 *
 * @throws {TypeError} This is another one.
 */
export function broughtBy<Runtime>(name: "Bun" | "Deno"): Runtime {
  const found = (globalThis as { [name: string]: unknown })[name];
  if (found !== undefined) return found as Runtime;
  const own = `mcp-session/${name.toLowerCase()}`;
  throw new TypeError(`serve of ${own} serves on ${name} only; on Node take mcp-session/node`);
}

// Of whatever realm or library it is.
function isSignal(given: AbortSignal | null): boolean {
  return typeof given?.aborted === "boolean" && typeof given.addEventListener === "function";
}

// What a URL writes otherwise, as `/ä` or `/a/../b`, no request would have.
function isPath(given: unknown): boolean {
  return typeof given === "string" && given.startsWith("/") &&
    new URL(`http://localhost${given}`).pathname === given;
}

/** True where a URL, absolute or not, has this path. */
export function hasPath(url: string, path: string): boolean {
  // The query of one that is not absolute may hold another URL.
  const scheme = url.startsWith("/") ? -1 : url.indexOf("://");
  let start = 0;
  if (scheme >= 0) {
    start = url.indexOf("/", scheme + 3);
    // Without a path, the first slash may be the query's.
    if (start < 0 || url.lastIndexOf("?", start) >= 0 || url.lastIndexOf("#", start) >= 0) {
      return path === "/";
    }
  }
  if (!url.startsWith(path, start)) return false;
  const next = url.charCodeAt(start + path.length);
  // The end, "?" or "#".
  return Number.isNaN(next) || next === 0x3f || next === 0x23;
}

/** The answer for any other path. */
export function notFound(path: string): TextReply {
  const message = `Not found; the MCP endpoint is ${path}`;
  const body = errorText(undefined, { code: TRANSPORT_REFUSED, message });
  return { status: 404, headers: JSON_HEADERS, body };
}

/** How a runtime's server ends. */
interface Stop {
  /** Takes no further connection; resolves once the last one is done. */
  readonly listening: () => Promise<void>;
  /** Gives up on the connections that are left. */
  readonly rest: () => void | Promise<void>;
}

/** All addresses of a machine are none to go to; these are. */
const UNSPECIFIED: ReadonlyMap<string, string> = new Map([["0.0.0.0", "127.0.0.1"], ["::", "::1"]]);

/** Milliseconds that answers may take to reach their peers once everything has ended. */
const FLUSH_MS = 1_000;

/** Milliseconds that a signal may take to end the process. */
const KILL_MS = 10_000;

/** The handle on a server: it ends once, in order, on `close()`, on the caller's signal, or on SIGTERM. */
export function serving(
  handler: McpHandler,
  options: ServeOptions,
  address: { readonly hostname: string; readonly port: number; readonly path: string },
  stop: Stop,
): Serving {
  const { hostname, port, path } = address;
  let closing: Promise<void> | undefined;
  const { promise: finished, resolve } = Promise.withResolvers<void>();
  const end = async (): Promise<void> => {
    options.signal?.removeEventListener("abort", close);
    const listening = stop.listening();
    await handler.close({ within: options.within });
    // A peer that reads nothing, or never completes its request, would keep the server for ever.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((over) => timer = setTimeout(over, FLUSH_MS));
    await Promise.race([listening, patience.then(stop.rest)]);
    clearTimeout(timer);
    resolve();
  };
  // A signal waits for its end, also where it is closing already.
  const close = (): Promise<void> => closing ??= end().finally(() => forget());
  const forget = options.signals === false ? () => {} : onSignals(close);
  options.signal?.addEventListener("abort", close);
  if (options.signal?.aborted) close();
  const reachable = UNSPECIFIED.get(hostname) ?? hostname;
  const name = reachable.includes(":") ? `[${reachable}]` : reachable;
  return { url: `http://${name}:${port}${path}`, hostname, port, close, finished };
}

interface Process {
  readonly pid: number;
  listenerCount(signal: string): number;
  exit(code: number): void;
  on(signal: string, listener: () => void): void;
  off(signal: string, listener: () => void): void;
  kill(pid: number, signal: string): void;
}

type Signal = "SIGTERM" | "SIGINT";

/** What ends the process, with the code that a shell has for it. */
const SIGNALS: ReadonlyMap<Signal, number> = new Map([["SIGTERM", 143], ["SIGINT", 130]]);
const open = new Set<() => Promise<void>>();
let listeners: Map<Signal, () => void> | undefined;

// One listener a signal for all servers of the process: the last to close lets the signal do its work.
function onSignals(close: () => Promise<void>): () => void {
  const { process } = globalThis as { process?: Process };
  if (process === undefined) return () => {};
  open.add(close);
  if (listeners === undefined) {
    listeners = new Map([...SIGNALS.keys()].map((signal) => [signal, () => {
      // The next one ends the process at once.
      unlisten(process);
      // Who listens to it as well has been told, and ends the process when it likes to.
      const ends = process.listenerCount(signal) === 0;
      // Later: Deno would tell a listener that is new of the signal that it tells of now.
      if (process.pid === 1) queueMicrotask(() => dieBySignals(process));
      const closing = [...open].map((one) => one());
      Promise.allSettled(closing).then(() => ends && die(signal, process));
    }]));
    for (const [signal, listener] of listeners) process.on(signal, listener);
  }
  return () => {
    open.delete(close);
    if (open.size === 0) unlisten(process);
  };
}

// The kernel lets no signal end the first process of a container, unless that does so itself.
function dieBySignals(process: Process): void {
  for (const signal of SIGNALS.keys()) {
    if (process.listenerCount(signal) === 0) process.on(signal, () => die(signal, process));
  }
}

function die(signal: Signal, process: Process): void {
  if (process.pid === 1) return process.exit(SIGNALS.get(signal)!);
  process.kill(process.pid, signal);
  // Deno takes it on another thread, while a process that nothing keeps ends of itself, with 0.
  setTimeout(() => {}, KILL_MS);
}

function unlisten(process: Process): void {
  for (const [signal, listener] of listeners ?? []) process.off(signal, listener);
  listeners = undefined;
}
