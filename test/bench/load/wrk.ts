import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pinned } from "../host/pinning.ts";
import { type Load, type Outcome, PATH, PREPARED } from "./spec.ts";

const script = fileURLToPath(new URL("load.lua", import.meta.url));
const execute = promisify(execFile);

/** A load by `wrk`, one thread: the other processor is the server's. */
export async function wrkLoad(load: Load): Promise<Outcome> {
  const { port, method, headers, body, sessions, connections, seconds } = load;
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    put(
      "headers",
      Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)
        .join(""),
    );
    put("body", body);
    put("sessions", sessions.join("\n"));
    const { stdout } = await execute(
      ...pinned("load", "wrk", [
        ...[
          "-t1",
          `-c${connections}`,
          `-d${seconds}s`,
          "--timeout",
          "10s",
          "-s",
          script,
        ],
        `http://127.0.0.1:${port}${PATH}`,
        ...["--", folder, method, String(PREPARED)],
      ]),
      { timeout: (seconds + 30) * 1000 },
    );
    const found = /^RESULT (\S+) (\S+) (\S+) (\S+) (\S+)$/m.exec(stdout);
    if (found === null) throw new Error(`wrk printed no result:\n${stdout}`);
    const [requests = 0, micros = 0, failures = 0, median = 0, p99 = 0] = found
      .slice(1).map(Number);
    return {
      requests,
      seconds: micros / 1e6,
      failures,
      median: median / 1e3,
      p99: p99 / 1e3,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
