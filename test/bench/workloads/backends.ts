/** The same calls where sessions and logs are kept elsewhere. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OURS } from "../contenders/list.ts";
import { CALL } from "../load/requests.ts";
import { race } from "./race.ts";
import { startRedis } from "../host/redis.ts";
import { optionsOf, type Row, type Workload } from "./workload.ts";

export const backends: Workload = {
  name: "backends",
  title: "Tool call by backend and shape",
  more: true,
  async run(context) {
    const rows: Row[] = [];
    const redis = await startRedis();
    if (redis === undefined) {
      context.log("  no redis-server on this machine: without it");
    }
    try {
      for (const runtime of context.runtimes) {
        for (const shape of ["json", "sse"] as const) {
          const folder = mkdtempSync(join(tmpdir(), "bench-"));
          const locations = {
            memory: "",
            sqlite: join(folder, "sessions.db"),
            ...(redis === undefined ? {} : { redis: redis.url }),
          };
          const runner = (backend: string, library: string) => ({
            name: `${backend}, ${shape}`,
            module: OURS.module,
            options: optionsOf(context, runtime, {
              shape,
              backend: backend as keyof typeof locations,
              location: locations[backend as keyof typeof locations]!,
              library,
            }),
          });
          const { library, baseline } = context;
          const runners = Object.keys(locations).flatMap((backend) => [
            runner(backend, library),
            ...(baseline === undefined || backend === "memory" ? [] : [{
              ...runner(backend, baseline),
              name: `${backend}, ${shape}, baseline`,
            }]),
          ]);
          rows.push(
            ...await race(context, "backends", runners, CALL, "You said"),
          );
          rmSync(folder, { recursive: true, force: true });
        }
      }
    } finally {
      redis?.stop();
    }
    return rows;
  },
};
