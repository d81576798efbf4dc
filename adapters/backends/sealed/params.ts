/**
 * What is kept of `initialize`, in few bytes: a compact text in which common words are one character.
 *
 * @module
 */

import { isObject, type JsonObject } from "../../../core/protocol/json_rpc.ts";

/**
 * Words of clients' params. JSON text has no control characters, so each stands for a word by its place
 * here. Ids that are out there were made with this list: only ever append to it, 31 at most.
 */
const WORDS: readonly string[] = [
  '"elicitation":{"form":{},"url":{}}',
  '"roots":{"listChanged":true}',
  '"elicitation":{"form":{}}',
  '"applyDefaults":true',
  '"listChanged":true',
  '"createMessage":{}',
  '"elicitation":{}',
  '"experimental":',
  '"elicitation":',
  '"description":',
  '"websiteUrl":',
  '"sampling":{}',
  '"extensions":',
  '"requests":',
  '"sampling":',
  '"context":{}',
  '"version":',
  '"create":{}',
  '"cancel":{}',
  '"title":',
  '"tools":{}',
  '"roots":{}',
  '"roots":',
  '"tasks":',
  '"form":{}',
  '"list":{}',
  '"name":',
  '"url":{}',
];

/** Longest first, so that a part never hides the whole. */
const BY_LENGTH: readonly (readonly [string, string])[] = WORDS
  .map((word, at) => [word, String.fromCharCode(at + 1)] as const)
  .sort(([a], [b]) => b.length - a.length);

/** Characters of a name or version that is far too long. */
const SHORT = 32;

/**
 * The params as text, from everything down to the least that serves: who the client is, and what it
 * can do.
 */
export function packed(initialize: string): readonly string[] {
  if (initialize === "") return [""];
  const params = JSON.parse(initialize) as JsonObject;
  const client = isObject(params.clientInfo) ? params.clientInfo : {};
  const can = isObject(params.capabilities) ? params.capabilities : {};
  const { name, version, title } = client;
  const { experimental: _experimental, ...standard } = can;
  const { extensions: _extensions, ...core } = standard;
  const few = core.tasks === undefined ? core : { ...core, tasks: {} };
  const least = { name: short(name), version: short(version) };
  return [
    [client, can],
    [{ name, version, title }, can],
    [{ name, version }, can],
    [{ name, version }, standard],
    [least, standard],
    [least, core],
    [least, few],
  ].map((value) => shorten(JSON.stringify(value)));
}

/** The params of a packed text. */
export function unpacked(text: string, protocolVersion: string | undefined): string {
  if (text === "") return "";
  const [clientInfo, capabilities] = JSON.parse(lengthen(text)) as readonly JsonObject[];
  return JSON.stringify({ protocolVersion, capabilities, clientInfo });
}

function shorten(text: string): string {
  let out = text;
  for (const [word, sign] of BY_LENGTH) out = out.replaceAll(word, sign);
  return out;
}

function lengthen(text: string): string {
  let out = text;
  for (const [word, sign] of BY_LENGTH) out = out.replaceAll(sign, word);
  return out;
}

function short(value: unknown): unknown {
  return typeof value === "string" ? value.slice(0, SHORT) : undefined;
}
