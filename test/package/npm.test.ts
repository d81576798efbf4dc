import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exec } from "../runner/exec.ts";
import { root, runtimes } from "../runner/runtimes.ts";
import { createProject, importAll, npm, type Project, typeCheck } from "./project.ts";

const { node, node22, node26, bun } = runtimes;

const IN_NODE = ["exchange.ts", "serve_node.ts", "listener.ts", "all.ts"];
const WEB = ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"];

let packed: { filename: string; files: { path: string }[] };
let tarball: string;
let store: Project;
let inNode: Project;
let inBun: Project;

before(async () => {
  store = createProject();
  const { code, output } = await exec(
    npm("pack", "--json", "--silent", "--pack-destination", store.folder),
    { cwd: root, seconds: 60 },
  );
  assert.equal(code, 0, output);
  packed = JSON.parse(output.slice(output.indexOf("[\n")))[0];
  tarball = join(store.folder, packed.filename);
  inNode = await install(npm("install", "--offline", "--no-audit", "--no-fund", "--silent"));
  inBun = await install([bun.binary, "install", "--silent"]);
}, { timeout: 90_000 });

after(() => {
  for (const project of [store, inNode, inBun]) project?.remove();
});

async function install(command: readonly string[]): Promise<Project> {
  const project = createProject();
  project.write("package.json", {
    ...{ name: "consumer", private: true, type: "module" },
    dependencies: { "mcp-session": `file:${tarball}` },
  });
  project.write("all.ts", importAll("mcp-session"));
  await project.run(command);
  return project;
}

describe("the tarball", () => {
  test("holds what is built and what the README links to, and nothing else", () => {
    const beside = new Set([
      ...["package.json", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"],
      ...["test/bench/results/calls.svg", "test/bench/results/results.md"],
    ]);
    const files = packed.files.map(({ path }) => path);
    const strange = files.filter((path) =>
      !beside.delete(path) && !/^dist\/(core|adapters)\/[\w/]+\.(js|d\.ts)$/.test(path)
    );
    assert.deepEqual(strange, []);
    assert.deepEqual([...beside], [], "missing");
    assert.ok(files.length > beside.size);
  });

  test("satisfies publint", () => store.run([...bin("publint"), tarball, "--strict"]));

  test("satisfies attw", () =>
    store.run([...bin("@arethetypeswrong/cli"), tarball, "--profile", "esm-only", "--no-color"]));

  test("declares types that need no runtime's types", () => {
    const folder = join(inNode.folder, "node_modules/mcp-session/dist");
    const files = globSync("**/*.d.ts", { cwd: folder });
    assert.notDeepEqual(files, []);
    for (const file of files) {
      const code = readFileSync(join(folder, file), "utf8");
      assert.doesNotMatch(code, /<reference/, file);
      // Examples in comments may use what they like.
      const declared = withoutComments(code);
      assert.doesNotMatch(declared, /["'](node|bun):|["']bun["']/, file);
      assert.doesNotMatch(declared, /\b(Deno|Bun|NodeJS|Buffer)\b(?!")/, file);
    }
  });

  test("declares types that TypeScript before 5.7 reads, to which Uint8Array is no generic", () => {
    const folder = join(inNode.folder, "node_modules/mcp-session/dist");
    for (const file of globSync("**/*.d.ts", { cwd: folder })) {
      const code = withoutComments(readFileSync(join(folder, file), "utf8"));
      assert.doesNotMatch(code, /\b(\w+Array|DataView)<(Shared)?Array/, file);
    }
  });

  test("imports only itself and what a runtime brings", () => {
    const folder = join(inNode.folder, "node_modules/mcp-session/dist");
    for (const file of globSync("**/*.js", { cwd: folder })) {
      const code = withoutComments(readFileSync(join(folder, file), "utf8"));
      for (const [, specifier = ""] of code.matchAll(/\b(?:from|import)[\s(]*["']([^"']+)["']/g)) {
        assert.match(specifier, /^(\.\.?\/.+\.js|node:\w+|bun:\w+)$/, file);
      }
    }
  });
});

describe("in a Node project", () => {
  for (const { name, binary } of [node22, node, node26]) {
    test(`every subpath loads on ${name}`, () => inNode.run([binary, "all.ts"]));
    test(`every subpath loads on ${name} without node:sqlite`, () =>
      inNode.run([binary, "--no-experimental-sqlite", "all.ts"]));
    test(`exchanges in process on ${name}`, () =>
      inNode.run([binary, "exchange.ts"], "exchanged in process"));
    test(`exchanges over a socket on ${name}`, () =>
      inNode.run([binary, "serve_node.ts"], "exchanged over a socket"));
    test(`exchanges through a listener on ${name}`, () =>
      inNode.run([binary, "listener.ts"], "exchanged through a listener"));
  }

  test("type-checks without any runtime's types", () =>
    typeCheck(inNode, {
      files: [
        "misuse.ts",
        "exchange.ts",
        "all.ts",
        "serve_node.ts",
        "serve_deno.ts",
        "serve_bun.ts",
      ],
      ...{ lib: WEB, types: [] },
    }));

  test("type-checks with Node's types and no others", () =>
    typeCheck(inNode, { files: ["misuse.ts", ...IN_NODE], lib: ["ES2024"], types: ["node"] }));

  test("type-checks with Node's types beside the Web's", () =>
    typeCheck(inNode, { files: IN_NODE, lib: WEB, types: ["node"] }));
});

describe("in a Bun project", () => {
  test("every subpath loads", () => inBun.run([bun.binary, "all.ts"]));
  test("exchanges in process", () =>
    inBun.run([bun.binary, "exchange.ts"], "exchanged in process"));
  test("exchanges over a socket", () =>
    inBun.run([bun.binary, "serve_bun.ts"], "exchanged over a socket"));
  test("type-checks with Bun's types", () =>
    typeCheck(inBun, {
      files: ["exchange.ts", "serve_bun.ts", "all.ts"],
      ...{ lib: ["ESNext"], types: ["bun-types"] },
    }));
});

/** The program of a package that has one. */
function bin(name: string): string[] {
  const folder = join(root, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const path = typeof bin === "string" ? bin : Object.values<string>(bin)[0] ?? "";
  return [node.binary, join(folder, path)];
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}
