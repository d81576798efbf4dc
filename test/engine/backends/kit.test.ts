/** Backends that are wrong in one thing each, and the check of the kit that says so. */
import { test } from "node:test";
import { backendKit } from "../../../adapters/testing/mod.ts";
import { type Backend, type LogPage, memory } from "../../../core/engine/mod.ts";
import { instead } from "../../doubles/instead.ts";
import { turns } from "../../doubles/turns.ts";
import { given, type Refused, refuses, type Way } from "./refused.ts";

const lower = (name: string): string => name.toLowerCase();
const short = (length: number) => (name: string): string => name.slice(0, length);

/** A port to which names are others. */
function naming<Port extends object>(port: Port, name: (text: string) => string): Port {
  const renamed = (one: unknown): unknown => typeof one === "string" ? name(one) : one;
  return given(port, ([first, ...rest]) => {
    if (typeof first === "string") return [first, ...rest].map(renamed);
    return [{ ...first as object, id: name((first as { id: string }).id) }, ...rest];
  });
}

/** A port that keeps whole numbers only, as a column of integers. */
function whole<Port extends object>(port: Port): Port {
  return given(port, (args) => {
    const numbers = args.flatMap((one) => typeof one === "object" ? Object.values(one!) : [one]);
    for (const one of numbers) {
      if (typeof one === "number" && !Number.isInteger(one)) throw new Error(`real value: ${one}`);
    }
    return args;
  });
}

function logs(name: "append" | "read", way: Way): Backend {
  const backend = memory();
  return { ...backend, logs: instead(backend.logs, name, way) };
}

/** Appends a text, under a name or none. */
type Put = (data: string, once?: string) => unknown;

function append(way: (put: Put, data: string, once: string | undefined) => unknown): Backend {
  return logs("append", (own, [session, stream, data, last, now, budget, once]) => {
    const put: Put = (text, name) => own(session, stream, text, last, now, budget, name);
    return way(put, data as string, once as string | undefined);
  });
}

/** Knows names whatever the log. */
function sharing(): Backend {
  const known = new Map<string, unknown>();
  return append((put, data, once) => {
    if (once === undefined) return put(data);
    if (!known.has(once)) known.set(once, put(data));
    return known.get(once);
  });
}

/** Knows the last names only. */
function remembering(count: number): Backend {
  const names: string[] = [];
  return append((put, data, once) => {
    if (once === undefined) return put(data);
    let at = names.lastIndexOf(once);
    if (at < Math.max(0, names.length - count)) at = names.push(once) - 1;
    return put(data, `${once}, ${at}`);
  });
}

/** Looks for a name, and then appends. */
function looking(): Backend {
  const known = new Map<string | undefined, unknown>();
  return append(async (put, data, once) => {
    const found = known.get(once);
    await turns();
    if (found !== undefined) return found;
    const position = put(data);
    known.set(once, position);
    return position;
  });
}

function missing(missed: (listener: () => void) => () => void): Backend {
  const backend = memory();
  return { ...backend, bus: { ...backend.bus, missed } };
}

const listeners: (() => void)[] = [];

const CASES: readonly Refused[] = [
  [
    "messages are cut at 8 000 characters",
    "bus: a message of 8 KB comes whole",
    () => {
      const backend = memory();
      const publish: Way = (own, [topic, text]) => own(topic, (text as string).slice(0, 8_000));
      return { ...backend, bus: instead(backend.bus, "publish", publish) };
    },
    /came as one of 8000$/,
  ],
  [
    "events are cut at 65 535 characters",
    "logs: an event of 64 KB comes back whole",
    () => append((put, data, once) => put(data.slice(0, 65_535), once)),
    /came back as 65535$/,
  ],
  [
    "a page of 500 is the last one",
    "logs: a page says that there is more until there is no more",
    () =>
      logs("read", (own, args) => {
        const page = own(...args) as LogPage;
        return page.events.length <= 500
          ? page
          : { events: page.events.slice(0, 500), ended: true, more: false };
      }),
    /until there was no more: 500; expected 600/,
  ],
  [
    "a page is said to end a log that goes on",
    "logs: a page says that there is more until there is no more",
    () => logs("read", (own, args) => ({ ...own(...args) as LogPage, ended: true })),
    /^ended, after/,
  ],
  ...([["case", lower], ["their last character", short(63)]] as const).flatMap(([how, name]) =>
    ([
      ["sessions", `sessions: ids and owners that differ by ${how} are different ones`],
      [
        "logs",
        `logs: sessions, streams and names of events that differ by ${how} are different ones`,
      ],
      ["bus", `bus: topics that differ by ${how} are different ones`],
      ["handles", `nodes, handles: names that differ by ${how} are different ones`],
    ] as const).map(([port, check]) =>
      [
        `${port} whose names differ by ${how} are one`,
        check,
        () => {
          const backend = memory();
          return { ...backend, [port]: naming(backend[port] as object, name) };
        },
        /expected/,
      ] as const
    )
  ),
  [
    "names of events are not the log's",
    "logs: a name is one log's: the same name in two logs is of two events",
    sharing,
    /expected/,
  ],
  [
    "fifteen names are remembered",
    "logs: a repeated event is known among the last sixteen, named or not",
    () => remembering(15),
    /^the first of sixteen names: 17; expected 1$/,
  ],
  [
    "names are looked for before the append",
    "logs: of an event that several append at once, one is stored",
    looking,
    /^the positions that were returned: \[1,2,/,
  ],
  [
    "nothing ends what missed began",
    "bus: who may have missed messages is told so until it wants it no more",
    () => missing(() => undefined as never),
    /missed returns what ends it/,
  ],
  [
    "nobody is told of an interruption",
    "bus: who may have missed messages is told so until it wants it no more",
    () => missing(() => () => {}),
    /^the word that messages may have been missed, not within 5 s$/,
    { interrupt() {} },
  ],
  [
    "who wants to hear no more of interruptions does",
    "bus: who may have missed messages is told so until it wants it no more",
    () =>
      missing((listener) => {
        listeners.push(listener);
        return () => {};
      }),
    /^told to the one that has left: 1; expected 0$/,
    { interrupt: () => listeners.forEach((listener) => listener()) },
  ],
  ...([
    ["sessions", "sessions: times may have fractions of a millisecond"],
    ["logs", "logs: times and limits may have fractions"],
    ["handles", "nodes, handles: times may have fractions of a millisecond"],
  ] as const).map(([port, check]) =>
    [
      `${port} keep no fractions`,
      check,
      () => {
        const backend = memory();
        return { ...backend, [port]: whole(backend[port] as object) };
      },
      /real value/,
    ] as const
  ),
];

for (const one of CASES) refuses(one);

/** Handles that expire by a time of the store's own, and every operation takes a second of it. */
function slow(): Backend {
  const backend = memory();
  const handles = backend.handles!;
  const ends = new Map<unknown, number>();
  let at = 0;
  const taking: Way = (own, [handle, ...rest]) => {
    at += 1_000;
    if ((ends.get(handle) ?? Infinity) <= at) handles.delete(handle as string);
    return own(handle, ...rest);
  };
  const keeping: Way = (own, args) => {
    const kept = taking(own, args);
    const [handle, , expires, now] = args as [string, string, number, number];
    if (kept !== false) ends.set(handle, at + expires - now);
    return kept;
  };
  const put = instead(instead(handles, "put", keeping), "replace", keeping);
  return { ...backend, handles: instead(instead(put, "get", taking), "delete", taking) };
}

for (const { name, run } of backendKit(slow)) {
  if (/handles:/.test(name)) test(`a slow backend passes ${name}`, run);
}
