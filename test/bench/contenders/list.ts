/** The contenders, in the order in which tables show them. */
import type { Options } from "./contender.ts";

/** What runs, and what it can do. */
export interface Entry {
  readonly name: string;
  /** A path within this folder's parent. */
  readonly module: string;
  /** The package whose version is shown. */
  readonly package?: string;
  readonly shapes: readonly Options["shape"][];
  readonly modern: boolean;
  /** Its GET streams can be written to from outside. */
  readonly streams: boolean;
  /** Logs can be resumed. */
  readonly resumes: boolean;
}

export const BARE: Entry = {
  name: "bare runtime",
  module: "contenders/bare.ts",
  shapes: ["json", "sse"],
  modern: true,
  streams: true,
  resumes: false,
};

/** What any server of MCP has to ask of the runtime. */
export const CAREFUL: Entry = {
  ...BARE,
  name: "bare, reading what MCP needs",
  module: "contenders/careful.ts",
  streams: false,
};

export const OURS: Entry = {
  name: "mcp-session",
  module: "contenders/mcp_session.ts",
  shapes: ["json", "sse"],
  modern: true,
  streams: true,
  resumes: true,
};

export const SDK_V2: Entry = {
  name: "@modelcontextprotocol/server",
  module: "peers/sdk_v2.ts",
  package: "@modelcontextprotocol/server",
  shapes: ["json", "sse"],
  modern: true,
  streams: true,
  resumes: false,
};

export const PEERS: readonly Entry[] = [
  SDK_V2,
  {
    name: "@modelcontextprotocol/sdk",
    module: "peers/sdk_v1.ts",
    package: "@modelcontextprotocol/sdk",
    shapes: ["json", "sse"],
    modern: false,
    streams: true,
    resumes: true,
  },
  {
    name: "mcp-lite",
    module: "peers/mcp_lite.ts",
    package: "mcp-lite",
    shapes: ["json"],
    modern: false,
    streams: false,
    resumes: false,
  },
  {
    name: "tmcp",
    module: "peers/tmcp.ts",
    package: "tmcp",
    shapes: ["sse"],
    modern: false,
    streams: false,
    resumes: false,
  },
  {
    name: "@hono/mcp",
    module: "peers/hono_mcp.ts",
    package: "@hono/mcp",
    shapes: ["json", "sse"],
    modern: false,
    streams: false,
    resumes: false,
  },
];
