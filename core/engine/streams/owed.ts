/**
 * What a node that is gone still owed: the calls that died with it are answered with an error by whoever
 * finds them, so that no client waits for ever.
 *
 * @module
 */

import { TRANSPORT_REFUSED } from "../../protocol/error_codes.ts";
import { errorText, isObject, type RequestId } from "../../protocol/json_rpc.ts";
import type { Settings } from "../options/options.ts";
import type { LogBounds } from "../ports.ts";

const PAGE_BYTES = 64 << 10;

/** The ids of the requests that a stream answers, as its log keeps them. */
export function owedText(ids: readonly (RequestId | undefined)[]): string {
  return JSON.stringify(ids);
}

/**
 * Ends a stream with an error for each request that has no answer in it. Of several nodes that do so at
 * once, and of the writer if it lives after all, one comes first; what the others append is dropped.
 */
export async function settleOwed(
  settings: Settings,
  session: string,
  stream: string,
  message: string,
): Promise<void> {
  const { backend: { logs }, clock, budget } = settings;
  const bounds = await logs.bounds(session, stream);
  if (bounds?.ended !== false) return;
  const owed = await unanswered(settings, session, stream, bounds);
  for (const [at, id] of owed.entries()) {
    const text = errorText(id, { code: TRANSPORT_REFUSED, message });
    const last = at === owed.length - 1;
    const once = `owed ${JSON.stringify(id)}`;
    await logs.append(session, stream, text, last, clock.now(), budget, once);
  }
  if (owed.length === 0) await logs.end(session, stream, clock.now());
}

async function unanswered(
  settings: Settings,
  session: string,
  stream: string,
  { first, owed }: LogBounds,
): Promise<RequestId[]> {
  const ids = owed === undefined ? [] : JSON.parse(owed) as RequestId[];
  // The answer to a single request ends its log, so it is not there yet.
  if (ids.length < 2) return ids;
  const { backend: { logs }, clock, budget } = settings;
  const left = new Set(ids);
  for (let after = first - 1;;) {
    const page = await logs.read(session, stream, after, PAGE_BYTES, clock.now(), budget);
    for (const { position, data } of page?.events ?? []) {
      after = position;
      const message: unknown = JSON.parse(data);
      if (isObject(message) && message.method === undefined) left.delete(message.id as RequestId);
    }
    if (page === undefined || !page.more) return [...left];
  }
}
