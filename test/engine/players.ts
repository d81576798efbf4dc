/** Calls and sessions as their clients and their application see them, for whoever plays anything that may happen. */
import assert from "node:assert/strict";
import {
  ClientRequestError,
  type ClientRequestFailure,
  type Exchange,
} from "../../core/engine/mod.ts";
import { type Endpoint, Events } from "./endpoint.ts";

/** One call. */
export class Call {
  readonly id: number;
  readonly session: Session;
  /** Where it runs. */
  readonly endpoint: Endpoint;
  said = 0;
  /** What the client got: the numbers of the messages, and `0` for the answer. */
  readonly got: number[] = [];
  exchange: Exchange | undefined;
  finish: ((result: object) => void) | undefined;
  finished = false;
  cancelled = false;
  /** Its node went down while it was worked on. */
  refused = false;
  /** What its client was asked and has not answered yet. */
  readonly questions: string[] = [];
  /** What became of all that it asked. */
  readonly asked: Promise<"answered" | ClientRequestFailure>[] = [];
  events: Events | undefined;
  reading: Promise<void> | undefined;
  status: number | undefined;
  answered: Promise<void> | undefined;

  constructor(id: number, session: Session, endpoint: Endpoint) {
    this.id = id;
    this.session = session;
    this.endpoint = endpoint;
  }

  say(): void {
    if (!this.active || this.exchange === undefined) return;
    this.exchange.notify("notifications/message", { n: ++this.said });
  }

  get active(): boolean {
    return !this.finished && !this.cancelled && !this.refused && this.session.lives &&
      this.status !== 503;
  }

  /** Asks its client something. */
  ask(): void {
    if (!this.active || this.exchange === undefined) return;
    const outcome = this.exchange.request("roots/list").then(
      (result) => {
        assert.deepEqual(result, { roots: [] });
        return "answered" as const;
      },
      (error) => {
        assert.ok(error instanceof ClientRequestError);
        return error.code;
      },
    );
    this.asked.push(outcome);
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
      } else if (answer.status === 503 && !this.refused) {
        assert.match(text, /Too many requests in flight/);
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
        else if (one.method === "roots/list") this.questions.push(one.id);
        else {
          if (this.refused) assert.equal(one.error.code, -32000);
          else assert.deepEqual(one, { jsonrpc: "2.0", id: this.id, result: {} });
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

/** One session. */
export class Session {
  readonly id: string;
  /** The node that tells its client something outside calls. */
  readonly teller: number;
  lives = true;
  readonly calls: Call[] = [];
  told = 0;
  readonly heard: number[] = [];
  listening: Events | undefined;
  reading: Promise<void> | undefined;

  constructor(id: string, teller: number) {
    this.id = id;
    this.teller = teller;
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

/** What must hold once everything is over. */
export function checkCall({ got, said, session, cancelled, events, status }: Call): void {
  const messages = got.filter((n) => n > 0);
  assert.deepEqual(messages, messages.map((_, i) => i + 1), "a message is missing, or came twice");
  const answers = got.filter((n) => n === 0).length;
  assert.ok(answers <= 1, "answered twice");
  if (answers === 1) assert.equal(got.at(-1), 0, "something came after the answer");
  if (cancelled) assert.equal(answers, 0, "answered although it was cancelled");
  const reachable = events === undefined || events.lastId !== undefined;
  if (session.lives && !cancelled && reachable && status !== 503) {
    assert.equal(answers, 1, "not answered");
    assert.equal(messages.length, said);
  }
  if (!session.lives && events === undefined && status !== 503) {
    assert.ok([200, cancelled ? 202 : 404].includes(status!), `${status}`);
  }
}
