import assert from "node:assert/strict";
import fc from "fast-check";
import type { Exchange } from "../../core/engine/mod.ts";
import { Endpoint, Events, notification, request } from "./endpoint.ts";
import { testInWorlds, type World, WORLDS } from "./worlds.ts";

/** One call, as its client and its application see it. */
class Call {
  readonly id: number;
  readonly session: Session;
  said = 0;
  /** What the client got: the numbers of the messages, and `0` for the answer. */
  readonly got: number[] = [];
  exchange: Exchange | undefined;
  finish: ((result: object) => void) | undefined;
  finished = false;
  cancelled = false;
  events: Events | undefined;
  reading: Promise<void> | undefined;
  status: number | undefined;
  answered: Promise<void> | undefined;

  constructor(id: number, session: Session) {
    this.id = id;
    this.session = session;
  }

  say(): void {
    if (this.finished || this.cancelled || !this.session.lives || this.exchange === undefined) {
      return;
    }
    this.exchange.notify("notifications/message", { n: ++this.said });
  }

  end(): void {
    if (this.finished || this.finish === undefined) return;
    this.finished = true;
    this.finish({});
  }

  /** Takes an answer, whatever its shape. */
  async take(answer: Response): Promise<void> {
    this.status = answer.status;
    if (answer.headers.get("content-type") !== "text/event-stream") {
      const text = await answer.text();
      if (answer.status === 200) {
        assert.deepEqual(JSON.parse(text), { jsonrpc: "2.0", id: this.id, result: {} });
        this.got.push(0);
      }
      return;
    }
    this.follow(new Events(answer));
  }

  follow(events: Events): void {
    this.events = events;
    this.reading = (async () => {
      for (let one = await events.next(); one !== undefined; one = await events.next()) {
        if (one.method === "notifications/message") this.got.push(one.params.n);
        else {
          assert.deepEqual(one, { jsonrpc: "2.0", id: this.id, result: {} });
          this.got.push(0);
        }
      }
    })();
  }

  async cut(): Promise<void> {
    if (this.events === undefined) return;
    await this.events.cut();
    await this.reading;
  }
}

class Session {
  readonly id: string;
  lives = true;
  readonly calls: Call[] = [];
  told = 0;
  readonly heard: number[] = [];
  listening: Events | undefined;
  reading: Promise<void> | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Reads on from a newer connection, once all that the one before it brought is read. */
  async follow(events: Events): Promise<void> {
    await this.reading;
    this.listening = events;
    this.reading = (async () => {
      for (let one = await events.next(); one !== undefined; one = await events.next()) {
        this.heard.push(one.params.n);
      }
    })();
  }
}

const KINDS = [
  ...["open", "call", "call", "say", "say", "say", "say", "end", "end", "cancel", "cut", "resume"],
  ...["listen", "tell", "tell", "leave", "delete", "duplicate", "wait"],
] as const;

const operation = fc.record({ kind: fc.constantFrom(...KINDS), which: fc.nat(99) });
type Operation = { readonly kind: typeof KINDS[number]; readonly which: number };

testInWorlds(
  "whatever happens, every call is answered once and every message comes once, in order",
  async (scope, world) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 20, maxLength: 60, size: "max" }),
        async (operations) => {
          await play(
            operations,
            WORLDS.map((make) => make()).find(({ name }) => name === world.name)!,
            scope,
          );
        },
      ),
      { numRuns: 100, endOnFailure: true },
    );
  },
);

async function play(
  operations: readonly Operation[],
  world: World,
  scope: { after(fn: () => Promise<void> | void): void },
): Promise<void> {
  const sessions: Session[] = [];
  const calls: Call[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ id }, exchange) => {
        const call = calls[(id as number) - 1]!;
        call.exchange = exchange;
        return new Promise<object>((resolve) => call.finish = resolve);
      },
    },
    { keepAliveMs: 0, autoSseMs: Infinity },
    world,
  );
  const one = <T>(list: readonly T[], which: number): T | undefined => list[which % list.length];

  const resume = async (call: Call): Promise<void> => {
    await call.cut();
    const lastEventId = call.events?.lastId;
    if (lastEventId === undefined || !call.session.lives) return;
    const answer = await endpoint.get({ session: call.session.id, lastEventId });
    assert.equal(answer.status, 200);
    const events = new Events(answer);
    events.lastId = lastEventId;
    call.follow(events);
  };

  sessions.push(new Session(await endpoint.open()));
  for (const { kind, which } of operations) {
    const session = one(sessions.filter(({ lives }) => lives), which);
    const call = one(calls, which);
    switch (kind) {
      case "open":
        if (sessions.length < 3) sessions.push(new Session(await endpoint.open()));
        break;
      case "call": {
        if (session === undefined) break;
        const made = new Call(calls.length + 1, session);
        calls.push(made);
        session.calls.push(made);
        made.answered = endpoint.post(request(made.id, "tools/call"), { session: session.id })
          .then((answer) => made.take(answer));
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
        if (!call.finished) call.cancelled = true;
        await endpoint.post(message, { session: call.session.id });
        break;
      }
      case "cut":
        await call?.cut();
        break;
      case "resume":
        if (call !== undefined) await resume(call);
        break;
      case "listen":
        if (session === undefined) break;
        await session.follow(new Events(await endpoint.get({ session: session.id })));
        break;
      case "tell":
        if (session === undefined) break;
        (await endpoint.handler.sessions.get(session.id))!
          .notify("notifications/message", { n: ++session.told });
        break;
      case "leave":
        await world.quiet();
        await session?.listening?.cut();
        break;
      case "duplicate": {
        const busy = calls.find(({ session, exchange, finished, cancelled }) =>
          session.lives && exchange !== undefined && !finished && !cancelled
        );
        if (busy === undefined) break;
        const again = await endpoint.post(request(busy.id, "tools/call"), {
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
      case "wait":
        await world.quiet();
    }
  }

  await world.quiet();
  for (const call of calls) call.end();
  await world.quiet();
  for (const call of calls) {
    await call.answered;
    if (call.session.lives && !call.cancelled && !call.got.includes(0)) await resume(call);
    await call.reading;
    checkCall(call);
  }
  await world.quiet();
  for (const session of sessions) {
    if (session.lives) {
      await session.follow(new Events(await endpoint.get({ session: session.id })));
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
  const { inFlight, streams } = await endpoint.handler.stats();
  assert.deepEqual([inFlight, streams], [0, 0]);
}

function checkCall({ got, said, session, cancelled, events, status }: Call): void {
  const messages = got.filter((n) => n > 0);
  assert.deepEqual(messages, messages.map((_, i) => i + 1), "a message is missing, or came twice");
  const answers = got.filter((n) => n === 0).length;
  assert.ok(answers <= 1, "answered twice");
  if (answers === 1) assert.equal(got.at(-1), 0, "something came after the answer");
  if (cancelled) assert.equal(answers, 0, "answered although it was cancelled");
  const reachable = events === undefined || events.lastId !== undefined;
  if (session.lives && !cancelled && reachable) {
    assert.equal(answers, 1, "not answered");
    assert.equal(messages.length, said);
  }
  if (!session.lives && events === undefined) {
    assert.ok([200, cancelled ? 202 : 404].includes(status!), `${status}`);
  }
}
