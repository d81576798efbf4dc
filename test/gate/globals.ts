import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtimes, tsc } from "../runner/runtimes.ts";
import { exec } from "../runner/exec.ts";

/**
 * Type-checks `files` of `root` in a world that has only the globals of `lib`.
 *
 * @returns the compiler's messages, empty where there is none
 */
export async function checkGlobals(
  root: string,
  files: readonly string[],
  lib: readonly string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "gate-"));
  try {
    const config = {
      compilerOptions: {
        target: "ES2022",
        lib,
        types: [],
        module: "NodeNext",
        moduleDetection: "force",
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
      },
      files: files.map((file) => join(root, file)),
    };
    const path = join(folder, "tsconfig.json");
    writeFileSync(path, JSON.stringify(config));
    const { code, output } = await exec(
      [runtimes.node.binary, tsc, "-p", path, "--pretty", "false"],
      { cwd: root, seconds: 60 },
    );
    return code === 0 ? "" : output.trim() || `tsc ended with ${code}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
