import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import type { Runtime } from "../runner/runtimes.ts";

/** What a run of the suite has to show. */
export interface Gate {
  readonly revision: string;
  /**
   * How many checks there are to pass, which the suite does not say: it leaves checks out without a word where
   * a server lacks what they look at, so that "0 failed" alone means little.
   */
  readonly checks: number;
  /** How many scenarios there are. */
  readonly count: number;
  /** Only these scenarios count; all that the suite ran where absent. */
  readonly only?: readonly string[];
  /** These do not count. */
  readonly without?: readonly string[];
}

/** What a server is started with, and what to end with it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  end(): Promise<void> | void;
}

/** A server that the suite is run against. */
export interface Subject {
  readonly title: string;
  readonly script: (runtime: Runtime) => string;
  /** On this runtime only. */
  readonly on?: string;
  /** Why it cannot be started here. */
  readonly skip?: string | false;
  readonly gates: readonly Gate[];
  surroundings(): Promise<Surroundings> | Surroundings;
}

/** What an official SDK server of version 1 has to show on our transport. */
const SDK_SCENARIOS = [
  "server-initialize",
  "tools-list",
  "tools-call-simple-text",
  "tools-call-with-logging",
  "tools-call-with-progress",
  "tools-call-sampling",
  "tools-call-elicitation",
  "server-sse-multiple-streams",
  "server-sse-polling",
  "server-session-lifecycle",
  "dns-rebinding-protection",
];

const SCENARIOS_2025 = 33;
const SCENARIOS_2026 = 50;

const everything = (runtime: Runtime): string => `examples/everything/${runtime.name}.ts`;
const nothing = (): Surroundings => ({ env: {}, end: () => {} });

/** All of them. Each gate of one is tried on the same running process. */
export const SUBJECTS: readonly Subject[] = [
  {
    title: "everything",
    script: everything,
    surroundings: nothing,
    // One less each than by event streams: a JSON answer does not show whether several streams work at once.
    gates: [
      { revision: "2025-11-25", checks: 83, count: SCENARIOS_2025 },
      { revision: "2026-07-28", checks: 196, count: SCENARIOS_2026 },
    ],
  },
  {
    title: "everything, SSE",
    script: everything,
    surroundings: () => ({ ...nothing(), env: { MCP_RESPONSE: "sse" } }),
    gates: [
      { revision: "2025-11-25", checks: 84, count: SCENARIOS_2025 },
      { revision: "2026-07-28", checks: 197, count: SCENARIOS_2026 },
    ],
  },
  {
    title: "sqlite",
    script: everything,
    on: "bun",
    surroundings: () => {
      const folder = mkdtempSync(join(tmpdir(), "conformance-"));
      return {
        env: { MCP_BACKEND: `sqlite:${join(folder, "sessions.db")}`, MCP_RESPONSE: "sse" },
        end: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
    gates: [{ revision: "2025-11-25", checks: 84, count: SCENARIOS_2025 }],
  },
  {
    title: "redis",
    script: everything,
    on: "node",
    skip: noRedis,
    surroundings: async () => {
      const server = await startRedis();
      return { env: { MCP_BACKEND: server.url, MCP_RESPONSE: "sse" }, end: () => server.stop() };
    },
    gates: [{ revision: "2025-11-25", checks: 84, count: SCENARIOS_2025 }],
  },
  {
    title: "sealed",
    script: everything,
    on: "deno",
    surroundings: () => {
      const key = randomBytes(32).toString("hex");
      return { ...nothing(), env: { MCP_BACKEND: `sealed:${key}`, MCP_RESPONSE: "sse" } };
    },
    // Without a store there is nothing to resume from, and DELETE is 405: the suite leaves two checks out.
    gates: [
      {
        revision: "2025-11-25",
        checks: 79,
        count: SCENARIOS_2025 - 1,
        without: ["server-sse-polling"],
      },
    ],
  },
  {
    title: "SDK v1",
    script: () => "examples/sdk/v1.ts",
    surroundings: nothing,
    gates: [
      {
        revision: "2025-11-25",
        checks: 25,
        count: SDK_SCENARIOS.length,
        only: SDK_SCENARIOS,
      },
    ],
  },
];
