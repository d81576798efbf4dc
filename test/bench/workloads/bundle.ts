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

const MCP: Bundle = {
  name: "createMcpHandler with memory()",
  modules: { "./core/engine/mod.js": ["createMcpHandler"] },
};

const OWN: readonly Bundle[] = [
  MCP,
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

/** What of our largest bundle comes out of which folder of the sources. */
export const rooms: Workload = {
  name: "rooms",
  title: `Bundle of ${MCP.name}, by room`,
  more: false,
  anywhere: true,
  async run({ library, log }) {
    const { bytes, inputs } = await bundled(MCP, library);
    const sizes = new Map<string, number>();
    for (const [module, { bytesInOutput }] of Object.entries(inputs)) {
      const room = module.slice(0, module.lastIndexOf("/"));
      if (bytesInOutput > 0) sizes.set(room, (sizes.get(room) ?? 0) + bytesInOutput);
    }
    return [...sizes].sort().map(([room, value]): Row => {
      const percent = 100 * value / bytes.length;
      log(`  ${room.padEnd(40)} ${value} B, ${percent.toFixed(1)} %`);
      return {
        workload: "rooms",
        runtime: "any",
        contender: room,
        value,
        unit: "bytes minified",
        details: { "% of all": percent },
      };
    });
  },
};

async function measure(
  bundle: Bundle,
  resolveDir: string,
  log: (text: string) => void,
): Promise<Row> {
  const { name } = bundle;
  const { bytes } = await bundled(bundle, resolveDir);
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

/** A bundle, and how much of it each module is. */
async function bundled({ modules }: Bundle, resolveDir: string): Promise<{
  readonly bytes: Uint8Array;
  readonly inputs: { readonly [module: string]: { readonly bytesInOutput: number } };
}> {
  // Not before it is installed, which the first run does.
  const { build } = await import("esbuild");
  const contents = Object.entries(modules).map(([module, taken]) =>
    `export ${taken.length === 0 ? "*" : `{ ${taken.join(", ")} }`} from "${module}";`
  );
  const { outputFiles, metafile } = await build({
    stdin: { contents: contents.join("\n"), resolveDir },
    absWorkingDir: resolveDir,
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "node",
  });
  return { bytes: outputFiles[0]!.contents, inputs: Object.values(metafile.outputs)[0]!.inputs };
}
