/**
 * Where a change goes that clients want to know of.
 *
 * @module
 */

import { notificationText } from "../protocol/json_rpc.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { isStandalone, standaloneStream } from "./ids.ts";
import type { Live } from "./live.ts";
import { Stream } from "./stream.ts";
import { type Change, notificationOf } from "./subscriptions.ts";

/**
 * Something changed, on whatever node: who asked for it on this one is told. Of legacy clients that is whoever
 * has the standalone stream open.
 */
export function spreadChange(change: Change, dispatcher: Dispatcher): void {
  const { application, lifecycle, params, settings, subscriptions } = dispatcher;
  if ("changed" in change && change.changed === "tools") params.refresh();
  subscriptions.tell(change);
  try {
    application.changed?.(change);
  } catch (error) {
    settings.onEvent?.({ type: "application-error", method: "changed", error });
  }
  const { method, params: fields } = notificationOf(change);
  for (const live of lifecycle.lives()) {
    if (!live.ready || !listens(live)) continue;
    if ("updated" in change && !application.subscribed?.(live.id, change.updated)) continue;
    new Stream(live.id, standaloneStream(live.id), settings)
      .append(notificationText(method, fields), false);
  }
}

function listens(live: Live): boolean {
  return live.connections.some((one) => isStandalone(one.reading.stream));
}
