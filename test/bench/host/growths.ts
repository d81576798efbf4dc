/** What is done among few and among many, and how many those are. */
import type * as Library from "../../../core/engine/mod.ts";
import type { McpOptions } from "../../../core/engine/mod.ts";
import { MODERN_CALL } from "../load/requests.ts";
import { answerTo, LIMITS, Room } from "./room.ts";

/** One thing, done among more and more of another. */
export interface Growth {
  readonly what: string;
  readonly among: string;
  readonly few: number;
  readonly many: number;
  /** It is done to each of them, and measured by each. */
  readonly each?: true;
  /** Makes so many of them, and what is done among them. */
  prepare(count: number): Promise<() => unknown>;
}

export function growths(library: typeof Library): readonly Growth[] {
  const room = (options: McpOptions = {}): Room => new Room(library, options);
  const sessions = { among: "sessions", few: 1_000, many: 1_000_000 };
  const streams = { among: "open streams", few: 100, many: 10_000 };
  const subscriptions = { among: "subscriptions", few: 100, many: 10_000 };
  const events = { among: "events of its stream", few: 100, many: 10_000 };
  return [
    {
      what: "for comparison, a look-up in a `Map`",
      among: "names",
      few: 1_000,
      many: 1_000_000,
      prepare(count) {
        const names = Array.from({ length: count }, (_, i) => `a name of 24 characters ${i}`);
        const kept = new Map(names.map((name) => [name, { name }]));
        return Promise.resolve(() => kept.get(any(names))!.name);
      },
    },
    {
      what: "a call",
      ...sessions,
      async prepare(count) {
        const here = room();
        const ids = await here.sessions(count);
        return () => here.call(any(ids));
      },
    },
    {
      what: "`initialize`",
      ...sessions,
      async prepare(count) {
        const here = room();
        await here.sessions(count);
        return async () => here.end(await here.open());
      },
    },
    {
      what: "`initialize` where another session has to give way",
      ...sessions,
      async prepare(count) {
        const here = room({ limits: { ...LIMITS, sessions: count } });
        await here.sessions(count);
        return () => here.open();
      },
    },
    {
      what: "a stream, opened and closed",
      ...sessions,
      async prepare(count) {
        const here = room();
        const ids = await here.sessions(count);
        return async () => (await here.listen(any(ids))).cancelled();
      },
    },
    {
      what: "`stats()`",
      ...sessions,
      async prepare(count) {
        const here = room();
        await here.sessions(count);
        return () => here.mcp.stats();
      },
    },
    {
      what: "a call",
      ...streams,
      async prepare(count) {
        const here = room();
        const ids = await here.listening(count);
        return () => here.call(any(ids));
      },
    },
    {
      what: "a further stream, opened and closed",
      ...streams,
      async prepare(count) {
        const here = room();
        await here.listening(count);
        const ids = await here.sessions(1_000);
        return async () => (await here.listen(any(ids))).cancelled();
      },
    },
    {
      what: "a message to one of them",
      ...streams,
      async prepare(count) {
        const here = room();
        const ids = await here.listening(count);
        return () => here.tell(any(ids));
      },
    },
    {
      what: "an update that one of them asked for",
      ...streams,
      async prepare(count) {
        const here = room();
        const ids = await here.listening(count);
        return () => here.mcp.notify.resourceUpdated(any(ids));
      },
    },
    {
      what: "a change, told to each of them",
      ...streams,
      each: true,
      async prepare(count) {
        const here = room();
        await here.listening(count);
        return () => here.mcp.notify.toolsListChanged();
      },
    },
    {
      what: "a call of 2026-07-28",
      ...subscriptions,
      async prepare(count) {
        const here = room();
        await here.subscribing(count);
        return () => here.post(MODERN_CALL);
      },
    },
    {
      what: "an update that one of them asked for",
      ...subscriptions,
      async prepare(count) {
        const here = room();
        const uris = await here.subscribing(count);
        return () => here.mcp.notify.resourceUpdated(any(uris));
      },
    },
    {
      what: "a change, told to each of them",
      ...subscriptions,
      each: true,
      async prepare(count) {
        const here = room();
        await here.subscribing(count);
        return () => here.mcp.notify.toolsListChanged();
      },
    },
    {
      what: "a further event of a call, to which the oldest gives way",
      ...events,
      async prepare(count) {
        const here = room({ limits: { ...LIMITS, logEvents: count } });
        const call = await here.endless(await here.open());
        for (let i = 0; i <= count; i++) call.progress(i);
        return () => call.progress(count);
      },
    },
    {
      what: "resuming it before its last event",
      ...events,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        const call = await here.endless(id);
        for (let i = 1; i < count; i++) call.progress(i);
        const before = call.lastEventId();
        call.progress(count);
        return async () => (await here.listen(id, before)).cancelled();
      },
    },
    {
      what: "resuming it from its beginning, by event",
      ...events,
      each: true,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        const call = await here.endless(id);
        const first = call.lastEventId();
        for (let i = 0; i < count; i++) call.progress(i);
        return async () => (await here.listen(id, first)).cancelled();
      },
    },
    {
      what: "a call, answered as an event stream",
      among: "streams that its session keeps",
      few: 10,
      many: 10_000,
      async prepare(count) {
        const { stream, event } = library.LOG_COST;
        // An answer has about 100 characters. One more of them takes the place of the oldest.
        const sessionLogBytes = count * (stream + event + 100);
        const here = room({ response: "sse", limits: { ...LIMITS, sessionLogBytes } });
        const id = await here.open();
        for (let i = 0; i < count; i++) await here.call(id);
        return () => here.call(id);
      },
    },
    {
      what: "a call",
      among: "calls in flight in its session",
      few: 10,
      many: 1_000,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        for (let i = 0; i < count; i++) await here.endless(id);
        return () => here.call(id);
      },
    },
    {
      what: "a question to the client, and its answer",
      among: "questions that wait",
      few: 10,
      many: 1_000,
      async prepare(count) {
        const here = room();
        const id = await here.open();
        for (let i = 0; i < count; i++) (await here.endless(id)).ask();
        const call = await here.endless(id);
        return async () => {
          const asked = call.ask();
          await here.post(answerTo(call.lastMessage()), id);
          await asked;
        };
      },
    },
    {
      what: "a handle, resolved",
      among: "handles",
      few: 100,
      many: 100_000,
      async prepare(count) {
        const here = room();
        const { exchange: { handles } } = await here.endless(await here.open());
        const minted: string[] = [];
        for (let i = 0; i < count; i++) minted.push(await handles.mint(i));
        return () => handles.resolve(any(minted));
      },
    },
    {
      what: "a call of 2026-07-28",
      among: "principals",
      few: 10,
      many: 100_000,
      async prepare(count) {
        const here = room({ authenticate: () => `p${Math.floor(Math.random() * count)}` });
        for (let i = 0; i < 2 * count; i++) await here.post(MODERN_CALL);
        return () => here.post(MODERN_CALL);
      },
    },
  ];
}

function any<T>(of: readonly T[]): T {
  return of[Math.floor(Math.random() * of.length)]!;
}
