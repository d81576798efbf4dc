/**
 * Keeps sessions without a store: a session's id is its record, encrypted and authenticated. For edge runtimes, and for
 * any number of nodes that share nothing but keys.
 *
 * @module
 */

import { type Clock, SYSTEM_CLOCK } from "../../core/engine/clock.ts";
import { OptionError } from "../../core/engine/errors.ts";
import { memoryBus } from "../../core/engine/memory/bus.ts";
import {
  backend,
  clock,
  keys,
  noKeys,
  type ReadersOf,
  readOnly,
} from "../../core/engine/options/readers.ts";
import type { Backend, SessionStore } from "../../core/engine/ports.ts";
import { remember } from "../../core/engine/recent.ts";
import type { Lifetime } from "../../core/session/record.ts";
import { ownerText } from "./owner.ts";
import { sealedLogs } from "./sealed/logs.ts";
import { digestOf, type Opened, Seal } from "./sealed/seal.ts";

/** Options of {@linkcode sealed}. */
export interface SealedOptions {
  /**
   * Keys of 32 random bytes each, at least one, the same on every node. The first one seals, each of them opens. To
   * rotate, put a new key first, and remove the old one once the ids that it sealed have expired, after
   * `limits.maxAgeMs`.
   */
  readonly keys: readonly Uint8Array[];
  /**
   * Any other backend that stores. Ended sessions are noted in it until their ids expire, it keeps the handles, and
   * nodes talk to each other through it; `close()` closes it too. Default: none. Then DELETE is 405, `end()` gives
   * false, and `exchange.handles` fails.
   */
  readonly revocations?: Backend | undefined;
  /** The time, by which ids expire; for tests. Give the handler the same. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = {
  keys,
  revocations: (name: string, given?: Backend) => {
    // What one node notes there the others have to find.
    if (backend(name, given)?.lacks?.resumable === undefined) return given;
    throw new OptionError(name, "not a backend that stores nothing, such as sealed");
  },
  clock: clock(SYSTEM_CLOCK),
} satisfies ReadersOf<SealedOptions>;

/** Opened ids that are remembered: opening one again costs a decryption. */
const REMEMBERED = 1_000;

const ENDLESS: Lifetime = { idleMs: Infinity, maxAgeMs: Infinity };

/**
 * Where ended sessions are noted. No session has a blank in its id. Those of one lifetime are together: a log store
 * forgets, where something new comes, what is older than that may become, and that must not be another's.
 */
function revoked({ record, expires }: Opened): string {
  return `revoked sessions ${expires - record.created}`;
}

/**
 * Makes a backend that stores nothing. A session lives until the time in its id, `limits.maxAgeMs` from its opening.
 *
 * What needs a store is off: resuming streams, limits on the number of sessions, an idle time, and without
 * `revocations` termination and handles (`exchange.handles` rejects with a `TypeError`). A handler whose options ask
 * for one of these (`resumable`, `termination`, `limits.sessions`, `limits.sessionsPerPrincipal`, `limits.idleMs`)
 * throws an `OptionError` when it is made. Sessions are not counted or listed, and a client counts as ready from the
 * start.
 *
 * An id has at most 256 characters. Of the client's `initialize` params it holds the capabilities and the client's name
 * and version, and more of `clientInfo` where there is room; of a principal of more than 24 bytes it holds a digest. A
 * client for which that is still too long is refused with 400 `initialize-over-limit`.
 *
 * @throws {OptionError} There is no key, a key has not 32 bytes, or another option has a value that it cannot have,
 * such as `revocations` that store nothing.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { sealed } from "mcp-session/sealed";
 * import { application } from "./application.ts";
 *
 * // From where you keep secrets, the same on every node.
 * const key = crypto.getRandomValues(new Uint8Array(32));
 *
 * export const mcp = createMcpHandler(application, { backend: sealed({ keys: [key] }) });
 * ```
 */
export function sealed(options: SealedOptions): Backend {
  const { keys, revocations, clock } = readOnly(OPTIONS, options ?? {});
  if (keys.length === 0) throw noKeys("keys");
  const sessions = new SealedSessions(new Seal(keys), clock, revocations);
  const stored = "a sealed session is not stored anywhere";
  return {
    sessions,
    logs: sealedLogs((session) => sessions.expires(session)),
    bus: revocations?.bus ?? memoryBus(),
    ...(revocations?.handles === undefined ? {} : { handles: revocations.handles }),
    lacks: {
      resumable: `${stored}, so no other node could read its streams`,
      "limits.sessions": `${stored}, so sessions are not counted`,
      "limits.sessionsPerPrincipal": `${stored}, so sessions are not counted`,
      "limits.idleMs": `${stored}, so nobody knows when it was used; limits.maxAgeMs ends it`,
      ...(revocations === undefined
        ? {
          termination: `${stored}; sealed({ revocations }) names a backend that notes ended ones`,
        }
        : {}),
    },
    async close() {
      await revocations?.close?.();
    },
  };
}

class SealedSessions implements SessionStore {
  readonly #seal: Seal;
  readonly #clock: Clock;
  readonly #revocations: Backend | undefined;
  readonly #opened = new Map<string, Opened>();

