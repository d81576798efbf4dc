/**
 * Where a change goes that clients want to know of.
 *
 * @module
 */

import { notificationText } from "../../protocol/json_rpc.ts";
import { promiseOf } from "../awaitable.ts";
import { inform } from "../calls/running.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { isStandalone, standaloneStream } from "../ids.ts";
import type { Live } from "../sessions/live.ts";
import { Stream } from "../streams/stream.ts";
import { type Change, notificationOf } from "./subscriptions.ts";

/**
 * Something changed, on whatever node: who asked for it on this one is told. Of legacy clients that is whoever
 * has the standalone stream open.
 */
export function spreadChange(change: Change, dispatcher: Dispatcher): void {
  const { application, lifecycle, params, settings, subscriptions } = dispatcher;
  if ("changed" in change && change.changed === "tools") params.refresh();
  subscriptions.tell(change);
  inform("changed", settings, () => application.changed?.(change));
  const { method, params: fields } = notificationOf(change);
  const text = notificationText(method, fields);
  const tell = (id: string): void =>
    new Stream(id, standaloneStream(id), settings).append(text, false);
  for (const live of lifecycle.lives) {
    if (!live.ready || !listens(live)) continue;
    if ("updated" in change && !subscribed(live.id, change.updated, dispatcher, tell)) continue;
    tell(live.id);
  }
}

// Where it fails for one session, that changes nothing for the others. Of an answer that comes later, `tell` is called.
function subscribed(
  id: string,
  uri: string,
  { application, settings }: Dispatcher,
  tell: (id: string) => void,
): boolean {
  try {
    const answer = application.subscribed?.(id, uri);
    const later = promiseOf(answer);
    if (later === undefined) return answer === true;
    inform("subscribed", settings, () =>
      later.then((yes) => {
        if (yes === true) tell(id);
      }));
  } catch (error) {
    settings.onEvent({ type: "application-error", method: "subscribed", error });
  }
  return false;
}

function listens(live: Live): boolean {
  return live.connections.some((one) => isStandalone(one.reading.stream));
}
