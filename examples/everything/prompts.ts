/**
 * Prompts.
 *
 * @module
 */

import type { Awaitable, JsonObject } from "../../core/engine/mod.ts";
import { ask, field, filledIn } from "./ask.ts";
import { type Content, image, resource, text } from "./content.ts";
import type { Context } from "./context.ts";
import { InvalidParams, object, onePage, required } from "./params.ts";

interface Prompt {
  readonly name: string;
  readonly description: string;
  /** Every one of them has to be given. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** What the user says, a message a block. */
  messages(args: Readonly<Record<string, string>>, context: Context): Awaitable<readonly Content[]>;
}

const PROMPTS: readonly Prompt[] = [
  {
    name: "test_simple_prompt",
    description: "A prompt without arguments",
    messages: () => [text("This is a simple prompt for testing.")],
  },
  {
    name: "test_prompt_with_arguments",
    description: "A prompt that shows its arguments",
    parameters: { arg1: "The first argument", arg2: "The second argument" },
    messages: ({ arg1, arg2 }) => [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  },
  {
    name: "test_prompt_with_embedded_resource",
    description: "A prompt that brings a resource along",
    parameters: { resourceUri: "The URI of the resource" },
    messages: ({ resourceUri }) => [
      resource(resourceUri!, "text/plain", "Embedded resource content for testing."),
      text("Please process the embedded resource above."),
    ],
  },
  {
    name: "test_prompt_with_image",
    description: "A prompt that brings an image along",
    messages: () => [image, text("Please analyze the image above.")],
  },
  {
    name: "test_input_required_result_prompt",
    description: "A prompt that asks the user first",
    async messages(_args, { exchange }) {
      const question = field("What context should the prompt use?", "context", "string");
      const answer = await ask(exchange, "user_context", question);
      return [text(`The context is: ${filledIn(answer, "context") ?? "none"}`)];
    },
  },
];

const BY_NAME: ReadonlyMap<string, Prompt> = new Map(PROMPTS.map((one) => [one.name, one]));

/** `prompts/list` */
export function listPrompts(params: JsonObject): object {
  onePage(params);
  return {
    prompts: PROMPTS.map(({ name, description, parameters }) =>
      parameters === undefined ? { name, description } : {
        name,
        description,
        arguments: Object.entries(parameters).map(([name, description]) => ({
          name,
          description,
          required: true,
        })),
      }
    ),
  };
}

/** `prompts/get` */
export async function getPrompt(params: JsonObject, context: Context): Promise<object> {
  const { description, parameters = {}, messages } = prompt(required(params, "name"));
  const given = object(params, "arguments");
  const args = Object.fromEntries(
    Object.keys(parameters).map((name) => [name, required(given, name)]),
  );
  return {
    description,
    messages: (await messages(args, context)).map((content) => ({ role: "user", content })),
  };
}

/** The prompt of a name, and its parameters. */
export function prompt(name: string): Prompt {
  const found = BY_NAME.get(name);
  if (found !== undefined) return found;
  throw new InvalidParams("name", name, `one of ${[...BY_NAME.keys()].join(", ")}`);
}
