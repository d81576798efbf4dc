import assert from "node:assert/strict";
import type { Exchange, RpcRequest } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { turns } from "../doubles/turns.ts";
import { Events } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";
import { ModernCall, Subscription } from "./modern_players.ts";
import { one, type Operation, testPlays } from "./plays.ts";
import type { Scope, World } from "./worlds.ts";

const KINDS = [
  ...["call", "call", "call", "say", "say", "say", "end", "end", "leave", "leave"],
  ...["ask", "answer", "answer", "listen", "listen", "change", "change", "change", "unlisten"],
  ...["restart", "wait"],
] as const;

const CALLS = 3;
const SUBSCRIPTIONS = 2;
/** Every other node bounds the subscriptions of all, and those between them those of each. */
const LIMITS = [
  { inFlightPerPrincipal: CALLS, subscriptionsPerPrincipal: SUBSCRIPTIONS },
  { inFlightPerPrincipal: CALLS, subscriptions: SUBSCRIPTIONS },
] as const;

const FORM = { message: "Who?", requestedSchema: { type: "object", properties: {} } };
const ASKED = { name: "ask", arguments: {} };
const CAN = { capabilities: { elicitation: {} } };
const stateKeys = [new Uint8Array(32)];

/** What a client is asked: the params with which it calls again, but for its answer, and how often it has answered. */
interface Question {
  readonly key: string;
  readonly requestState: string | undefined;
  readonly answers: number;
}

testPlays(
  (on) =>
    `whatever modern clients do on ${on}, each gets what it asked for once, within its limits`,
  KINDS,
  play,
);

async function play(
  operations: readonly Operation<typeof KINDS[number]>[],
  world: World,
  count: number,
  scope: Scope,
): Promise<void> {
  const calls: ModernCall[] = [];
  const subscriptions: Subscription[] = [];
  const questions: Question[] = [];
  const clock = new FakeClock();
  let ids = 1_000;
  let begun = 0;
  const application = {
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
    request: async ({ id, params }: RpcRequest, exchange: Exchange) => {
      if (params?.name === "ask") {
        const first = await exchange.elicit(FORM);
        const second = await exchange.elicit(FORM);
        return { had: [first.content, second.content] };
      }
      const call = calls[(id as number) - 1]!;
      call.exchange = exchange;
      assert.ok(busy(call.endpoint) <= CALLS);
      return await new Promise<object>((resolve) => call.finish = resolve);
    },
  };
  const busy = ({ handler }: ModernEndpoint): number =>
    calls.filter((one) => one.endpoint.handler === handler && one.active && one.exchange).length;
  const begin = (): ModernEndpoint =>
    new ModernEndpoint(scope, application, {
      ...{ backend: world.backend, stateKeys, limits: LIMITS[begun++ % 2]! },
      ...{ keepAliveMs: 0, autoSseMs: Infinity },
    }, clock);
  const nodes = Array.from({ length: count }, begin);

  const ask = async (endpoint: ModernEndpoint, asked: Question | undefined): Promise<void> => {
    const n = (asked?.answers ?? 0) + (asked === undefined ? 0 : 1);
    const given = asked === undefined ? {} : {
      inputResponses: { [asked.key]: { action: "accept", content: { n } } },
      ...(asked.requestState === undefined ? {} : { requestState: asked.requestState }),
    };
    const answer = await endpoint.post("tools/call", { ...ASKED, ...given }, { id: ++ids, ...CAN });
    if (answer.status === 503) {
      await answer.body?.cancel();
      assert.ok(busy(endpoint) >= CALLS);
      if (asked !== undefined) questions.push(asked);
      return;
    }
    const { result } = await answer.json();
    if (n === 2) return assert.deepEqual(result.had, [{ n: 1 }, { n: 2 }]);
    assert.equal(result.resultType, "input_required");
    const [key] = Object.keys(result.inputRequests);
    questions.push({ key: key!, requestState: result.requestState, answers: n });
  };

  for (const { kind, which, node } of operations) {
    const endpoint = one(nodes, node)!;
    const call = one(calls, which);
    switch (kind) {
      case "call": {
        const made = new ModernCall(calls.length + 1, endpoint);
        calls.push(made);
        made.send();
        if (which % 2 === 0) break;
        await world.quiet();
        const taken = calls.filter((one) => one.endpoint === endpoint && one.active);
        assert.ok(taken.length <= CALLS);
        if (made.status === 503) assert.equal(taken.length, CALLS);
        break;
      }
      case "say":
        call?.say();
        break;
      case "end":
        call?.end();
        break;
      case "leave":
        await call?.leave();
        break;
      case "ask":
        await world.quiet();
        await ask(endpoint, undefined);
        break;
      case "answer": {
        const asked = questions.shift();
        if (asked === undefined) break;
        await world.quiet();
        await ask(endpoint, asked);
        break;
      }
      case "listen": {
        const wants = which % 2 === 0 ? "notifications/tools/list_changed" : "a:1";
        const notifications = which % 2 === 0
          ? { toolsListChanged: true }
          : { resourceSubscriptions: ["a:1"] };
        const id = ++ids;
        // What was told before may not be on its way any more.
        await world.quiet();
        const answer = await endpoint.post("subscriptions/listen", { notifications }, { id });
        const open = subscriptions.filter((one) => one.open && one.endpoint === endpoint).length;
        assert.equal(answer.status, open < SUBSCRIPTIONS ? 200 : 503);
        if (answer.status === 503) {
          await answer.body?.cancel();
          break;
        }
        const made = new Subscription(endpoint, id, wants, new Events(answer));
        await made.begin();
        subscriptions.push(made);
        break;
      }
      case "change": {
        const { notify } = nodes[0]!.handler;
        const tools = which % 2 === 0;
        for (const one of subscriptions) {
          one.changed(tools ? "notifications/tools/list_changed" : "a:1");
        }
        if (tools) notify.toolsListChanged();
        else notify.resourceUpdated("a:1");
        break;
      }
      case "unlisten":
        await one(subscriptions, which)?.leave();
        break;
      case "restart": {
        // What a call has given is its answer once the engine has seen it.
        await turns();
        for (const one of calls) {
          if (one.endpoint === endpoint && one.active) one.refused = true;
        }
        for (const one of subscriptions) if (one.endpoint === endpoint) one.open = false;
        await endpoint.handler.close({ within: 0 });
        nodes[node % count] = begin();
        break;
      }
      case "wait":
        await world.quiet();
        // Nothing that was told is on its way any more.
        for (const { open, heard, expected } of subscriptions) {
          if (open) assert.deepEqual(heard, expected);
        }
    }
  }

  await world.quiet();
  for (const call of calls) call.end();
  await world.quiet();
  for (const call of calls) {
    await call.over();
    call.check();
  }
  for (const { handler, events } of nodes) {
    await handler.close();
    const { inFlight, streams } = await handler.stats();
    assert.deepEqual([inFlight, streams], [0, 0]);
    assert.deepEqual(events.filter(({ type }) => type.endsWith("error")), []);
  }
  for (const one of subscriptions) await one.check();
}
