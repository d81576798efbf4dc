/** What is over leaves nothing: whatever would be kept is made large, to be seen among all else on the heap. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { record } from "../../adapters/testing/kit_data.ts";
import type { Call } from "../../core/engine/calls/call.ts";
import { ClientRequests } from "../../core/engine/calls/client_requests.ts";
import { Ends } from "../../core/engine/guard/entry.ts";
import { Subscriptions } from "../../core/engine/modern/subscriptions.ts";
import { Live } from "../../core/engine/sessions/live.ts";
import { Lives } from "../../core/engine/sessions/lives.ts";
import type { RpcRequest } from "../../core/protocol/json_rpc.ts";
import { FakeClock } from "../doubles/clock.ts";
import { heapInUse } from "../doubles/heap.ts";
import { Endpoint } from "./endpoint.ts";

const LARGE = 20_000;

/** Text that nothing else refers to, nor is it made of parts that are shared. */
const large = (i: number): string => JSON.stringify(`${i}`.padEnd(LARGE, "x"));

/** Makes sure that of what `one` is given nothing is left. */
async function leavesNothing(one: (own: string) => unknown): Promise<void> {
  const count = 500;
  for (let i = 0; i < 200; i++) await one(large(i));
  const before = heapInUse();
  for (let i = 0; i < count; i++) await one(large(i));
  const each = (heapInUse() - before) / count;
  assert.ok(each < LARGE / 2, `${each} bytes are left of each`);
}

describe("nothing is left", () => {
  test("of a session that was held", async () => {
    const lives = new Lives(() => {}, () => {});
    await leavesNothing((id) => lives.release(lives.hold(record(id))));
  });

  test("of a guarded session whose end somebody was to hear of and left", async () => {
    const ends = new Ends();
    await leavesNothing((id) => {
      const [live, fn] = [new Live(record(id)), () => {}];
      ends.add(live, fn);
      ends.delete(live, fn);
    });
  });

  test("of a subscription that is over, and of what it was to", async () => {
    const resources = { subscribe: true };
    const application = { serverInfo: { name: "test", version: "1" }, capabilities: { resources } };
    const subscriptions = new Subscriptions({ ...application, request: () => ({}) });
    await leavesNothing((uri) => {
      const call = { id: 1, emit: () => true } as unknown as Call;
      subscriptions.open(call, { resourceSubscriptions: [uri] });
      subscriptions.delete(call);
    });
  });

  for (const who of ["the session", "the call"]) {
    test(`of ${who} that asked a client`, async () => {
      const requests = new ClientRequests("node", { clock: new FakeClock(), onEvent() {} });
      let id = "";
      const way = {
        when: (go: () => void) => void go(),
        send: (text: string) => void (id = JSON.parse(text).id),
        cancel: () => {},
      };
      let count = 0;
      await leavesNothing(async (own) => {
        const [from, call] = who === "the call" ? [`s${++count}`, { own }] : [own, undefined];
        const asked = requests.ask(from, call, "roots/list", undefined, {}, way);
        requests.said(from, { jsonrpc: "2.0", id, result: {} });
        await asked;
      });
    });
  }

  for (const sessions of ["required", "off"] as const) {
    test(`of a call that is answered later, sessions ${sessions}`, async (t) => {
      const request = ({ params }: RpcRequest) => Promise.resolve({ own: params!.own });
      const endpoint = new Endpoint(t, { request }, { sessions, onEvent() {} });
      const session = sessions === "off" ? undefined : await endpoint.open();
      await leavesNothing(async (own) => {
        await (await endpoint.call("tools/call", { session }, { own })).text();
      });
    });
  }
});
