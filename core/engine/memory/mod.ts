/**
 * The backend that is this process.
 *
 * @module
 */

import type { Backend } from "../ports.ts";
import { memoryBus } from "./bus.ts";
import { memoryHandles } from "./handles.ts";
import { memoryLogs } from "./logs.ts";
import { memorySessions } from "./sessions.ts";

/**
 * Makes a backend that keeps sessions, logs and handles in this process's memory: the default. Nothing outlives the
 * process, and every request of a session has to reach it. Handlers that are given the same one share their sessions.
 *
 * @example
 * ```ts
 * import { createMcpHandler, memory } from "mcp-session";
 * import { application } from "./application.ts";
 *
 * const backend = memory();
 * export const a = createMcpHandler(application, { backend });
 * export const b = createMcpHandler(application, { backend }); // knows the sessions of `a`
 * ```
 */
export function memory(): Backend {
  return {
    sessions: memorySessions(),
    logs: memoryLogs(),
    bus: memoryBus(),
    handles: memoryHandles(),
  };
}
