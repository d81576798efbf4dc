/**
 * Questions to the client, written once for both eras: a legacy client is asked while the call goes on, a
 * modern one gets an input-required result, and the call is run again when it brings the answer.
 *
 * @module
 */

import type { Exchange, InputRequest, JsonObject } from "../../core/engine/mod.ts";
import type { ToolResult } from "./tool.ts";

/** Several questions, by the key of their answers. */
export type Questions = Readonly<Record<string, InputRequest>>;

/** What `elicitation/create` answers. */
export interface Elicited {
  readonly action?: unknown;
  readonly content?: JsonObject;
}

/** A form for the user. */
export function form(message: string, requestedSchema: JsonObject): InputRequest {
  return { method: "elicitation/create", params: { message, requestedSchema } };
}

/** A form with one field that has to be filled in. */
export function field(message: string, name: string, type: "string" | "boolean"): InputRequest {
  const properties = { [name]: { type } };
  return form(message, { type: "object", properties, required: [name] });
}

/** A prompt for the client's model. */
export function sampling(prompt: string, maxTokens: number): InputRequest {
  const messages = [{ role: "user", content: { type: "text", text: prompt } }];
  return { method: "sampling/createMessage", params: { messages, maxTokens } };
}

/** The client's roots. */
export const ROOTS: InputRequest = { method: "roots/list" };

/** Asks one question; `key` names its answer. */
export async function ask(
  exchange: Exchange,
  key: string,
  question: InputRequest,
): Promise<JsonObject> {
  return (await exchange.inputs({ [key]: question }))[key]!;
}

/** What the user wrote into a field; undefined where there is nothing of the kind. */
export function filledIn(answer: Elicited | undefined, name: string): unknown {
  return answer?.action === "accept" ? answer.content?.[name] : undefined;
}

/** The text of a model's answer. */
export function said({ content }: JsonObject): string {
  const blocks = (Array.isArray(content) ? content : [content]) as readonly unknown[];
  const texts = blocks.map((block) => (block as { readonly text?: unknown } | undefined)?.text);
  return texts.filter((text) => typeof text === "string").join("") || "No response";
}

/** The URIs of a client's roots. */
export function urisOf({ roots }: JsonObject): string {
  if (!Array.isArray(roots)) return "none";
  return roots.map((root: { readonly uri?: unknown }) => String(root?.uri)).join(", ");
}

/**
 * Asks by a result of our own instead of {@linkcode Exchange.inputs}, with a state that the client brings
 * back sealed. Only a modern client can be asked so.
 */
export async function askWithState(
  exchange: Exchange,
  inputRequests: Questions,
  state: unknown,
): Promise<ToolResult> {
  const requestState = await exchange.sealState(state);
  return { resultType: "input_required", inputRequests, requestState };
}
