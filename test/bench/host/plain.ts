/** Requests as plain data, for the engine without HTTP. */
import type { BodyReader, McpHandler } from "../../../core/engine/mod.ts";
import type { Request } from "../load/requests.ts";

type Head = Parameters<McpHandler["handle"]>[0];

export function headOf({ method, headers }: Omit<Request, "body">, session = ""): Head {
  const fields = new Map([["host", "127.0.0.1"]]);
  for (const [name, value] of Object.entries(headers)) {
    fields.set(name.toLowerCase(), value.replace("{session}", session));
  }
  const get = (name: string): string | null => fields.get(name) ?? null;
  return { method, url: "http://127.0.0.1/mcp", headers: { get } };
}

export function bodyOf(text: string): BodyReader {
  return { text: () => Promise.resolve(text) };
}
