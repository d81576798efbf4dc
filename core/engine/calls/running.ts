/**
 * The application at work on a call, and its answer; and what it is told that has none.
 *
 * @module
 */

import type { RpcRequest } from "../../protocol/json_rpc.ts";
import { promiseOf } from "../awaitable.ts";
import { messageShown, nameShown, type RequestEvent } from "../events.ts";
import type { Settings } from "../options/options.ts";
import { type Answered, answerOf, discoverResult, failedAnswer, thrownAnswer } from "./answers.ts";
import type { Call } from "./call.ts";
import { slipOf } from "./slips.ts";

/**
 * Has the application answer a call, and settles it. What the library answers itself (`ping`, `server/discover`) it
 * answers here.
 */
export function run(request: RpcRequest, call: Call): void {
  const { application, settings } = call.post.dispatcher;
  if (settings.observed) call.began = settings.clock.now();
  let result: unknown;
  let promise: Promise<unknown> | undefined;
  try {
    result = request.method === "ping"
      ? {}
      : request.method === "server/discover" && call.era === "modern"
      ? discoverResult(application)
      : application.request(request, call);
    promise = promiseOf(result);
  } catch (error) {
    return settle(call, thrown(call, error));
  }
  if (promise !== undefined) settleLater(promise, call);
  else settle(call, returned(call, result));
}

// Apart, so that a call that is answered at once pays for no function.
function settleLater(result: Promise<unknown>, call: Call): void {
  result.then(
    (value) => settle(call, returned(call, value)),
    (error) => settle(call, thrown(call, error)),
  );
}

/** The answer to a request whose application threw. What is no answer stays here. */
export function thrown(call: Call, error: unknown): Answered {
  let failure = error;
  try {
    const answer = thrownAnswer(call, error);
    if (answer !== undefined) return answer;
  } catch (cannotBeSent) {
    // What it carries is no JSON, or nests deeper than can be written out: a peer's own arguments may.
    failure = cannotBeSent;
  }
  // A call that was stopped is expected to fail.
  if (!call.over) {
    failed(call, failure);
  }
  return failedAnswer(call);
}

function failed({ message, post }: Call, error: unknown): void {
  const { onEvent } = post.dispatcher.settings;
  onEvent({ type: "application-error", ...messageShown(message), error });
}

/** Tells the application something that has no answer: where it fails, that is an event and no more. */
export function inform(
  method: string,
  { onEvent }: Pick<Settings, "onEvent">,
  tell: () => unknown,
): void {
  const failed = (error: unknown): void =>
    onEvent({ type: "application-error", method: nameShown(method), error });
  try {
    promiseOf(tell())?.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function returned(call: Call, result: unknown): Answered {
  const slip = slipOf(call, result);
  if (slip !== undefined && !call.over) failed(call, new TypeError(slip));
  try {
    return answerOf(call, result);
  } catch (error) {
    // The result is no JSON.
    return thrown(call, error);
  }
}

function settle(call: Call, { text, status, code }: Answered): void {
  if (!call.over) tellRequest(call, code === undefined ? "result" : "error", code);
  call.settle(text, status);
}

/** Tells the operator what became of a request. */
export function tellRequest(
  { message, began, post }: Call,
  outcome: RequestEvent["outcome"],
  code?: number,
): void {
  // The application has not begun with it, so it is no request that it worked on.
  if (began === undefined) return;
  const { onEvent, clock } = post.dispatcher.settings;
  const durationMs = clock.now() - began;
  const session = post.record?.id;
  onEvent({ type: "request", ...messageShown(message), outcome, code, session, durationMs });
}
