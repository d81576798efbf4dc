/** The messages of MCP, and the few requests that nearly every test sends. */
import assert from "node:assert/strict";
import { type Answer, ask, type Fields, open, type Outgoing, type Whole } from "./http.ts";
import type { Server } from "./runtime.ts";
import { Events } from "./sse.ts";

/** The revisions with sessions, oldest first. */
export const REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25"] as const;
export const NEWEST = "2025-11-25";

/** What a client of MCP sends with every POST. */
export const POST_FIELDS: Fields = [
  ["Content-Type", "application/json"],
  ["Accept", "application/json, text/event-stream"],
];

/** A POST that opens a session. */
export function initialize(version: string = NEWEST, id: string | number = 0): Outgoing {
  const clientInfo = { name: "raw", version: "1" };
  return posting(request(id, "initialize", {
    protocolVersion: version,
    capabilities: {},
    clientInfo,
  }));
}

/** A request message. */
export function request(id: string | number, method: string, params?: object): object {
  return { jsonrpc: "2.0", id, method, params };
}

/** A notification message. */
export function notification(method: string, params?: object): object {
  return { jsonrpc: "2.0", method, params };
}

/** A POST of a message, or of text. `fields` replace those of the same name. */
export function posting(message: object | string, fields: Fields = []): Outgoing {
  const body = typeof message === "string" ? message : JSON.stringify(message);
  return { method: "POST", fields: merged(POST_FIELDS, fields), body };
}

/** Fields with others in the place of those of the same name. */
export function merged(fields: Fields, others: Fields): Fields {
  const names = new Set(others.map(([name]) => name.toLowerCase()));
  return [...fields.filter(([name]) => !names.has(name.toLowerCase())), ...others];
}

/** A client in a session. */
export class Peer {
  readonly port: number;
  readonly id: string;
  /** What it sends with every request. */
  readonly fields: Fields;
  #ids = 0;

  constructor(port: number, id: string, fields: Fields) {
    this.port = port;
    this.id = id;
    this.fields = [["Mcp-Session-Id", id], ...fields];
  }

  /** Sends a message and gives the whole answer. */
  post(message: object | string, fields: Fields = []): Promise<Whole> {
    return ask(this.port, posting(message, merged(this.fields, fields)));
  }

  /** Calls a method; the head of the answer. */
  call(
    method: string,
    params?: object,
    options: { id?: string | number; fields?: Fields } = {},
  ): Promise<Answer> {
    const message = request(options.id ?? ++this.#ids, method, params);
    return open(this.port, posting(message, merged(this.fields, options.fields ?? [])));
  }

  /** Calls a method whose answer is a stream. */
  async stream(method: string, params?: object, id?: string | number): Promise<Events> {
    const answer = await this.call(method, params, {
      ...(id === undefined ? {} : { id }),
      fields: [["Accept", "text/event-stream"]],
    });
    assert.equal(answer.status, 200);
    return new Events(answer);
  }

  /** GET; with an event id, to resume. */
  get(lastEventId?: string, fields: Fields = []): Promise<Answer> {
    const resume: Fields = lastEventId === undefined ? [] : [["Last-Event-ID", lastEventId]];
    return open(this.port, {
      fields: merged([...this.fields, ["Accept", "text/event-stream"], ...resume], fields),
    });
  }

  /** GET that has to give a stream. */
  async listen(lastEventId?: string): Promise<Events> {
    const answer = await this.get(lastEventId);
    assert.equal(answer.status, 200, `GET with Last-Event-ID ${lastEventId}`);
    return new Events(answer);
  }

  /** DELETE. */
  end(): Promise<Whole> {
    return ask(this.port, { method: "DELETE", fields: this.fields });
  }
}

/** Opens a session and says `notifications/initialized`, unless `ready` is false. */
export async function join(
  server: Pick<Server, "port">,
  options: { version?: string; fields?: Fields; ready?: boolean } = {},
): Promise<Peer> {
  const { version = NEWEST, fields = [], ready = true } = options;
  const out = initialize(version);
  const opened = await ask(server.port, { ...out, fields: merged(out.fields!, fields) });
  assert.equal(opened.status, 200, opened.body);
  const id = opened.get("mcp-session-id");
  assert.ok(id !== undefined, "no Mcp-Session-Id");
  const said: Fields = version === "2025-03-26"
    ? fields
    : [["MCP-Protocol-Version", version], ...fields];
  const peer = new Peer(server.port, id, said);
  if (ready) {
    const { status } = await peer.post(notification("notifications/initialized"));
    assert.equal(status, 202);
  }
  return peer;
}
