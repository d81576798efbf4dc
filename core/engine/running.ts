/**
 * The application at work on a call, and its answer; and at the end of a session.
 *
 * @module
 */

import type { RpcRequest } from "../protocol/json_rpc.ts";
import type { EndReason } from "../session/record.ts";
import { type Answered, answerOf, discoverResult, failedAnswer, thrownAnswer } from "./answers.ts";
import type { Application } from "./application.ts";
import type { Call } from "./call.ts";
import type { Settings } from "./options.ts";

/** Has the application answer a call. */
export function run(
  request: RpcRequest,
  call: Call,
  application: Application,
  settings: Settings,
): void {
  let result: unknown;
  try {
    result = request.method === "ping"
      ? {}
      : request.method === "server/discover" && call.era === "modern"
      ? discoverResult(application)
      : application.request(request, call);
  } catch (error) {
    return settle(call, thrown(call, error, application, settings));
  }
  if (result instanceof Promise) settleLater(result, call, application, settings);
  else settle(call, returned(call, result, application, settings));
}

// Apart, so that a call that is answered at once pays for no function.
function settleLater(
  result: Promise<unknown>,
  call: Call,
  application: Application,
  settings: Settings,
): void {
  result.then(
    (value) => settle(call, returned(call, value, application, settings)),
    (error) => settle(call, thrown(call, error, application, settings)),
  );
}

/** The answer to a request whose application threw. What is no answer stays here. */
export function thrown(
  call: Call,
  error: unknown,
  application: Application,
  settings: Settings,
): Answered {
  let failure = error;
  try {
    const answer = thrownAnswer(application, call, error);
    if (answer !== undefined) return answer;
  } catch (cannotBeSent) {
    // What it carries is no JSON, or nests deeper than can be written out: a peer's own arguments may.
    failure = cannotBeSent;
  }
  // A call that was stopped is expected to fail.
  if (!call.over) {
    settings.onEvent({ type: "application-error", method: call.method, error: failure });
  }
  return failedAnswer(call);
}

/** Tells the application that a session is over. */
export function tellEnded(
  id: string,
  reason: EndReason,
  application: Application,
  settings: Settings,
): void {
  const failed = (error: unknown): void =>
    settings.onEvent({ type: "application-error", method: "ended", error });
  try {
    const done = application.ended?.(id, reason);
    if (done instanceof Promise) done.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function returned(
  call: Call,
  result: unknown,
  application: Application,
  settings: Settings,
): Answered {
  try {
    return answerOf(application, call, result);
  } catch (error) {
    // The result is no JSON.
    return thrown(call, error, application, settings);
  }
}

function settle(call: Call, { text, status }: Answered): void {
  call.settle(text, status);
}
