/**
 * Tools whose work is a task where the client wants tasks, and a call like any other where it does not.
 *
 * @module
 */

import type { JsonObject } from "../../core/engine/mod.ts";
import { ask, field, filledIn, form, type Questions } from "./ask.ts";
import { text } from "./content.ts";
import { InvalidParams, required } from "./params.ts";
import { pause } from "./pause.ts";
import { type Surroundings, tasksMissing, wantsTasks } from "./tasks.ts";
import { failure, schema, type Tool, type ToolResult } from "./tool.ts";

const LONGEST_SECONDS = 3_600;

const PERSON = {
  type: "object",
  properties: { name: { type: "string" }, confirm: { type: "boolean" } },
  required: ["name", "confirm"],
};

const BOTH: Questions = { first: form("Who is first?", PERSON), second: form("And then?", PERSON) };

interface TaskTool {
  readonly name: string;
  readonly description: string;
  readonly properties?: JsonObject;
  /** It is of no use to a modern client that does not want tasks. */
  readonly onlyAsTask?: boolean;
  work(args: JsonObject, surroundings: Surroundings): Promise<ToolResult>;
}

/** In the order in which they are listed. */
export const TASK_TOOLS: readonly Tool[] = [
  {
    name: "greet",
    description: "Greets somebody, at once",
    inputSchema: schema({ name: { type: "string" } }),
    run: (args) => text(`Hello, ${required(args, "name")}!`),
  },
  taskTool({
    name: "slow_compute",
    description: "Computes for some seconds",
    properties: {
      seconds: { type: "number", minimum: 0, maximum: LONGEST_SECONDS },
      label: { type: "string" },
    },
    async work(args, { signal }) {
      const { seconds } = args;
      if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= LONGEST_SECONDS)) {
        throw new InvalidParams("seconds", seconds, `a number, 0 to ${LONGEST_SECONDS}`);
      }
      const label = required(args, "label");
      await pause(seconds * 1000, signal);
      return { content: [text(`Computed ${label} in ${seconds} s`)] };
    },
  }),
  taskTool({
    name: "failing_job",
    description: "Fails after a second, as tools do",
    onlyAsTask: true,
    async work(_args, { signal }) {
      await pause(1_000, signal);
      return failure("The job has failed");
    },
  }),
  taskTool({
    name: "protocol_error_job",
    description: "Breaks",
    work: () => Promise.reject(new Error("The job is broken")),
  }),
  taskTool({
    name: "confirm_delete",
    description: "Asks the user before it deletes nothing",
    properties: { filename: { type: "string" } },
    async work(args, surroundings) {
      const name = required(args, "filename");
      const question = field(`Delete ${name}?`, "confirm", "boolean");
      const { confirm } = await surroundings.inputs({ confirm: question });
      const yes = filledIn(confirm, "confirm") === true;
      return { content: [text(yes ? `Deleted ${name}` : `Kept ${name}`)] };
    },
  }),
  taskTool({
    name: "multi_input",
    description: "Asks the user two things at once",
    async work(_args, surroundings) {
      const { first, second } = await surroundings.inputs(BOTH);
      return { content: [text(`${filledIn(first, "name")}, then ${filledIn(second, "name")}`)] };
    },
  }),
  {
    name: "test_tool_with_task",
    description: "Asks the user, then works",
    inputSchema: schema(),
    async run(_args, { exchange, tasks }) {
      const question = field("What is your name?", "name", "string");
      const answer = await ask(exchange, "user_name", question);
      const name = filledIn(answer, "name") ?? "stranger";
      const work = async ({ signal }: Surroundings): Promise<ToolResult> => {
        await pause(200, signal);
        return { content: [text(`Hello, ${name}!`)] };
      };
      return wantsTasks(exchange) ? tasks.start(exchange.principal, work) : work(exchange);
    },
  },
];

function taskTool({ name, description, properties, onlyAsTask, work }: TaskTool): Tool {
  return {
    name,
    description,
    inputSchema: schema(properties),
    run(args, { exchange, tasks }) {
      if (wantsTasks(exchange)) return tasks.start(exchange.principal, (task) => work(args, task));
      // Legacy clients know nothing of the extension: they just wait.
      if (onlyAsTask && exchange.era === "modern") throw tasksMissing();
      return work(args, exchange);
    },
  };
}
