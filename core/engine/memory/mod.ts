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

/** Keeps sessions and logs in this process's memory. Nothing outlives it. */
export function memory(): Backend {
  return {
    sessions: memorySessions(),
    logs: memoryLogs(),
    bus: memoryBus(),
    handles: memoryHandles(),
  };
}
