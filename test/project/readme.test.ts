import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../runner/runtimes.ts";
import { withTables } from "./readme_tables.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

test("the tables are those of the code; npm run tables writes them", async () => {
  assert.equal(readme, await withTables(readme));
});

test("a table that is stale is written anew, and nothing around it", async () => {
  const stale = readme.replace("`host-not-allowed`", "`host-allowed`")
    .replace(/(`bodyBytes` +\| )4/, (_, row) => `${row}5`);
  assert.notEqual(stale, readme);
  assert.equal(await withTables(stale), readme);
  await assert.rejects(withTables(readme.replace("<!-- limits -->", "")), /no <!-- limits -->/);
});

test("the lines for a fresh clone are there and name scripts that exist", () => {
  for (const line of ["npm ci && npm start", "npm ci && npm test", "npm run guide"]) {
    assert.ok(readme.includes(line), line);
    const name = line.split(" ").at(-1) ?? "";
    assert.ok(Object.hasOwn(scripts, name), name);
  }
});

test("continuous integration runs the README's line", () => {
  const ci = readFileSync(join(root, ".ci/run"), "utf8");
  assert.match(ci, /^npm ci && npm test$/m);
});
