/** More backends that are wrong in one thing each, and the check of the kit that says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { backendKit } from "../../../adapters/testing/mod.ts";
import {
  type Backend,
  type Created,
  type LogBounds,
  memory,
  type SessionRecord,
} from "../../../core/engine/mod.ts";
import { instead } from "../../doubles/instead.ts";
import { given, type Refused, refuses, type Way } from "./refused.ts";

function sessions(name: "create" | "touch" | "sweep", way: (backend: Backend) => Way): Backend {
  const backend = memory();
  return { ...backend, sessions: instead(backend.sessions, name, way(backend)) };
}

function logs(name: "open" | "bounds", way: (backend: Backend) => Way): Backend {
  const backend = memory();
  return { ...backend, logs: instead(backend.logs, name, way(backend)) };
}

/** A port to which infinity is nothing, as to JSON. */
function written<Port extends object>(port: Port): Port {
  const finite = (one: unknown): unknown =>
    typeof one !== "object" ? one : Object.fromEntries(
      Object.entries(one!).map(([name, value]) => [name, value === Infinity ? null : value]),
    );
  return given(port, (args) => args.map(finite));
}

/** A node of a backend whose bus counts who listens on this one. */
function counting(shared: Backend): Backend {
  const here = new Map<unknown, number>();
  const by = (count: number): Way => (own, args) => {
    here.set(args[0], (here.get(args[0]) ?? 0) + count);
    return own(...args);
  };
  let bus = instead(shared.bus, "publish", (own, args) => {
    own(...args);
    return here.get(args[0]) ?? 0;
  });
  bus = instead(instead(bus, "subscribe", by(1)), "unsubscribe", by(-1));
  return { ...shared, bus };
}

const UP = { leaseMs: 10_000, renew: () => true, alive: () => true, leave() {} };

const shared = memory();

const CASES: readonly Refused[] = [
  [
    "uses do not count within a quota",
    "sessions: of one principal's the least recently used gives way, never-ready ones first",
    () => sessions("touch", () => () => {}),
    /^least recently used: "b"; expected "c"$/,
  ],
  [
    "somebody gives way for nothing",
    "sessions: where quota and capacity are spent, both give way or nothing does",
    () =>
      sessions("create", ({ sessions }) => (own, args) => {
        const outcome = own(...args) as Created;
        if (!outcome.created) sessions.delete("a");
        return outcome;
      }),
    /^of the principal itself: /,
  ],
  [
    "a capacity passes through JSON",
    "sessions, logs: limits may be infinite",
    () => {
      const backend = memory();
      return { ...backend, sessions: written(backend.sessions) };
    },
    /^create: .*capacity/,
  ],
  [
    "a budget passes through JSON",
    "sessions, logs: limits may be infinite",
    () => {
      const backend = memory();
      return { ...backend, logs: written(backend.logs) };
    },
    /^an open stream: /,
  ],
  [
    "what is held is swept where it is old",
    "sessions: a sweep takes what is over and unheld, once",
    () =>
      sessions("sweep", (backend) => (own, args) => {
        const gone = own(...args) as unknown[];
        for (const { id, created } of backend.sessions.list() as Iterable<SessionRecord>) {
          const { maxAgeMs } = args[1] as { maxAgeMs: number };
          if (args[0] as number - created < maxAgeMs) continue;
          backend.sessions.delete(id);
          gone.push({ id, reason: "age" });
        }
        return gone;
      }),
    /^swept: \["a idle","b age","e age","o age"\]/,
  ],
  [
    "a stream that has ended is opened again",
    "logs: what has ended, was dropped or never opened takes nothing",
    () =>
      logs("open", (backend) => (own, args) => {
        const [session, stream] = args as [string, string];
        const bounds = backend.logs.bounds(session, stream) as LogBounds | undefined;
        if (bounds?.ended) backend.logs.drop(session, stream);
        return own(...args);
      }),
    /^opened once more: 1; expected 0$/,
  ],
  [
    "the first position is never beyond the last",
    "logs: what was delivered is remembered, and forgotten where asked",
    () =>
      logs("bounds", () => (own, args) => {
        const found = own(...args) as LogBounds | undefined;
        return found && { ...found, first: Math.min(found.first, Math.max(1, found.last)) };
      }),
    /where nothing is left: \[5,5\]; expected \[6,5\]$/,
  ],
  [
    "publishing counts who listens on this node alone",
    "bus: who publishes learns whether anybody listens, on whatever node",
    () => counting(shared),
    /^published to somebody on another node$/,
    { peer: () => counting(shared) },
  ],
  [
    "topics are cut at 256 characters",
    "bus: topics that differ by their last character are different ones",
    () => {
      const backend = memory();
      const cut = (args: unknown[]) => [(args[0] as string).slice(0, 256), ...args.slice(1)];
      return { ...backend, bus: given(backend.bus, cut) };
    },
    /^published to nobody: 1; expected 0$/,
  ],
  [
    "a node that says twice that it holds a session holds it twice",
    "nodes: what a node says twice, for it may not have been heard, counts once",
    // As in memory, where nothing has to be said twice.
    () => ({ ...memory(), nodes: UP }),
    /^let go: true; expected false$/,
  ],
  [
    "what a node held is let go as it was when it took hold of it",
    "nodes: of what is let go, idle time counts from then",
    () => {
      const backend = memory();
      const { sessions } = backend;
      const letGo = (now: number) => {
        for (const { id, held } of [...sessions.list() as Iterable<SessionRecord>]) {
          if (held) sessions.touch(id, { at: now - 3_600_000, held: false });
        }
        return false;
      };
      return { ...backend, nodes: { ...UP, renew: (_node, now) => letGo(now) } };
    },
    /^a was seen: \d+; expected \d+$/,
  ],
];

for (const one of CASES) refuses(one);

test("a backend is closed whatever becomes of its peer", async () => {
  const peers = [
    () => Promise.reject(new Error("there is no other")),
    () => ({ ...memory(), close: () => Promise.reject(new Error("it does not close")) }),
  ];
  for (const peer of peers) {
    let closed = 0;
    const [check] = backendKit(() => ({ ...memory(), close: () => void closed++ }), { peer });
    await assert.rejects(check!.run(), Error);
    assert.equal(closed, 1);
  }
});
