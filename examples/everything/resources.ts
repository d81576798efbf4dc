/**
 * Resources: a text, a file, one that can be watched, and a template.
 *
 * @module
 */

import { type Exchange, type JsonObject, RpcError } from "../../core/engine/mod.ts";
import { PNG } from "./content.ts";
import type { Context } from "./context.ts";
import { onePage, required } from "./params.ts";

interface Resource {
  readonly uri: string;
  readonly name: string;
  readonly description: string;
  readonly mimeType: string;
}

/** The resource that can be subscribed to. */
export const WATCHED = "test://watched-resource";

const RESOURCES: ReadonlyMap<string, { readonly listed: Resource; readonly content: JsonObject }> =
  new Map([
    entry("test://static-text", "Static text", "A text that never changes", "text/plain", {
      text: "This is the content of the static text resource.",
    }),
    entry("test://static-binary", "Static binary", "A file that never changes", "image/png", {
      blob: PNG,
    }),
    entry(WATCHED, "Watched resource", "A text to subscribe to", "text/plain", {
      text: "This is the content of the watched resource.",
    }),
  ]);

const TEMPLATE = {
  uriTemplate: "test://template/{id}/data",
  name: "Template",
  description: "Data for any id",
  mimeType: "application/json",
};

/** `resources/list` */
export function listResources(params: JsonObject): object {
  onePage(params);
  return { resources: [...RESOURCES.values()].map(({ listed }) => listed) };
}

/** `resources/templates/list` */
export function listTemplates(params: JsonObject): object {
  onePage(params);
  return { resourceTemplates: [TEMPLATE] };
}

/** `resources/read` */
export function readResource(params: JsonObject, { exchange }: Context): object {
  return { contents: [find(required(params, "uri"), exchange)] };
}

/** A resource's contents. Throws the error of the client's era where there is no such resource. */
export function find(
  uri: string,
  exchange: Exchange,
): JsonObject & { readonly uri: string; readonly mimeType: string } {
  const known = RESOURCES.get(uri);
  if (known !== undefined) {
    return { uri, mimeType: known.listed.mimeType, ...known.content };
  }
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined) {
    const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { uri, mimeType: TEMPLATE.mimeType, text };
  }
  // -32002 until 2025-11-25 (server/resources, Error Handling), -32602 from 2026-07-28 (SEP-2164).
  const code = exchange.era === "legacy" ? -32002 : -32602;
  throw new RpcError(code, "Resource not found", { uri });
}

function entry(
  uri: string,
  name: string,
  description: string,
  mimeType: string,
  content: JsonObject,
): [string, { listed: Resource; content: JsonObject }] {
  return [uri, { listed: { uri, name, description, mimeType }, content }];
}
