import type { Backend } from "../../core/engine/mod.ts";

/** How a backend fails: by throwing, or by a promise that is rejected. */
export type Failure = "throws" | "rejects";

/** What promises not to fail. */
const SURE: ReadonlySet<PropertyKey> = new Set(["unsubscribe"]);

/** A backend that fails where it is told to. */
export class Failing {
  readonly backend: Backend;
  /** The operations that fail now, such as `sessions.get`; all of them where it is `*`. */
  broken: ReadonlySet<string> = new Set();

  constructor(inner: Backend, failure: Failure) {
    const port = <T extends object>(name: string, target: T): T =>
      new Proxy(target, {
        get: (_, key) => {
          const member = target[key as keyof T];
          if (typeof member !== "function") return member;
          if (SURE.has(key)) return member.bind(target);
          return (...args: unknown[]) => {
            if (!this.broken.has("*") && !this.broken.has(`${name}.${String(key)}`)) {
              return member.apply(target, args);
            }
            const error = new Error(`${name}.${String(key)} is broken`);
            if (failure === "rejects") return Promise.reject(error);
            throw error;
          };
        },
      });
    this.backend = {
      sessions: port("sessions", inner.sessions),
      logs: port("logs", inner.logs),
      bus: port("bus", inner.bus),
    };
  }

  /** Breaks these operations, and only these. */
  break(...operations: readonly string[]): void {
    this.broken = new Set(operations);
  }

  /** Everything works again. */
  mend(): void {
    this.broken = new Set();
  }
}
