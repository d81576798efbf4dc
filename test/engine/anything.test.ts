import assert from "node:assert/strict";
import type { Exchange, RpcRequest } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, notification, request } from "./endpoint.ts";
import { Call, checkCall, Session } from "./players.ts";
import { one, type Operation, testPlays } from "./plays.ts";
import type { Scope, World } from "./worlds.ts";

const KINDS = [
  ...["open", "call", "call", "say", "say", "say", "say", "end", "end", "cancel", "cut", "resume"],
  ...["listen", "tell", "tell", "leave", "delete", "duplicate", "wait"],
  ...["ask", "ask", "reply", "reply", "restart"],
] as const;

/** How many calls of a session one node works on. */
const IN_FLIGHT = 3;

testPlays(
  (on) =>
    `whatever happens on ${on}, every call is answered once and every message comes once, in order`,
  KINDS,
  play,
);

async function play(
  operations: readonly Operation<typeof KINDS[number]>[],
  world: World,
  count: number,
  scope: Scope,
): Promise<void> {
  const sessions: Session[] = [];
  const calls: Call[] = [];
  const clock = new FakeClock();
  const application = {
    request: ({ id }: RpcRequest, exchange: Exchange) => {
      const call = calls[(id as number) - 1]!;
      call.exchange = exchange;
      return new Promise<object>((resolve) => call.finish = resolve);
    },
  };
  const begin = (): Endpoint =>
    new Endpoint(
      scope,
      application,
      { keepAliveMs: 0, autoSseMs: Infinity, limits: { inFlight: IN_FLIGHT } },
      world,
      clock,
    );
  const nodes = Array.from({ length: count }, begin);

  const resume = async (call: Call, endpoint: Endpoint): Promise<void> => {
    await call.cut();
    const lastEventId = call.events?.lastId;
    if (lastEventId === undefined || !call.session.lives) return;
    const answer = await endpoint.get({ session: call.session.id, lastEventId });
    if (answer.status === 400) {
      // It came back before, and there was nothing left.
      assert.ok(call.cancelled || call.got.includes(0), "unknown, but it has no answer");
      return void await answer.text();
    }
    assert.equal(answer.status, 200);
    const events = new Events(answer);
    events.lastId = lastEventId;
    call.follow(events);
  };

  sessions.push(new Session(await nodes[0]!.open(), 0));
  for (const { kind, which, node } of operations) {
    const endpoint = one(nodes, node)!;
    const session = one(sessions.filter(({ lives }) => lives), which);
    const call = one(calls, which);
    switch (kind) {
      case "open":
        if (sessions.length < 3) {
          sessions.push(new Session(await endpoint.open(), node % count));
        }
        break;
      case "call": {
        if (session === undefined) break;
        const made = new Call(calls.length + 1, session, endpoint);
        calls.push(made);
        session.calls.push(made);
        made.answered = endpoint.post(request(made.id, "tools/call"), { session: session.id })
          .then((answer) => made.take(answer));
        if (which % 2 === 0) break;
        await world.quiet();
        const taken = session.calls.filter((one) =>
          one.endpoint === endpoint && one.active && one.exchange !== undefined
        );
        assert.ok(taken.length <= IN_FLIGHT);
        if (made.status === 503) assert.equal(taken.length, IN_FLIGHT);
        break;
      }
      case "say":
        call?.say();
        break;
      case "end":
        call?.end();
        break;
      case "cancel": {
        if (call === undefined || !call.session.lives || call.exchange === undefined) break;
        const message = notification("notifications/cancelled", { requestId: call.id });
        if (call.active) call.cancelled = true;
        await endpoint.post(message, { session: call.session.id });
        // Word of it takes its way; what is answered meanwhile is answered.
        if (endpoint !== call.endpoint) await world.quiet();
        break;
      }
      case "cut":
        await call?.cut();
        break;
      case "resume":
        if (call !== undefined) await resume(call, endpoint);
        break;
      case "listen":
        if (session === undefined) break;
        await session.follow(new Events(await endpoint.get({ session: session.id })));
        break;
      case "tell":
        if (session === undefined) break;
        // Two nodes that tell at the same time have no order between them.
        (await nodes[session.teller]!.handler.sessions.get(session.id))!
          .notify("notifications/message", { n: ++session.told });
        break;
      case "leave":
        await world.quiet();
        await session?.listening?.cut();
        break;
      case "duplicate": {
        const busy = calls.find(({ active, exchange }) => active && exchange !== undefined);
        if (busy === undefined) break;
        const again = await busy.endpoint.post(request(busy.id, "tools/call"), {
          session: busy.session.id,
        });
        assert.equal(again.status, 400);
        break;
      }
      case "delete":
        if (session === undefined) break;
        session.lives = false;
        assert.equal((await endpoint.delete({ session: session.id })).status, 204);
        break;
      case "ask":
        call?.ask();
        break;
      case "reply": {
        const id = call?.session.lives ? call.questions.shift() : undefined;
        if (id === undefined) break;
        const reply = { jsonrpc: "2.0", id, result: { roots: [] } };
        const answer = await endpoint.post(reply, { session: call!.session.id });
        assert.equal(answer.status, 202);
        break;
      }
      case "restart": {
        // What a call has given is its answer once the engine has seen it.
        await turns();
        for (const one of calls) {
          if (one.endpoint === endpoint && !one.finished && !one.cancelled) one.refused = true;
        }
        await endpoint.handler.close({ within: 0 });
        nodes[node % count] = begin();
        break;
      }
      case "wait":
        await world.quiet();
    }
  }

  await world.quiet();
  for (const call of calls) call.end();
  await world.quiet();
  for (const call of calls) {
    await call.answered;
    if (call.session.lives && !call.cancelled && !call.got.includes(0)) {
      await resume(call, nodes.at(-1)!);
    }
    await call.reading;
    checkCall(call);
    // Whoever asked has heard: nothing waits once its call is over.
    for (const outcome of await Promise.all(call.asked)) {
      assert.ok(["answered", "cancelled", "session-ended"].includes(outcome), outcome);
    }
  }
  await world.quiet();
  for (const session of sessions) {
    if (session.lives) {
      await session.follow(new Events(await nodes[session.teller]!.get({ session: session.id })));
    }
    await world.quiet();
    await session.listening?.cut();
    await session.reading;
    const { heard } = session;
    // In order; and once, for nobody resumes the standalone stream by an event id here.
    assert.deepEqual(heard, [...new Set(heard)].sort((a, b) => a - b));
    if (session.lives) assert.equal(heard.at(-1) ?? 0, session.told);
  }
  await world.quiet();
  for (const { handler } of nodes) {
    const { inFlight, streams } = await handler.stats();
    assert.deepEqual([inFlight, streams], [0, 0]);
  }
}
