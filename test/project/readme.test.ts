import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
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

/** Options of single calls, a declaration of the SDK's, and what is read of others. */
const NO_TABLE = [
  ...["RequestOptions", "SessionRequestOptions", "InputOptions", "SdkSendOptions"],
  "ReadServeOptions",
];

test("every option that the code declares has a row", () => {
  const files = globSync("{core/engine/**,adapters/{runtimes,servers,backends}}/*.ts", {
    cwd: root,
  });
  const options = files.flatMap((file) => {
    const code = readFileSync(join(root, file), "utf8");
    return [...code.matchAll(/^export interface (\w+Options|Limits)\b[^{]*\{(.*?)^\}/gms)];
  }).filter(([, name = ""]) => !NO_TABLE.includes(name));
  const members = options.flatMap(([, name, body = ""]) =>
    [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => `${name}.${member}`)
  );
  assert.ok(members.length > 50, `only ${members.length}`);
  const cells = new Set([...readme.matchAll(/\| `(\w+)` +(?=\|)/g)].map(([, cell]) => cell));
  const missing = members.filter((one) => !cells.has(one.split(".")[1]));
  assert.deepEqual(missing, []);
});

test("both packages hold what the README links to", () => {
  const npm = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const jsr = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, file = ""]) => file);
  assert.ok(links.length >= 4, `only ${links.length}`);
  for (const file of links) {
    assert.ok(existsSync(join(root, file)), file);
    assert.ok(npm.files.includes(file), `package.json: files has no ${file}`);
    assert.ok(jsr.publish.include.includes(file), `deno.json: publish.include has no ${file}`);
  }
});

test("the README's links into itself arrive", () => {
  const prose = readme.replace(/^```.*?^```/gms, "");
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) =>
    text.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
  const links = [...prose.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
  assert.deepEqual(links.filter((anchor) => !headings.includes(anchor)), []);
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
