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
  for (const live of lifecycle.lives) {
    if (!live.ready || !listens(live)) continue;
    const { id } = live;
    const tell = () => new Stream(id, standaloneStream(id), settings).append(text, false);
    if ("updated" in change) whereSubscribed(id, change.updated, dispatcher, tell);
    else tell();
  }
}

// Where it fails for one session, that changes nothing for the others.
function whereSubscribed(
  id: string,
  uri: string,
  { application, settings }: Dispatcher,
  tell: () => void,
): void {
  const told = (yes: unknown): void => {
    if (yes === true) tell();
  };
  inform("subscribed", settings, () => {
    const answer = application.subscribed?.(id, uri);
    const later = promiseOf(answer);
    return later === undefined ? told(answer) : later.then(told);
  });
}

function listens(live: Live): boolean {
  return live.connections.some((one) => isStandalone(one.reading.stream));
}
