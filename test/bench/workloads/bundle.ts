/** What a bundler makes of the library, and of what is compared with it. */
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { Row, Workload } from "./workload.ts";

/** What is bundled: names of modules, and of what is taken from them. */
interface Bundle {
  readonly name: string;
  /** Nothing stands for everything. */
  readonly modules: { readonly [module: string]: readonly string[] };
}

const OWN: readonly Bundle[] = [
  {
    name: "createMcpHandler with memory()",
    modules: { "./core/engine/mod.js": ["createMcpHandler"] },
  },
  {
    name: "createSessions with memory()",
    modules: { "./core/engine/mod.js": ["createSessions"] },
  },
  { name: "mcp-session/core, everything", modules: { "./core/mod.js": [] } },
];

/** A server and a Web transport of each: what has to be loaded before anything can be served. */
const PEERS: readonly Bundle[] = [
  {
    name: "@modelcontextprotocol/server",
    modules: {
      "@modelcontextprotocol/server": ["McpServer", "WebStandardStreamableHTTPServerTransport"],
    },
  },
  {
    name: "@modelcontextprotocol/sdk",
    modules: {
      "@modelcontextprotocol/sdk/server/mcp.js": ["McpServer"],
      "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js": [
        "WebStandardStreamableHTTPServerTransport",
      ],
    },
  },
  {
    name: "mcp-lite",
    modules: { "mcp-lite": ["InMemorySessionAdapter", "McpServer", "StreamableHttpTransport"] },
  },
  {
    name: "tmcp",
    modules: { "tmcp": ["McpServer"], "@tmcp/transport-http": ["HttpTransport"] },
  },
];

export const bundle: Workload = {
  name: "bundle",
  title: "Bundle, minified and gzipped",
  more: false,
  anywhere: true,
  async run({ library, peers, log }) {
    const rows = [];
    for (const one of OWN) rows.push(await measure(one, library, log));
    const here = fileURLToPath(new URL("../", import.meta.url));
    for (const one of peers ? PEERS : []) rows.push(await measure(one, here, log));
    return rows;
  },
};

async function measure(
  { name, modules }: Bundle,
  resolveDir: string,
  log: (text: string) => void,
): Promise<Row> {
  // Not before it is installed, which the first run does.
  const { build } = await import("esbuild");
  const contents = Object.entries(modules).map(([module, taken]) =>
    `export ${taken.length === 0 ? "*" : `{ ${taken.join(", ")} }`} from "${module}";`
  );
  const { outputFiles } = await build({
    stdin: { contents: contents.join("\n"), resolveDir },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "node",
  });
  const bytes = outputFiles[0]!.contents;
  const value = gzipSync(bytes, { level: 9 }).length;
  log(`  ${name.padEnd(40)} ${value} B gzipped, ${bytes.length} B`);
  return {
    workload: "bundle",
    runtime: "any",
    contender: name,
    value,
    unit: "bytes gzipped",
    details: { "bytes minified": bytes.length },
  };
}
