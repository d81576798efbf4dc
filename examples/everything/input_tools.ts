/**
 * Tools that show each way to ask the client and to go on with what it answers (2026-07-28, multi round
 * trips). Legacy clients can call them too.
 *
 * @module
 */

import type { Exchange } from "../../core/engine/mod.ts";
import {
  ask,
  askWithState,
  field,
  filledIn,
  type Questions,
  ROOTS,
  said,
  sampling,
  urisOf,
} from "./ask.ts";
import { text } from "./content.ts";
import { schema, type Tool } from "./tool.ts";

const NAME = field("What is your name?", "name", "string");

const CONFIRM: Questions = { confirm: field("Please confirm", "ok", "boolean") };

const SEVERAL: Questions = {
  user_name: NAME,
  greeting: sampling("Generate a greeting", 50),
  client_roots: ROOTS,
};

const STEP_1: Questions = { step1: field("Step 1: What is your name?", "name", "string") };
const STEP_2: Questions = {
  step2: field("Step 2: What is your favorite color?", "color", "string"),
};

/** In the order in which they are listed. */
export const INPUT_TOOLS: readonly Tool[] = [
  {
    name: "test_input_required_result_elicitation",
    description: "Asks the user",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      const answer = await ask(exchange, "user_name", NAME);
      return text(`Hello, ${filledIn(answer, "name") ?? "stranger"}!`);
    },
  },
  {
    name: "test_input_required_result_sampling",
    description: "Asks the client's model",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      const question = sampling("What is the capital of France?", 100);
      return text(said(await ask(exchange, "capital_question", question)));
    },
  },
  {
    name: "test_input_required_result_list_roots",
    description: "Asks for the client's roots",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      return text(`Roots: ${urisOf(await ask(exchange, "client_roots", ROOTS))}`);
    },
  },
  {
    name: "test_input_required_result_request_state",
    description: "Asks the user, and looks whether its own state came back",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      if (await lacksState(exchange)) return askWithState(exchange, CONFIRM, "asked");
      const { confirm } = await exchange.inputs(CONFIRM);
      return text(`state-ok, confirmed: ${filledIn(confirm, "ok") === true}`);
    },
  },
  {
    name: "test_input_required_result_multiple_inputs",
    description: "Asks the user, the model and for the roots at once",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      if (await lacksState(exchange)) return askWithState(exchange, SEVERAL, "asked");
      const { user_name, greeting, client_roots } = await exchange.inputs(SEVERAL);
      const name = filledIn(user_name, "name") ?? "stranger";
      return text(`${said(greeting!)} ${name}, your roots: ${urisOf(client_roots!)}`);
    },
  },
  {
    name: "test_input_required_result_multi_round",
    description: "Asks the user twice",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      if (await lacksState(exchange)) return askWithState(exchange, STEP_1, "asked for step 1");
      const { step1 } = await exchange.inputs(STEP_1);
      const { step2 } = await exchange.inputs(STEP_2);
      return text(`${filledIn(step1, "name")} likes ${filledIn(step2, "color")}`);
    },
  },
  {
    name: "test_input_required_result_tampered_state",
    description: "Asks the user, with a state that nobody can change unnoticed",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      if (await lacksState(exchange)) return askWithState(exchange, CONFIRM, "untouched");
      const { confirm } = await exchange.inputs(CONFIRM);
      return text(`The state is untouched, confirmed: ${filledIn(confirm, "ok") === true}`);
    },
  },
  {
    name: "test_input_required_result_capabilities",
    description: "Asks only for what the client has declared",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      const { elicitation, sampling: model, roots } = exchange.clientCapabilities;
      const questions: Questions = {
        ...(elicitation === undefined ? {} : { user_name: NAME }),
        ...(model === undefined ? {} : { greeting: sampling("Generate a greeting", 50) }),
        ...(roots === undefined ? {} : { client_roots: ROOTS }),
      };
      const answers = await exchange.inputs(questions);
      return text(`Answered: ${Object.keys(answers).join(", ") || "nothing"}`);
    },
  },
];

// A legacy client is asked within the call, where a variable is all the state that is needed.
async function lacksState(exchange: Exchange): Promise<boolean> {
  return exchange.era === "modern" && await exchange.openState() === undefined;
}
