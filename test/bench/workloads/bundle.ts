/** What a bundler makes of the library. */
import { gzipSync } from "node:zlib";
import type { Workload } from "./workload.ts";

/** What is bundled. */
const BUNDLES = [
  {
    name: "createMcpHandler with memory()",
    module: "core/engine/mod.js",
    only: "createMcpHandler",
  },
  {
    name: "createSessions with memory()",
    module: "core/engine/mod.js",
    only: "createSessions",
  },
  {
    name: "mcp-session/core, everything",
    module: "core/mod.js",
    only: undefined,
  },
] as const;

export const bundle: Workload = {
  name: "bundle",
  title: "Bundle, minified and gzipped",
  more: false,
  anywhere: true,
  async run({ library, log }) {
    // Not before it is installed, which the first run does.
    const { build } = await import("esbuild");
    const rows = [];
    for (const { name, module, only } of BUNDLES) {
      const { outputFiles } = await build({
        stdin: {
          contents: `export ${only === undefined ? "*" : `{ ${only} }`} from "./${module}";`,
          resolveDir: library,
        },
        bundle: true,
        minify: true,
        write: false,
        format: "esm",
        target: "es2022",
      });
      const bytes = outputFiles[0]!.contents;
      const value = gzipSync(bytes, { level: 9 }).length;
      rows.push({
        workload: "bundle",
        runtime: "any",
        contender: name,
        value,
        unit: "bytes gzipped",
        details: { "bytes minified": bytes.length },
      });
      log(`  ${name.padEnd(40)} ${value} B gzipped, ${bytes.length} B`);
    }
    return rows;
  },
};
