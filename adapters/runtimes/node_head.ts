/**
 * The head of a Node request as the engine's plain data.
 *
 * @module
 */

import type { HeaderReader, RequestHead } from "../../core/inbound/head.ts";
import { parseAuthority } from "../../core/protocol/authority.ts";
import type { NodeRequest } from "./node_http.ts";

/** The head of a Node request. */
export class NodeHead implements RequestHead, HeaderReader {
  readonly #request: NodeRequest;
  readonly #fields: Fields;

  constructor(request: NodeRequest) {
    this.#request = request;
    // Once: it is a getter.
    this.#fields = request.headers;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get url(): string {
    const { url = "/" } = this.#request;
    if (!url.startsWith("/")) return url;
    // What is no host must not make the URL unreadable.
    const host = this.get("host") ?? "";
    return `${this.#scheme}://${parseAuthority(host) === undefined ? "localhost" : host}${url}`;
  }

  // Behind a proxy that ends TLS, only HTTP/2 says how the client came.
  get #scheme(): "http" | "https" {
    const secure = this.#fields[":scheme"] === "https" || this.#request.socket?.encrypted === true;
    return secure ? "https" : "http";
  }

  get headers(): HeaderReader {
    return this;
  }

  get(name: string): string | null {
    const value = fieldOf(this.#fields, name);
    if (typeof value === "string") return value;
    // What an object has by nature (`constructor`) is no field.
    if (Array.isArray(value)) return value.join(", ");
    // HTTP/2 has it under another name. Where there is none, the host of the URL was made up.
    if (name === "host") return this.get(":authority") ?? "";
    const field = value === null ? name : name.toLowerCase();
    return field === name ? null : this.get(field);
  }

  /** Every field, by its name in lower case. */
  *[Symbol.iterator](): Iterator<[string, string]> {
    const names = new Set(Object.keys(this.#fields));
    if (names.has(":authority")) names.add("host");
    for (const name of names) {
      // HTTP/2 has the first line of the request among them.
      if (name.startsWith(":")) continue;
      const value = this.get(name);
      if (value !== null) yield [name, value];
    }
  }
}

type Fields = NodeRequest["headers"];

/**
 * A field as Node has it: in lower case. What every request is asked for is written out, and null where it is absent:
 * by a name in a variable each costs 0.1 µs, and more where there is none.
 */
function fieldOf(headers: Fields, name: string): Fields[string] | null {
  switch (name) {
    case "host":
      return headers["host"] ?? null;
    case "origin":
      return headers["origin"] ?? null;
    case "content-length":
      return headers["content-length"] ?? null;
    case "content-type":
      return headers["content-type"] ?? null;
    case "accept":
      return headers["accept"] ?? null;
    case "mcp-session-id":
      return headers["mcp-session-id"] ?? null;
    case "mcp-protocol-version":
      return headers["mcp-protocol-version"] ?? null;
    case "mcp-method":
      return headers["mcp-method"] ?? null;
    case "mcp-name":
      return headers["mcp-name"] ?? null;
    default:
      return headers[name];
  }
}
