/**
 * Tools that tell clients of changes. Nothing changes: lists that do would disturb the tests.
 *
 * @module
 */

import { text } from "./content.ts";
import { WATCHED } from "./resources.ts";
import { schema, type Tool } from "./tool.ts";

/** In the order in which they are listed. */
export const CHANGE_TOOLS: readonly Tool[] = [
  {
    name: "test_trigger_tool_change",
    description: "Tells those who want to know that the list of tools has changed",
    inputSchema: schema(),
    run(_args, { server }) {
      server.notify.toolsListChanged();
      return text("Told");
    },
  },
  {
    name: "test_trigger_prompt_change",
    description: "Tells those who want to know that the list of prompts has changed",
    inputSchema: schema(),
    run(_args, { server }) {
      server.notify.promptsListChanged();
      return text("Told");
    },
  },
  {
    name: "test_trigger_resource_update",
    description: "Tells those who subscribed to it that the watched resource has changed",
    inputSchema: schema(),
    run(_args, { server }) {
      server.notify.resourceUpdated(WATCHED);
      return text("Told");
    },
  },
];
