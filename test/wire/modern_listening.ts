import assert from "node:assert/strict";
import type { McpOptions } from "../../core/engine/mod.ts";
import { open } from "./harness/http.ts";
import { KEY, modern } from "./harness/modern.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

/** What there is to listen to. */
export const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
};

/** A server whose legacy sessions all subscribed to `a:1`. */
export function serving(
  scope: Scope,
  options: McpOptions = {},
  capabilities: object = CAPABILITIES,
): Promise<Server> {
  const more = {
    capabilities: capabilities as never,
    subscribed: (_: string, uri: string) => uri === "a:1",
  };
  return up(scope, app(() => ({}), more), options);
}

/** Opens a subscription and takes its acknowledgement. */
export async function listening(
  { port }: Pick<Server, "port">,
  notifications: object,
  id: string | number = 1,
): Promise<{ readonly events: Events; readonly honoured: unknown }> {
  const answer = await open(port, modern("subscriptions/listen", { notifications }, { id }));
  assert.equal(answer.status, 200);
  assert.equal(answer.get("content-type"), "text/event-stream");
  assert.equal(answer.get("mcp-session-id"), undefined);
  const events = new Events(answer);
  const { method, params } = await events.next();
  assert.equal(method, "notifications/subscriptions/acknowledged");
  assert.deepEqual(params._meta, { [KEY.subscription]: id });
  return { events, honoured: params.notifications };
}
