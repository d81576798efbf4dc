/**
 * Tasks (the extension `io.modelcontextprotocol/tasks` of 2026-07-28): work that goes on after its call has
 * been answered, which the client polls. They are kept in this process, each for its principal.
 *
 * @module
 */

import { type Exchange, type JsonObject, RpcError } from "../../core/engine/mod.ts";
import type { Questions } from "./ask.ts";
import type { Context } from "./context.ts";
import { InvalidParams, object, required } from "./params.ts";
import type { ToolResult } from "./tool.ts";

/** The extension's name. */
export const TASKS = "io.modelcontextprotocol/tasks";

const TTL_MS = 5 * 60_000;
const POLL_MS = 200;
const MOST = 1_000;

/** What work can use of a call, and of a task just the same. */
export type Surroundings = Pick<Exchange, "signal" | "inputs">;

/** Work that can be a task. */
export type Work = (surroundings: Surroundings) => Promise<ToolResult>;

type Status = "working" | "input_required" | "completed" | "failed" | "cancelled";

/** True where the client wants tasks, which it says in every request. */
export function wantsTasks({ clientCapabilities }: Exchange): boolean {
  const { extensions } = clientCapabilities as { readonly extensions?: JsonObject };
  return extensions?.[TASKS] !== undefined;
}

/** The error for a client that has to want tasks, and does not. */
export function tasksMissing(): RpcError {
  const requiredCapabilities = { extensions: { [TASKS]: {} } };
  return new RpcError(-32021, `The client has to declare ${TASKS}`, { requiredCapabilities });
}

/** The tasks of this process. */
export class Tasks {
  // In the order of their making, which is that of their end of life.
  readonly #tasks = new Map<string, Task>();

  /** Begins a task; the result of the call that asked for it. */
  start(principal: string | undefined, work: Work): ToolResult {
    this.#forget();
    const task = new Task(principal);
    this.#tasks.set(task.id, task);
    task.run(work);
    return { resultType: "task", ...task.view() };
  }

  /** The task that a client asks for. Somebody else's is unknown, as is one of a client without the extension. */
  find(params: JsonObject, exchange: Exchange): Task {
    if (!wantsTasks(exchange)) throw tasksMissing();
    const id = required(params, "taskId");
    const task = this.#tasks.get(id);
    if (task?.principal === exchange.principal && task !== undefined) return task;
    throw new InvalidParams("taskId", id, "the id of a task");
  }

  /** Stops them all. */
  close(): void {
    for (const task of this.#tasks.values()) task.cancel();
    this.#tasks.clear();
  }

  #forget(): void {
    const now = Date.now();
    for (const task of this.#tasks.values()) {
      if (now - task.created < TTL_MS && this.#tasks.size < MOST) return;
      task.cancel();
      this.#tasks.delete(task.id);
    }
  }
}

/** `tasks/get` */
export function getTask(params: JsonObject, { exchange, tasks }: Context): object {
  const task = tasks.find(params, exchange);
  return { ...task.view(), ...task.outcome };
}

/** `tasks/cancel` */
export function cancelTask(params: JsonObject, { exchange, tasks }: Context): object {
  tasks.find(params, exchange).cancel();
  return {};
}

/** `tasks/update` */
export function updateTask(params: JsonObject, { exchange, tasks }: Context): object {
  tasks.find(params, exchange).answer(object(params, "inputResponses"));
  return {};
}

class Task implements Surroundings {
  readonly id: string = crypto.randomUUID();
  readonly created: number = Date.now();
  readonly principal: string | undefined;
  readonly #controller = new AbortController();
  readonly #answers = new Map<string, JsonObject>();
  #status: Status = "working";
  #updated = this.created;
  #asked: Record<string, unknown> = {};
  #answered: (() => void) | undefined;
  #outcome: JsonObject = {};

  constructor(principal: string | undefined) {
    this.principal = principal;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What its status brings with it: `result`, `error` or `inputRequests`. */
  get outcome(): JsonObject {
    return this.#status === "input_required" ? { inputRequests: this.#asked } : this.#outcome;
  }

  view(): JsonObject {
    return {
      taskId: this.id,
      status: this.#status,
      createdAt: new Date(this.created).toISOString(),
      lastUpdatedAt: new Date(this.#updated).toISOString(),
      ttlMs: TTL_MS,
      pollIntervalMs: POLL_MS,
    };
  }

  run(work: Work): void {
    work(this).then(
      (result) => this.#become("completed", { result }),
      (error) => {
        const { code, message } = error instanceof RpcError
          ? error
          : { code: -32603, message: "Internal error" };
        this.#become("failed", { error: { code, message } });
      },
    );
  }

  async inputs(questions: Questions): Promise<{ readonly [key: string]: JsonObject }> {
    const keys = Object.keys(questions);
    this.#asked = { ...questions };
    this.#become("input_required", {});
    await new Promise<void>((resolve) => this.#answered = resolve);
    return Object.fromEntries(keys.map((key) => [key, this.#answers.get(key)!]));
  }

  answer(responses: JsonObject): void {
    if (this.#status !== "input_required") return;
    for (const key of Object.keys(this.#asked)) {
      if (typeof responses[key] !== "object" || responses[key] === null) continue;
      this.#answers.set(key, responses[key] as JsonObject);
      delete this.#asked[key];
    }
    if (Object.keys(this.#asked).length > 0) return;
    this.#become("working", {});
    this.#answered?.();
  }

  cancel(): void {
    this.#become("cancelled", {});
    this.#controller.abort();
  }

  // What has ended stays as it ended.
  #become(status: Status, outcome: JsonObject): void {
    if (this.#status !== "working" && this.#status !== "input_required") return;
    this.#status = status;
    this.#outcome = outcome;
    this.#updated = Date.now();
  }
}
