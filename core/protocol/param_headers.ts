/**
 * `x-mcp-header`: tool parameters that a client mirrors into `Mcp-Param-*` headers (2026-07-28,
 * basic/transports/streamable-http, Custom Headers from Tool Parameters).
 *
 * @module
 */

import { decodeHeaderValue } from "./base64.ts";
import { isObject, type JsonObject, quote } from "./json_rpc.ts";

/** One parameter of a tool that clients of 2026-07-28 mirror into a header. */
export interface ParamHeader {
  /** The header's name, `Mcp-Param-{name}`, as the schema writes it. */
  readonly header: string;
  /** The keys that lead to the parameter in the arguments. */
  readonly path: readonly string[];
  /** The parameter's type in the schema. */
  readonly type: "string" | "integer" | "boolean";
}

/** The mirrored parameters of a tool, or what makes its annotations invalid. */
export type ParamHeaders =
  | { readonly valid: true; readonly headers: readonly ParamHeader[] }
  | { readonly valid: false; readonly problem: string };

/** How deep a schema is followed. */
const MAX_DEPTH = 64;

/** Reads the `x-mcp-header` annotations of a tool's `inputSchema`. Never throws. */
export function paramHeaders(inputSchema: unknown): ParamHeaders {
  const headers: ParamHeader[] = [];
  const problem = collect(inputSchema, [], headers, 0);
  return problem === undefined ? { valid: true, headers } : { valid: false, problem };
}

/** A header that contradicts the arguments of a call. */
export interface ParamMismatch {
  /** The header's name. */
  readonly field: string;
  /** What the header says; null where it is absent. */
  readonly value: string | null;
  /** What the body says. */
  readonly accepted: string;
}

/**
 * The first header that does not say what the arguments of a call say; undefined where all agree.
 *
 * @param headers The mirrored parameters of the tool.
 * @param args The `arguments` of the call.
 * @param read Gives the value of a header by its name in lower case; null where it is absent.
 */
export function paramMismatch(
  headers: readonly ParamHeader[],
  args: unknown,
  read: (name: string) => string | null,
): ParamMismatch | undefined {
  for (const { header, path, type } of headers) {
    const given = valueAt(args, path);
    const value = read(header.toLowerCase());
    if (given === undefined || given === null) {
      // The client must omit it, so what it names is not what the body says.
      if (value !== null) return { field: header, value, accepted: "absent" };
      continue;
    }
    const said = value === null || !/^[\t\x20-\x7e]*$/.test(value)
      ? undefined
      : decodeHeaderValue(value);
    if (said === undefined || !same(said, given, type)) {
      return { field: header, value, accepted: quote(textOf(given) ?? given) };
    }
  }
  return undefined;
}

function same(said: string, value: unknown, type: ParamHeader["type"]): boolean {
  return type === "integer" && Number.isInteger(value)
    ? sameInteger(said, value as number)
    : said === textOf(value);
}

// By digits and not by floating point, in which `42.00000000000000000001` is 42. An integer that is not exact
// (the revision forbids it) may have been another one in the body's text.
function sameInteger(said: string, value: number): boolean {
  const match = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(said);
  if (match === null || !Number.isSafeInteger(value)) return false;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const shift = Number(exponent) - fraction.length;
  return shift >= 0
    ? digits * 10n ** BigInt(shift) === BigInt(value)
    : digits === BigInt(value) * 10n ** BigInt(-shift);
}

// An object or an array has none: no header can say what it is.
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "object" ? undefined : JSON.stringify(value);
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

// Follows `properties` only; an annotation that is found anywhere else makes the tool invalid.
function collect(
  schema: unknown,
  path: readonly string[],
  headers: ParamHeader[],
  depth: number,
): string | undefined {
  if (!isObject(schema)) return undefined;
  if (depth > MAX_DEPTH) return `the schema is deeper than ${MAX_DEPTH} levels`;
  for (const [key, value] of Object.entries(schema)) {
    let problem: string | undefined;
    if (key === "x-mcp-header") problem = annotate(schema, value, path, headers);
    else if (key === "properties" && isObject(value)) {
      for (const [name, property] of Object.entries(value)) {
        problem ??= collect(property, [...path, name], headers, depth + 1);
      }
    } else if (!LITERAL.has(key) && annotated(value, NAMING.has(key), 0)) {
      problem = `x-mcp-header stands under ${quote(key)}; only "properties" may lead to it`;
    }
    if (problem !== undefined) return problem;
  }
  return undefined;
}

// Values, not schemas: what looks like an annotation there is none.
const LITERAL: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"]);

// Maps from a name to a schema.
const NAMING: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "dependentSchemas",
  "$defs",
  "definitions",
]);

function annotate(
  schema: JsonObject,
  name: unknown,
  path: readonly string[],
  headers: ParamHeader[],
): string | undefined {
  if (typeof name !== "string" || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    return `x-mcp-header is ${quote(name)}, expected a header name`;
  }
  const { type } = schema;
  if (path.length === 0) return "x-mcp-header stands at the root of the schema";
  if (type !== "string" && type !== "integer" && type !== "boolean") {
    return `x-mcp-header ${quote(name)} is on type ${
      quote(type)
    }, expected string, integer or boolean`;
  }
  const header = `Mcp-Param-${name}`;
  if (headers.some((one) => one.header.toLowerCase() === header.toLowerCase())) {
    return `x-mcp-header names ${quote(header)} twice`;
  }
  headers.push({ header, path, type });
  return undefined;
}

// `names`: the keys are names of the schema's author and say nothing; only what they lead to does.
function annotated(value: unknown, names: boolean, depth: number): boolean {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return false;
  return Object.entries(value).some(([key, inner]) =>
    (!names && key === "x-mcp-header") ||
    ((names || !LITERAL.has(key)) && annotated(inner, !names && NAMING.has(key), depth + 1))
  );
}
