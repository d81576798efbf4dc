/**
 * `initialize`: the application's answer first, then the record, then the id.
 *
 * @module
 */

import type { RequestHead } from "../../inbound/head.ts";
import { OPENING_RULES } from "../../inbound/opening_rules.ts";
import type { ResponseShape } from "../../inbound/policy.ts";
import { firstRefusal } from "../../inbound/rule.ts";
import type { Rejection } from "../../outbound/rejections.ts";
import { eventText, SSE_HEADERS } from "../../outbound/sse.ts";
import { SESSION_ID_HEADER } from "../../protocol/header_values.ts";
import {
  type Body,
  isObject,
  type JsonObject,
  resultText,
  type RpcRequest,
} from "../../protocol/json_rpc.ts";
import type { Accepts } from "../../protocol/media.ts";
import { LEGACY_REVISIONS, type LegacyRevision, negotiate } from "../../protocol/revisions.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Application } from "../application.ts";
import { attempt } from "../attempt.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { shown } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { mintSessionId } from "../ids.ts";
import { jsonOf } from "../json.ts";
import { JSON_HEADERS, type Outcome, type Reply, withFields } from "../reply.ts";
import { named } from "../sessions/mint.ts";
import { Call } from "./call.ts";
import { Post, shapeFor } from "./post.ts";
import { thrown } from "./running.ts";

/**
 * Answers `initialize`; a field of the answer names the session that it opens. That exists once the application's
 * answer is ready and the store has accepted the record; whatever fails before leaves nothing behind.
 *
 * @param creates False where sessions are off: the handshake is answered, nothing is stored.
 */
export async function openSession(
  dispatcher: Dispatcher,
  body: Body,
  caller: Caller,
  head: RequestHead,
  accepts: Accepts,
  creates: boolean,
): Promise<Outcome> {
  const request = (body as { message: RpcRequest }).message;
  const { settings } = dispatcher;
  const version = negotiate(request.params!.protocolVersion as string);
  const initialize = jsonOf(request.params);
  if (initialize === undefined) {
    return { rule: "initialize-params", detail: "params that nest too deep" };
  }
  const refused = creates
    ? firstRefusal(OPENING_RULES, { initialize }, settings.policy)
    : undefined;
  if (refused !== undefined) return refused;
  const now = settings.clock.now();
  const minted: SessionRecord = {
    id: mintSessionId(),
    version,
    owner: caller.principal,
    initialize,
    created: now,
    seen: now,
    ready: false,
    held: false,
  };
  const own = creates ? named(minted, settings) : minted;
  const draft = own instanceof Promise ? await own : own;
  if ("rule" in draft) return draft;
  // It has no stream of its own: there is no session yet that one could belong to.
  const post = new Post(
    dispatcher,
    creates ? draft : undefined,
    undefined,
    version,
    accepts,
    "json",
    1,
    false,
  );
  const call = new Call(request, post, caller, head);
  // Nothing has begun: another node can serve it.
  if (dispatcher.stopped) return { rule: "draining" };
  // Closing waits for it as for any call, and stops it as any call.
  dispatcher.hold(call, undefined, false);
  const stored = creates ? dispatcher.lifecycle.openings.begin(draft.id) : undefined;
  const opening = open(dispatcher, call, request, draft, accepts, creates);
  const over = (): void => {
    stored?.();
    call.settle("");
  };
  opening.then(over, over);
  const stopped = (await post.reply()).status !== 200;
  return stopped ? { rule: "draining" } : opening;
}

/** Has the application answer, and stores the session. Where the call is stopped meanwhile, nothing is left behind. */
async function open(
  dispatcher: Dispatcher,
  call: Call,
  request: RpcRequest,
  draft: SessionRecord,
  accepts: Accepts,
  creates: boolean,
): Promise<Outcome> {
  const { application, settings, lifecycle } = dispatcher;
  const version = draft.version!;
  const shape = shapeFor(accepts, settings.policy.response);
  const shaped = (text: string): Reply => textReply(text, shape);
  const gone = (): void => dispatcher.ended(draft.id, "ended", undefined);
  let result: JsonObject | undefined;
  let text: string;
  try {
    result = application.initialize === undefined
      ? initializeResult(application, version)
      : await application.initialize(request, call);
    checkVersion(result);
    text = resultText(request.id, result);
  } catch (error) {
    // The application has answered for a session that there will not be.
    if (result !== undefined && creates) gone();
    return shaped(thrown(call, error).text);
  }
  const reply = shaped(text);
  if (!creates) return reply;
  const draining: Rejection = { rule: "draining" };
  if (call.over) {
    gone();
    return draining;
  }
  // It begins now: what the application took must not count as idle.
  const opened = settings.clock.now();
  const record: SessionRecord = {
    ...draft,
    version: result.protocolVersion as LegacyRevision,
    created: opened,
    seen: opened,
  };
  let refusal: Rejection | undefined;
  try {
    const storing = lifecycle.open(record);
    // Who closes waits for it: afterwards there may be no backend any more in which it could be ended.
    if (storing instanceof Promise) settings.writes.add(storing.catch(() => {/* see below */}));
    refusal = await storing;
  } catch (error) {
    gone();
    throw error;
  }
  if (refusal !== undefined) {
    gone();
    return refusal;
  }
  if (call.over) {
    settings.writes.add(Promise.resolve(attempt(settings, () => lifecycle.end(record, "ended"))));
    return draining;
  }
  // From here on nothing stops it any more: its client will know of the session.
  call.settle("");
  return withFields(reply, { [SESSION_ID_HEADER]: record.id });
}

function initializeResult(application: Application, version: LegacyRevision): JsonObject {
  const { capabilities = {}, serverInfo, instructions } = application;
  return { protocolVersion: version, capabilities, serverInfo, instructions };
}

function checkVersion(result: JsonObject): void {
  const version = isObject(result) ? result.protocolVersion : undefined;
  if (LEGACY_REVISIONS.includes(version as LegacyRevision)) return;
  throw new TypeError(
    `initialize: protocolVersion of the result is ${shown(version)}, none of ${
      LEGACY_REVISIONS.join(", ")
    }`,
  );
}

// Where only an event stream is acceptable, the answer is a stream of one event.
function textReply(text: string, shape: ResponseShape): Reply {
  return shape === "sse"
    ? { status: 200, headers: SSE_HEADERS, body: eventText(undefined, text) }
    : { status: 200, headers: JSON_HEADERS, body: text };
}