  constructor(seal: Seal, clock: Clock, revocations: Backend | undefined) {
    this.#seal = seal;
    this.#clock = clock;
    this.#revocations = revocations;
  }

  mint: NonNullable<SessionStore["mint"]> = (record, lifetime) =>
    this.#seal.seal(record, record.created + lifetime.maxAgeMs);

  create: SessionStore["create"] = async (record) => {
    const sealed = await this.#open(record.id);
    if (sealed?.record.version !== record.version) {
      throw new TypeError(
        `initialize: protocolVersion of the result is ${record.version}, sealed is ` +
          `${sealed?.record.version}: with this backend it has to be the negotiated one`,
      );
    }
    return { created: true, evicted: [] };
  };

  get: SessionStore["get"] = (id, principal) => {
    const known = this.#opened.get(id);
    return known === undefined || this.#revocations !== undefined || hides(known, principal)
      ? this.#find(id, principal)
      : this.#unlessOver(known);
  };

  delete: SessionStore["delete"] = async (id) => {
    const found = this.#revocations === undefined ? undefined : await this.#open(id);
    if (found === undefined) return false;
    const now = this.#clock.now();
    const budget = {
      events: 1,
      bytes: Infinity,
      sessionBytes: Infinity,
      ageMs: Math.max(1, found.expires - found.record.created),
    };
    const where = revoked(found);
    const name = await digestOf(id);
    await this.#revocations!.logs.open(where, name, now, budget);
    // Of several at once, one is the first to write to it.
    return await this.#revocations!.logs.append(where, name, "", true, now, budget) === 1;
  };

  touch: SessionStore["touch"] = () => {};

  *list(): Iterable<never> {}

  count: SessionStore["count"] = () => 0;

  // For what else the other backend forgets when it sweeps. Of its sessions none is over: they are somebody else's.
  sweep: SessionStore["sweep"] = (now) => this.#revocations?.sessions.sweep(now, ENDLESS) ?? [];

  /** When an id expires that was opened here; soon where that is not known. */
  expires(id: string): number {
    return this.#opened.get(id)?.expires ?? this.#clock.now() + 60_000;
  }

  async #find(id: string, principal: string | undefined) {
    let found = await this.#open(id);
    if (found === undefined) return undefined;
    if (hides(found, principal)) {
      if (await digestOf(ownerText(principal)) !== found.ownerDigest) return undefined;
      // From now on its name is known, and who asks is compared with it.
      const { expires, record } = found;
      found = { expires, ownerDigest: undefined, record: { ...record, owner: principal } };
      if (this.#opened.has(id)) this.#opened.set(id, found);
    }
    if (this.#revocations === undefined) return this.#unlessOver(found);
    const noted = await this.#revocations.logs.bounds(revoked(found), await digestOf(id));
    return noted === undefined ? this.#unlessOver(found) : undefined;
  }

  #unlessOver({ record, expires }: Opened) {
    return expires > this.#clock.now() ? record : undefined;
  }

  async #open(id: string): Promise<Opened | undefined> {
    const known = this.#opened.get(id);
    if (known !== undefined) return known;
    const found = await this.#seal.open(id);
    if (found === undefined) return undefined;
    remember(this.#opened, id, found, REMEMBERED);
    return found;
  }
}

/** Whether the principal is the owner takes a look at the digest. */
function hides({ ownerDigest }: Opened, principal: string | undefined): principal is string {
  return ownerDigest !== undefined && principal !== undefined;
}
