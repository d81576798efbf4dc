/**
 * What the fixture remembers of a session: kept by its id, forgotten when it ends.
 *
 * @module
 */

import type { Exchange } from "../../core/engine/mod.ts";

/** One session's state. */
export interface SessionState {
  /** The least severity that the client wants to be told of. */
  level: string;
  /** URIs of resources that the client watches. */
  readonly subscriptions: Set<string>;
}

/** The states of all sessions of this process. */
export class SessionStates {
  readonly #states = new Map<string, SessionState>();

  /** The state of the session of a request, made where there is none; undefined without a session. */
  of({ session }: Exchange): SessionState | undefined {
    if (session === undefined) return undefined;
    const known = this.#states.get(session.id);
    if (known !== undefined) return known;
    const state: SessionState = { level: "debug", subscriptions: new Set() };
    this.#states.set(session.id, state);
    return state;
  }

  /** The same, but nothing is made. */
  peek({ session }: Exchange): SessionState | undefined {
    return session && this.#states.get(session.id);
  }

  /** Whether a session watches a resource. */
  subscribed(session: string, uri: string): boolean {
    return this.#states.get(session)?.subscriptions.has(uri) === true;
  }

  /** Forgets a session. */
  drop(session: string): void {
    this.#states.delete(session);
  }
}
