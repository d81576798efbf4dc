/**
 * `Accept` and `Content-Type`, read as RFC 9110 writes them (sections 8.3.1 and 12.5.1): parsed, with
 * weights, and never searched as text.
 *
 * @module
 */

/** Which of the two forms that an MCP answer can have a client accepts. */
export interface Accepts {
  /** `application/json` is acceptable. */
  readonly json: boolean;
  /** `text/event-stream` is acceptable. */
  readonly sse: boolean;
}

const BOTH: Accepts = { json: true, sse: true };

/** Reads which of the two forms an `Accept` field allows. One that is absent or blank allows both. */
export function accepts(field: string | null): Accepts {
  if (field === null || field === "application/json, text/event-stream") return BOTH;
  if (field.trim() === "") return BOTH;
  const ranges = parseRanges(field);
  return {
    json: weight(ranges, "application", "json") > 0,
    sse: weight(ranges, "text", "event-stream") > 0,
  };
}

/** True where a `Content-Type` field names `application/json`, whatever its parameters. */
export function isJson(field: string | null): boolean {
  return isType(field, "application/json");
}

/** True where a `Content-Type` field names `text/event-stream`, whatever its parameters. */
export function isEventStream(field: string | null): boolean {
  return isType(field, "text/event-stream");
}

function isType(field: string | null, type: string): boolean {
  if (field === type) return true;
  if (field === null) return false;
  const end = field.indexOf(";");
  return (end < 0 ? field : field.slice(0, end)).trim().toLowerCase() === type;
}

interface Range {
  /** Lower case, such as `text/*`. */
  readonly name: string;
  readonly q: number;
}

// The most specific matching range decides, not the first (RFC 9110, 12.5.1).
function weight(ranges: readonly Range[], type: string, subtype: string): number {
  for (const name of [`${type}/${subtype}`, `${type}/*`, "*/*"]) {
    let best = -1;
    // No arguments of a function: a field may hold more ranges than one takes.
    for (const range of ranges) if (range.name === name && range.q > best) best = range.q;
    if (best >= 0) return best;
  }
  return 0;
}

function parseRanges(field: string): Range[] {
  const ranges: Range[] = [];
  for (const element of splitUnquoted(field, ",")) {
    const [range = "", ...parameters] = splitUnquoted(element, ";");
    ranges.push({ name: range.trim().toLowerCase(), q: qOf(parameters) });
  }
  return ranges;
}

function qOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^q=(.*)$/i.exec(parameter.trim());
    if (match === null) continue;
    const q = Number(match[1]);
    return q >= 0 && q <= 1 ? q : 0;
  }
  return 1;
}

// Commas and semicolons inside a quoted parameter value do not separate.
function splitUnquoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
