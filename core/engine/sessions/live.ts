/**
 * What this node holds of a session while something is going on in it: requests in flight and open
 * connections. An idle session has none of this; it is a record.
 *
 * @module
 */

import type { RequestId } from "../../protocol/json_rpc.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Call } from "../calls/call.ts";
import { eachOf, type Some, withOne, withoutOne } from "../some.ts";
import type { Connection } from "../streams/connection.ts";

/** Calls by request id. Mostly there is one at a time: a `Map` for it would be 300 of the 11 000 bytes of a request. */
export class InFlight {
  #first: Call | undefined;
  #others: Map<RequestId, Call> | undefined;

  get size(): number {
    return (this.#first === undefined ? 0 : 1) + (this.#others?.size ?? 0);
  }

  get(id: RequestId): Call | undefined {
    return this.#first?.id === id ? this.#first : this.#others?.get(id);
  }

  has(id: RequestId): boolean {
    return this.get(id) !== undefined;
  }

  add(call: Call): void {
    if (this.#first === undefined) this.#first = call;
    else (this.#others ??= new Map()).set(call.id!, call);
  }

  delete(call: Call): void {
    if (this.#first === call) this.#first = undefined;
    else this.#others?.delete(call.id!);
  }

  /** All of them, whatever becomes of them meanwhile. */
  all(): Call[] {
    const others = this.#others?.values() ?? [];
    return this.#first === undefined ? [...others] : [this.#first, ...others];
  }
}

/** The activity of one session on this node. */
export class Live {
  readonly id: string;
  readonly created: number;
  /** `notifications/initialized` has arrived. */
  ready: boolean;
  /** Calls and connections that hold the session. */
  holds = 0;
  // An open stream needs none of the collections: they took it 0.5 KB. Most calls end without the latter.
  #inFlight: InFlight | undefined;
  #connections: Some<Connection>;

  constructor(record: SessionRecord) {
    this.id = record.id;
    this.created = record.created;
    this.ready = record.ready;
  }

  /** Requests that are worked on here. */
  get inFlight(): InFlight {
    return this.#inFlight ??= new InFlight();
  }

  /** Connections that are open here, as of now. */
  get connections(): readonly Connection[] {
    return [...eachOf(this.#connections)];
  }

  /** A connection has been opened. */
  opened(connection: Connection): void {
    this.#connections = withOne(this.#connections, connection);
  }

  /** A connection is over. */
  closed(connection: Connection): void {
    this.#connections = withoutOne(this.#connections, connection);
  }
}
