import type { Backend, Bus, LogStore, SessionRecord, SessionStore } from "../../core/engine/mod.ts";
import { turns } from "./turns.ts";

/** When an operation is done and when it is answered, once it was asked for. */
export type Pace = (operation: () => unknown) => Promise<unknown>;

/** Done and answered in microtasks: as soon as a promise can be. */
export const soon: Pace = async (operation) => {
  await undefined;
  return operation();
};

/** Done in a later turn of the event loop and answered in one after that, as by a process next door. */
export const later: Pace = async (operation) => {
  await turns();
  const done = operation();
  await turns();
  return done;
};

/** A backend that answers with promises, and what it has not answered yet. */
export class Paced {
  readonly backend: Backend;
  #pending = 0;
  #asked = 0;

  constructor(inner: Backend, pace: Pace) {
    const put = <T>(operation: () => T): Promise<Awaited<T>> => {
      this.#pending++;
      this.#asked++;
      return (pace(operation) as Promise<Awaited<T>>).finally(() => this.#pending--);
    };
    this.backend = {
      sessions: sessions(inner.sessions, put),
      logs: logs(inner.logs, put),
      bus: bus(inner.bus, put),
    };
  }

  /** Resolves once nothing is asked any more and everything is answered. */
  async quiet(): Promise<void> {
    for (let still = 0; still < 3;) {
      const asked = this.#asked;
      await turns();
      still = this.#pending === 0 && asked === this.#asked ? still + 1 : 0;
    }
  }
}

type Put = <T>(operation: () => T) => Promise<Awaited<T>>;

function sessions(inner: SessionStore, put: Put): SessionStore {
  return {
    create: (...args) => put(() => inner.create(...args)),
    // A copy, as any store gives that is not in this process.
    get: (id, principal) => put(async () => copy(await inner.get(id, principal))),
    touch: (...args) => put(() => inner.touch(...args)),
    delete: (...args) => put(() => inner.delete(...args)),
    count: () => put(() => inner.count()),
    sweep: (...args) => put(() => inner.sweep(...args)),
    async *list() {
      for await (const record of inner.list()) yield await put(() => copy(record)!);
    },
  };
}

function logs(inner: LogStore, put: Put): LogStore {
  return {
    open: (...args) => put(() => inner.open(...args)),
    ...(inner.whole === undefined
      ? {}
      : { whole: (...args: Parameters<typeof inner.whole>) => put(() => inner.whole!(...args)) }),
    append: (...args) => put(() => inner.append(...args)),
    end: (...args) => put(() => inner.end(...args)),
    read: (...args) => put(() => inner.read(...args)),
    bounds: (...args) => put(() => inner.bounds(...args)),
    delivered: (...args) => put(() => inner.delivered(...args)),
    drop: (...args) => put(() => inner.drop(...args)),
  };
}

function bus(inner: Bus, put: Put): Bus {
  return {
    publish: (...args) => put(() => inner.publish(...args)),
    subscribe: (...args) => put(() => inner.subscribe(...args)),
    unsubscribe: (...args) => inner.unsubscribe(...args),
  };
}

function copy(record: SessionRecord | undefined): SessionRecord | undefined {
  if (record === undefined) return undefined;
  const { id, version, owner, initialize, created, seen, ready, held } = record;
  return { id, version, owner, initialize, created, seen, ready, held };
}
