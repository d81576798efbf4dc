/**
 * The environment, read strictly: a value that cannot be is an error that names the variable, quotes the
 * value and says what would be accepted. An empty value counts as absent.
 *
 * | variable                         | value                                                              |
 * | -------------------------------- | ------------------------------------------------------------------ |
 * | `PORT`, `HOST`                   | where to listen; 0 for any free port. Default 3000 and 127.0.0.1   |
 * | `MCP_ERAS`                       | `both` (default), `legacy`, `modern`                               |
 * | `MCP_SESSIONS`                   | `required` (default), `optional`, `off`                            |
 * | `MCP_RESPONSE`                   | `auto` (default), `json`, `sse`                                    |
 * | `MCP_RESUMABLE`                  | `1` (default), `0`                                                 |
 * | `MCP_IDLE_MS`, `MCP_MAX_AGE_MS`  | a session's idle time and its absolute lifetime                    |
 * | `MCP_MAX_SESSIONS`               | sessions in all                                                    |
 * | `MCP_MAX_SESSIONS_PER_PRINCIPAL` | sessions of one principal                                          |
 * | `MCP_MAX_BODY_BYTES`             | bytes of a request's body                                          |
 * | `MCP_KEEPALIVE_MS`               | between comments on a silent stream; 0 for none                    |
 * | `MCP_ALLOWED_HOSTS`              | comma-separated host names (any port), or `host:port`; `*` for all |
 * | `MCP_ALLOWED_ORIGINS`            | comma-separated origins or host names; `*` for all                 |
 * | `MCP_CORS`                       | `0` (default), `1`                                                 |
 * | `MCP_TERMINATION`                | `1` (default), `0`                                                 |
 * | `MCP_STALE_INITIALIZE`           | `reject` (default), `fresh`                                        |
 * | `MCP_AUTH`                       | `bearer`: see `auth.ts`. Default: everyone is anonymous            |
 * | `MCP_BACKEND`                    | `memory` (default), `sqlite:FILE`, `redis://…`, `sealed:KEY`       |
 *
 * @module
 */

import type { McpOptions } from "../../core/engine/mod.ts";
import { backendOf, BACKENDS, type Backing } from "./backends.ts";
import { bearer } from "./auth.ts";

/** What the environment says. */
export interface Environment {
  readonly port: number;
  readonly hostname: string;
  /** Opens the backend. */
  readonly backend: () => Promise<Backing>;
  readonly options: McpOptions;
}

/** A variable that cannot be. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";

  constructor(variable: string, value: string, accepted: string) {
    super(`${variable}: ${JSON.stringify(value)} is not ${accepted}`);
  }
}

const BY_OPTION: ReadonlyMap<string, string> = new Map([
  ["allowedHosts", "MCP_ALLOWED_HOSTS"],
  ["allowedOrigins", "MCP_ALLOWED_ORIGINS"],
  ["resumable", "MCP_RESUMABLE"],
  ["termination", "MCP_TERMINATION"],
  ["limits.idleMs", "MCP_IDLE_MS"],
  ["limits.sessions", "MCP_MAX_SESSIONS"],
  ["limits.sessionsPerPrincipal", "MCP_MAX_SESSIONS_PER_PRINCIPAL"],
]);

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment. What only the library can judge is left to it, see {@linkcode variableOf}.
 *
 * @throws {EnvironmentError} On the first variable that cannot be.
 */
export function readEnvironment(variables: Variables): Environment {
  const of = <T>(name: string, read: (name: string, value: string) => T): T | undefined => {
    const value = variables[name];
    return value === undefined || value === "" ? undefined : read(name, value);
  };
  return {
    port: of("PORT", whole(0, 65_535)) ?? 3000,
    hostname: of("HOST", (_name, value) => value) ?? "127.0.0.1",
    backend: of("MCP_BACKEND", backend) ?? backend("MCP_BACKEND", "memory"),
    options: present({
      eras: of("MCP_ERAS", oneOf("both", "legacy", "modern")),
      sessions: of("MCP_SESSIONS", oneOf("required", "optional", "off")),
      response: of("MCP_RESPONSE", oneOf("auto", "json", "sse")),
      resumable: of("MCP_RESUMABLE", flag),
      keepAliveMs: of("MCP_KEEPALIVE_MS", whole(0)),
      allowedHosts: of("MCP_ALLOWED_HOSTS", list),
      allowedOrigins: of("MCP_ALLOWED_ORIGINS", list),
      cors: of("MCP_CORS", flag),
      termination: of("MCP_TERMINATION", flag),
      staleInitialize: of("MCP_STALE_INITIALIZE", oneOf("reject", "fresh")),
      authenticate: of("MCP_AUTH", oneOf("bearer")) && bearer,
      limits: present({
        idleMs: of("MCP_IDLE_MS", whole(1)),
        maxAgeMs: of("MCP_MAX_AGE_MS", whole(1)),
        sessions: of("MCP_MAX_SESSIONS", whole(1)),
        sessionsPerPrincipal: of("MCP_MAX_SESSIONS_PER_PRINCIPAL", whole(1)),
        bodyBytes: of("MCP_MAX_BODY_BYTES", whole(1)),
      }),
    }),
  };
}

/** The variable behind an option that the library judges, by itself or beside the backend. */
export function variableOf(option: string): string | undefined {
  return BY_OPTION.get(option);
}

function oneOf<T extends string>(...values: readonly T[]): (name: string, value: string) => T {
  return (name, value) => {
    const found = values.find((one) => one === value);
    if (found !== undefined) return found;
    throw new EnvironmentError(name, value, values.join(" or "));
  };
}

function whole(
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): (name: string, value: string) => number {
  return (name, value) => {
    const number = Number(value);
    if (/^\d{1,16}$/.test(value) && number >= least && number <= most) return number;
    const upTo = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `${least} to ${most}`;
    throw new EnvironmentError(name, value, `a whole number ${upTo}`);
  };
}

function backend(name: string, value: string): () => Promise<Backing> {
  const found = backendOf(value);
  if (found !== undefined) return found;
  // What follows the colon can be a key or a password.
  throw new EnvironmentError(name, value.replace(/:.*/s, ":…"), BACKENDS);
}

function flag(name: string, value: string): boolean {
  return oneOf("1", "0")(name, value) === "1";
}

function list(name: string, value: string): readonly string[] | "*" {
  if (value === "*") return value;
  const parts = value.split(",").map((part) => part.trim());
  if (!parts.includes("")) return parts;
  throw new EnvironmentError(name, value, "a list of names with a comma between each two, or *");
}

// An option that is there but undefined is none: defaults are for those that are absent.
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
