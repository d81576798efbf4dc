/**
 * `Host` and `Origin`, parsed whole and compared by parts: a prefix or a substring proves nothing
 * (`localhost.evil.com`, `http://localhost:80@evil.com`).
 *
 * @module
 */

/** A host, and its port where one is written. */
export interface Authority {
  /** Lower case; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** Undefined where none is written. */
  readonly port: number | undefined;
}

/** A web origin (RFC 6454, section 6.2). */
export interface Origin extends Authority {
  /** Lower case, without the colon. */
  readonly scheme: string;
}

/** Allowed hosts: a name without a port stands for every port, one with a port for that alone; `*` for all. */
export type AllowedHosts = readonly Authority[] | "*";

/**
 * One allowed origin: a full one, or, where `scheme` is undefined, a host name for any scheme and, without a port, any
 * port.
 */
export interface AllowedOrigin extends Authority {
  /** Lower case, without the colon; undefined for any. */
  readonly scheme: string | undefined;
}

/** The names by which a machine calls itself, with any port. */
export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

const AUTHORITY =
  /^(\[[0-9a-f:.]+\]|(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*)(?::(\d{1,5}))?$/i;

/** Reads `host[:port]`; undefined where the text is anything else. */
export function parseAuthority(text: string): Authority | undefined {
  // Lower case comes after the match: some letters beyond ASCII have an ASCII one as theirs.
  const match = AUTHORITY.exec(text);
  if (match === null) return undefined;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && port > 65535) return undefined;
  return { host: match[1]!.toLowerCase(), port };
}

/** Reads `scheme://host[:port]`; undefined where the text is anything else (`null`, a list, a path, userinfo). */
export function parseOrigin(text: string): Origin | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
  if (match === null) return undefined;
  const authority = parseAuthority(match[2]!);
  return authority && { scheme: match[1]!.toLowerCase(), ...authority };
}

/** True where `field`, a `Host` field, is one of `allowed`. */
export function hostAllowed(field: string, allowed: AllowedHosts): boolean {
  if (allowed === "*") return true;
  // Written as the option has it, with any port or none: no need to take it apart.
  for (const { host, port } of allowed) {
    if (port === undefined && field.startsWith(host) && isPort(field, host.length)) return true;
  }
  const found = parseAuthority(field);
  return found !== undefined && allowed.some((one) => sameAuthority(one, found));
}

/** True where `field`, an `Origin` field, is one of `allowed`. */
export function originAllowed(field: string, allowed: readonly AllowedOrigin[] | "*"): boolean {
  const found = parseOrigin(field);
  if (found === undefined) return false;
  if (allowed === "*") return true;
  return allowed.some((one) =>
    one.scheme === undefined
      ? sameAuthority(one, found)
      : one.scheme === found.scheme && one.host === found.host &&
        portOf(one.scheme, one.port) === portOf(found.scheme, found.port)
  );
}

// From `start` on there is nothing, or a colon and a port.
function isPort(field: string, start: number): boolean {
  const { length } = field;
  if (start === length) return true;
  if (field.charCodeAt(start) !== 0x3a || length === start + 1 || length > start + 6) return false;
  let port = 0;
  for (let i = start + 1; i < length; i++) {
    const digit = field.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}

// An entry without a port stands for every port.
function sameAuthority(allowed: Authority, found: Authority): boolean {
  return allowed.host === found.host && (allowed.port === undefined || allowed.port === found.port);
}

// `https://a` and `https://a:443` are one origin (RFC 6454, section 4).
function portOf(scheme: string, port: number | undefined): number | undefined {
  return port ?? (scheme === "https" ? 443 : scheme === "http" ? 80 : undefined);
}
