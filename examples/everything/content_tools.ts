/**
 * Tools whose answer is always the same, one for each kind of content.
 *
 * @module
 */

import { audio, image, resource, text } from "./content.ts";
import { failure, schema, type Tool } from "./tool.ts";

/** In the order in which they are listed. */
export const CONTENT_TOOLS: readonly Tool[] = [
  {
    name: "test_simple_text",
    description: "Answers with a text",
    inputSchema: schema(),
    run: () => text("This is a simple text response for testing."),
  },
  {
    name: "test_image_content",
    description: "Answers with an image",
    inputSchema: schema(),
    run: () => image,
  },
  {
    name: "test_audio_content",
    description: "Answers with a sound",
    inputSchema: schema(),
    run: () => audio,
  },
  {
    name: "test_embedded_resource",
    description: "Answers with a resource",
    inputSchema: schema(),
    run: () =>
      resource(
        "test://embedded-resource",
        "text/plain",
        "This is an embedded resource content.",
      ),
  },
  {
    name: "test_multiple_content_types",
    description: "Answers with a text, an image and a resource",
    inputSchema: schema(),
    run: () => [
      text("Multiple content types test:"),
      image,
      resource(
        "test://mixed-content-resource",
        "application/json",
        JSON.stringify({ test: "data", value: 123 }),
      ),
    ],
  },
  {
    name: "test_error_handling",
    description: "Fails, as tools do",
    inputSchema: schema(),
    run: () => failure("This tool intentionally returns an error for testing"),
  },
  {
    name: "json_schema_2020_12_tool",
    description: "Has a schema with most of what JSON Schema 2020-12 offers",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: {
          $anchor: "addressDef",
          type: "object",
          properties: { street: { type: "string" }, city: { type: "string" } },
        },
      },
      properties: {
        name: { type: "string" },
        address: { $ref: "#/$defs/address" },
        contactMethod: { type: "string", enum: ["phone", "email"] },
        phone: { type: "string" },
        email: { type: "string" },
      },
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      then: { required: ["phone"] },
      else: { required: ["email"] },
      additionalProperties: false,
    },
    run: (args) => text(`Received: ${JSON.stringify(args)}`),
  },
];
