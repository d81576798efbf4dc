import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { checkGlobals } from "./globals.ts";
import { checkFile, PURE_FOLDERS } from "./purity.ts";

const LANGUAGE = ["ES2024"];
const WEB = ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"];

/** Runs every check of the gate over the tree at `root`. */
export async function checkTree(root: string): Promise<{ files: number; problems: string[] }> {
  const problems: string[] = [];
  const files = list(root, "{core,adapters}/**/*.ts");
  for (const file of files) {
    for (const { line, what } of checkFile(file, readFileSync(join(root, file), "utf8"))) {
      problems.push(`${file}:${line}: ${what}`);
    }
  }
  // A folder that was renamed would otherwise leave the gate in silence.
  for (const folder of PURE_FOLDERS) {
    if (!files.some((file) => file.startsWith(`${folder}/`))) problems.push(`${folder}/: no files`);
  }
  const pure = files.filter((file) => PURE_FOLDERS.some((folder) => file.startsWith(`${folder}/`)));
  const core = files.filter((file) => file.startsWith("core/"));
  for (const [checked, lib] of [[pure, LANGUAGE], [core, WEB]] as const) {
    const messages = checked.length > 0 ? await checkGlobals(root, checked, lib) : "";
    if (messages) problems.push(`with only the globals of ${lib.join(", ")}:\n${messages}`);
  }
  return { files: files.length, problems };
}

function list(root: string, pattern: string): string[] {
  return globSync(pattern, { cwd: root }).map((file) => file.split(sep).join("/")).sort();
}
