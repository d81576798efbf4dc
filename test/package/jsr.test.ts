import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exec } from "../runner/exec.ts";
import { root, runtimes } from "../runner/runtimes.ts";
import { createProject, importAll, type Project } from "./project.ts";

const deno = runtimes.deno.binary;
const { name } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));

let project: Project;

before(() => {
  project = createProject();
  // `links` puts the checkout in the registry's place, so that no network is needed.
  project.write("deno.json", { links: [root], nodeModulesDir: "none" });
  for (const file of ["exchange.ts", "serve_deno.ts"]) {
    const source = readFileSync(join(project.folder, file), "utf8");
    project.write(file, source.replaceAll('from "mcp-session', `from "jsr:${name}`));
  }
  project.write("all.ts", importAll(`jsr:${name}`));
});

after(() => project.remove());

test("deno publish accepts the package", { timeout: 100_000 }, async () => {
  const { code, output } = await exec(
    [deno, "publish", "--dry-run", "--allow-dirty"],
    { cwd: root, seconds: 90 },
  );
  assert.equal(code, 0, output);
  const files = [...output.matchAll(/^\s+file:.*?\/(core|adapters|[\w.]+$)/gm)];
  assert.notEqual(files.length, 0, output);
  assert.doesNotMatch(output, /\/(test(?!\/bench\/results\/)|examples|node_modules|dist)\//);
  assert.match(output, /\/test\/bench\/results\/calls\.svg /);
});

test("all that is public is documented, to its members, and names no type that is not", {
  timeout: 100_000,
}, async () => {
  const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const { code, output } = await exec(
    [deno, "doc", "--lint", ...Object.values<string>(exports)],
    { cwd: root, seconds: 90 },
  );
  assert.equal(code, 0, output);
});

test("what is needed to name a type of the package's root is exported there", async () => {
  const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const { output } = await exec([deno, "doc", "--lint", exports["."]], { cwd: root, seconds: 90 });
  assert.match(output, /documentation lint|Checked/);
  assert.deepEqual(output.match(/public type .* references private type .*/g) ?? [], []);
});

describe("in a Deno project that imports from JSR", () => {
  const run = [deno, "run", "--no-prompt", "--cached-only"];

  test("every subpath loads", () => project.run([...run, "all.ts"]));

  test("exchanges in process, without any permission", () =>
    project.run([...run, "exchange.ts"], "exchanged in process"));

  test("exchanges over a socket, with the network only", () =>
    project.run(
      [...run, "--allow-net=127.0.0.1", "serve_deno.ts"],
      "exchanged over a socket",
    ));

  test("type-checks", () =>
    project.run([deno, "check", "--no-remote", "exchange.ts", "serve_deno.ts", "all.ts"]));
});
