/** What has to be there before anything can be compared. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { root, tsc } from "../runner/runtimes.ts";

const here = fileURLToPath(new URL("./", import.meta.url));

/** Installs the peers where they are missing, compiles the library, and returns where to. */
export function prepare(): string {
  if (!existsSync(`${here}node_modules`)) {
    execFileSync("npm", ["ci"], {
      cwd: here,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
  }
  // Two runs at once must not take each other's.
  const folder = `${here}.build/${process.pid}`;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [
    tsc,
    "-p",
    "tsconfig.build.json",
    "--outDir",
    folder,
  ], {
    cwd: root,
    stdio: "inherit",
  });
  // As in the package: bundlers may leave out what is not used.
  writeFileSync(
    `${folder}/package.json`,
    '{"type":"module","sideEffects":false}\n',
  );
  return folder;
}
