/** Every workload, in the order in which they run. */
import { backends } from "./backends.ts";
import { bundle, rooms } from "./bundle.ts";
import { callJson, callLater, callSse, initialize, modern, progress } from "./calls.ts";
import { cold } from "./cold.ts";
import { engine } from "./engine.ts";
import { growth } from "./growth.ts";
import { resume } from "./resume.ts";
import { lookups, memory } from "./sessions.ts";
import { streams } from "./streams.ts";
import type { Workload } from "./workload.ts";

export const workloads: readonly Workload[] = [
  callJson,
  callSse,
  callLater,
  modern,
  initialize,
  progress,
  lookups,
  memory,
  streams,
  resume,
  cold,
  backends,
  engine,
  growth,
  bundle,
  rooms,
];
