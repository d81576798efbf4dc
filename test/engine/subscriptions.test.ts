import assert from "node:assert/strict";
import { test } from "node:test";
import type { Call } from "../../core/engine/calls/call.ts";
import { type Change, Subscriptions } from "../../core/engine/modern/subscriptions.ts";
import { heapInUse } from "../doubles/heap.ts";

const changes = { listChanged: true };
const application = {
  serverInfo: { name: "s", version: "1" },
  capabilities: { tools: changes, prompts: changes, resources: { ...changes, subscribe: true } },
  request: () => ({}),
};

/** A call that notes which changes it is told of, and then does something. */
function calling(id: string, told: string[], then = (): void => {}): Call {
  const emit = (text: string): boolean => {
    const { method, params: { uri } } = JSON.parse(text);
    if (method.endsWith("acknowledged")) return true;
    told.push(`${id} ${uri ?? method}`);
    then();
    return true;
  };
  return { id, emit } as Call;
}

function toldOf(change: Change, subscriptions: Subscriptions, told: string[]): string {
  subscriptions.tell(change);
  return told.splice(0).join();
}

test("a resource of any name is no list, and no list a resource", () => {
  const subscriptions = new Subscriptions(application);
  const told: string[] = [];
  const names = ["tools", "0", "", "__proto__", "constructor", ":tools"];
  subscriptions.open(calling("a", told), { resourceSubscriptions: names });
  subscriptions.open(calling("b", told), { toolsListChanged: true });
  for (const updated of names) {
    assert.equal(toldOf({ updated }, subscriptions, told), `a ${updated}`);
  }
  const list = "b notifications/tools/list_changed";
  assert.equal(toldOf({ changed: "tools" }, subscriptions, told), list);
  for (const changed of ["prompts", "resources"] as const) {
    assert.equal(toldOf({ changed }, subscriptions, told), "");
  }
});

test("of those that asked for one resource, the ones that stay are told", () => {
  const subscriptions = new Subscriptions(application);
  const told: string[] = [];
  const calls: Call[] = [
    calling("a", told, () => subscriptions.delete(calls[0]!)),
    calling("b", told, () => subscriptions.delete(calls[2]!)),
    calling("c", told),
  ];
  const asked = { resourceSubscriptions: ["x", "x", "y"] };
  for (const call of calls) subscriptions.open(call, asked);
  assert.equal(toldOf({ updated: "x" }, subscriptions, told), "a x,b x");
  assert.equal(toldOf({ updated: "y" }, subscriptions, told), "b y");
  subscriptions.open(calls[2]!, asked);
  assert.equal(toldOf({ updated: "x" }, subscriptions, told), "b x");
  assert.equal(subscriptions.delete(calls[1]!), true);
  assert.equal(subscriptions.delete(calls[1]!), false);
  assert.equal(subscriptions.size, 0);
  assert.equal(toldOf({ updated: "x" }, subscriptions, told), "");
  subscriptions.open(calls[0]!, asked);
  assert.equal(toldOf({ updated: "x" }, subscriptions, told), "a x");
  assert.equal(toldOf({ updated: "y" }, subscriptions, told), "");
});

test("a resource that one asked for costs little more than its name", () => {
  const subscriptions = new Subscriptions(application);
  const uris = Array.from({ length: 100_000 }, (_, i) => `test://${i}`);
  const before = heapInUse();
  subscriptions.open(calling("a", []), { resourceSubscriptions: uris });
  const each = (heapInUse() - before) / uris.length;
  assert.equal(subscriptions.size, 1);
  assert.ok(each < 150, `${each} bytes are kept of each`);
});
