import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { exec } from "../runner/exec.ts";
import { root, runtimes, tsc } from "../runner/runtimes.ts";

/** A throwaway project of somebody who uses the package. */
export interface Project {
  readonly folder: string;
  write(file: string, content: string | object): void;
  /** Runs a command here. Fails the test where the command fails, or does not print `line` where that is given. */
  run(command: readonly string[], line?: string): Promise<void>;
  remove(): void;
}

/** Makes a project with the consumer's sources in it, outside the repository so that nothing resolves by accident. */
export function createProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), "consumer-"));
  cpSync(join(root, "test/package/consumer"), folder, { recursive: true });
  return {
    folder,
    write(file, content) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, null, 2));
    },
    async run(command, line) {
      const { code, output, timedOut } = await exec(command, { cwd: folder, seconds: 100 });
      assert.equal(code, 0, `${timedOut ? "killed: " : ""}${command.join(" ")}\n${output}`);
      if (line !== undefined) assert.ok(output.split(/\r?\n/).includes(line), output);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs npm, the one that runs the tests where there is one. */
export function npm(...args: readonly string[]): string[] {
  return npmCli === undefined ? ["npm", ...args] : [runtimes.node.binary, npmCli, ...args];
}

const npmCli = process.env["npm_execpath"];

/** The subpaths of the package, as `/core`, and "" for the package itself. */
export const subpaths: readonly string[] = Object.keys(
  JSON.parse(readFileSync(join(root, "deno.json"), "utf8")).exports,
).map((subpath) => subpath.slice(1));

/** A program that imports every subpath: each has to load everywhere, only using it may need its runtime. */
export function importAll(prefix: string): string {
  const lines = subpaths.map((subpath, i) => `import * as part${i} from "${prefix}${subpath}";`);
  const parts = subpaths.map((_, i) => `Object.keys(part${i}).length`);
  return [...lines, `if ([${parts}].includes(0)) throw new Error("an empty module");`, ""].join(
    "\n",
  );
}

export interface Typing {
  readonly files: readonly string[];
  readonly lib: readonly string[];
  /** Packages of global types, taken from the repository's own dependencies. */
  readonly types: readonly string[];
}

/** Type-checks files of a project as strictly as anybody may, the package's declarations included. */
export async function typeCheck(project: Project, { files, lib, types }: Typing): Promise<void> {
  for (const name of types) provide(project, name);
  project.write("tsconfig.json", {
    compilerOptions: {
      ...{ target: "ES2022", module: "NodeNext", lib, types },
      ...{ strict: true, skipLibCheck: false, noEmit: true, allowImportingTsExtensions: true },
      ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      ...{ verbatimModuleSyntax: true },
    },
    files,
  });
  try {
    await project.run([runtimes.node.binary, tsc, "-p", ".", "--pretty", "false"]);
  } finally {
    for (const name of types) {
      rmSync(join(project.folder, "node_modules", packageOf(name)), { force: true });
    }
  }
}

/** A type package is linked for one check only: the others prove that nothing needs it. */
function provide(project: Project, types: string): void {
  const name = packageOf(types);
  const link = join(project.folder, "node_modules", name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(root, "node_modules", name), link, "dir");
}

function packageOf(types: string): string {
  return types === "node" ? "@types/node" : types;
}
