/**
 * Tools that need the client: its model, its user.
 *
 * @module
 */

import { ask, type Elicited, form, said, sampling } from "./ask.ts";
import { text } from "./content.ts";
import { DEFAULTS_FORM, ENUMS_FORM, USER_FORM } from "./forms.ts";
import { required } from "./params.ts";
import { schema, type Tool } from "./tool.ts";

/** In the order in which they are listed. */
export const CLIENT_TOOLS: readonly Tool[] = [
  {
    name: "test_sampling",
    description: "Asks the client's model",
    inputSchema: schema({ prompt: { type: "string", description: "What to ask" } }),
    async run(args, { exchange }) {
      const answer = await ask(exchange, "answer", sampling(required(args, "prompt"), 100));
      return text(`LLM response: ${said(answer)}`);
    },
  },
  {
    name: "test_elicitation",
    description: "Asks the user",
    inputSchema: schema({ message: { type: "string", description: "What to ask" } }),
    async run(args, { exchange }) {
      const answer = await ask(exchange, "user", form(required(args, "message"), USER_FORM));
      return text(`User response: ${spell(answer)}`);
    },
  },
  {
    name: "test_elicitation_sep1034_defaults",
    description: "Shows the user a form that is filled in",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      const message = "Please review and update the form fields with defaults";
      const answer = await ask(exchange, "form", form(message, DEFAULTS_FORM));
      return text(`Elicitation completed: ${spell(answer)}`);
    },
  },
  {
    name: "test_elicitation_sep1330_enums",
    description: "Shows the user a form with each kind of choice",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      const message = "Please select options from the fields";
      const answer = await ask(exchange, "form", form(message, ENUMS_FORM));
      return text(`Elicitation completed: ${spell(answer)}`);
    },
  },
  {
    name: "test_streaming_elicitation",
    description: "Says something, then asks the user",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      exchange.progress(0, 1, "Asking");
      const answer = await ask(exchange, "user", form("Please introduce yourself", USER_FORM));
      return text(`User response: ${spell(answer)}`);
    },
  },
  {
    name: "test_missing_capability",
    description: "Cannot do without the client's model",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      const answer = await ask(exchange, "answer", sampling("Say anything", 100));
      return text(`LLM response: ${said(answer)}`);
    },
  },
];

function spell({ action, content = {} }: Elicited): string {
  return `action=${String(action)}, content=${JSON.stringify(content)}`;
}
