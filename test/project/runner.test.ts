import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exec } from "../runner/exec.ts";
import { readJunit } from "../runner/junit.ts";
import { root, runtimes } from "../runner/runtimes.ts";
import { differences, type Outcome, runSuite } from "../runner/suite.ts";

const { node, deno, bun } = runtimes;

describe("a report", () => {
  test("of Node: groups are suites", () => {
    const report = readJunit(`<testsuites>
      <testsuite name="group"><testcase name="a" classname="group"/>
        <testcase name="b &amp;quot;'> c" failure="x"><failure message="x">no</failure></testcase>
      </testsuite></testsuites>`);
    assert.deepEqual(report, { tests: ["a", "b c"], failed: 1, skipped: 0 });
  });

  test("of Node: an expected failure is a skipped test", () => {
    const report = readJunit(
      `<testcase name="a"><skipped type="todo"/><failure>no</failure></testcase>`,
    );
    assert.deepEqual(report, { tests: ["a"], failed: 0, skipped: 1 });
  });

  test("of Deno: groups are tests too", () => {
    const report = readJunit(`<testsuite name="./a.test.ts">
      <testcase name="group"><failure message="1 test step failed."></failure></testcase>
      <testcase name="group &gt; a"></testcase>
      <testcase name="group &gt; b"><failure message="no"></failure></testcase></testsuite>`);
    assert.deepEqual(report, { tests: ["a", "b"], failed: 1, skipped: 0 });
  });

  test("of Deno: a failed hook fails the group alone", () => {
    const report = readJunit(`<testcase name="group"><failure message="no"></failure></testcase>
      <testcase name="group &gt; a"></testcase>`);
    assert.deepEqual(report, { tests: ["a"], failed: 1, skipped: 0 });
  });

  test("of Bun: escapes differ, the names compare", () => {
    const report = readJunit(`<testcase name="b &quot;&apos;&gt; c" line="3" />`);
    assert.deepEqual(report, { tests: ["b c"], failed: 0, skipped: 0 });
  });

  test("that is missing holds no tests", () => {
    assert.deepEqual(readJunit(""), { tests: [], failed: 0, skipped: 0 });
  });
});

describe("the same suite everywhere", () => {
  const suite = (tests: Record<string, string[]>) => ({
    ...{ passed: 1, failed: 0, skipped: 0 },
    tests: new Map(Object.entries(tests)),
  });
  test("is no difference", () => {
    const suites = new Map([["node", suite({ a: ["x"] })], ["bun", suite({ a: ["x"] })]]);
    assert.deepEqual(differences(suites), []);
  });
  test("names what a runtime dropped or has alone", () => {
    const suites = new Map([["node", suite({ a: ["x", "x"] })], ["bun", suite({ a: ["x", "y"] })]]);
    assert.deepEqual(differences(suites), ["a: not on bun: x", "a: only on bun: y"]);
  });
});

describe("a file does not pass", () => {
  const planted: Record<string, string> = {
    "holds no tests": "",
    "cannot be loaded": `import "./missing.ts"; test("a", () => {});`,
    "fails": `test("a", () => {}); test("b", () => { throw new Error("no"); });`,
    "fails in a hook": `after(() => { throw new Error("no"); }); test("a", () => {});`,
    "drops tests in an async describe":
      `describe("a", async () => { await new Promise((next) => setTimeout(next, 5)); test("b", () => {}); });`,
    "nests tests": `test("a", async (t) => { await t.test("b", () => {}); });`,
    "does not end":
      `test("a", async () => { for (;;) await new Promise((next) => setTimeout(next, 5)); });`,
  };
  let cwd: string;

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), "planted-"));
    for (const [name, source] of Object.entries(planted)) {
      const folder = join(cwd, "test", name);
      mkdirSync(folder, { recursive: true });
      const code = `import { after, describe, test } from "node:test";\n${source}\n`;
      writeFileSync(join(folder, "planted.test.ts"), `${code}after; describe; test;\n`);
    }
  });
  after(() => rmSync(cwd, { recursive: true, force: true }));

  for (const name of Object.keys(planted)) {
    test(`that ${name}`, { timeout: 30_000 }, async () => {
      const outcomes = new Map<string, Outcome>();
      for (const runtime of [node, deno, bun]) {
        const options = { folders: [name], seconds: 2, filter: [], cwd };
        outcomes.set(runtime.name, await runSuite(runtime, options));
      }
      const failed = [...outcomes.values()].filter((outcome) => outcome.failed > 0).length;
      assert.ok(failed > 0 || differences(outcomes).length > 0);
    });
  }
});

describe("a command", () => {
  test("is killed with everything it started", { timeout: 40_000 }, async () => {
    const child = "setInterval(() => {}, 1000); console.log('up');";
    const script = `require("child_process").spawn(process.execPath, ["-e", ${
      JSON.stringify(child)
    }], { stdio: "inherit" }); setInterval(() => {}, 1000);`;
    const { timedOut, code, output } = await exec([node.binary, "-e", script], { seconds: 6 });
    assert.deepEqual({ timedOut, code, output }, { timedOut: true, code: null, output: "up\n" });
  });

  test("ends although something it started runs on", { timeout: 40_000 }, async () => {
    const script = `require("child_process").spawn(process.execPath, ["-e",
      "setInterval(() => {}, 1000)"], { stdio: "inherit" }).unref()`;
    const { timedOut, code } = await exec([node.binary, "-e", script], { seconds: 30 });
    assert.deepEqual({ timedOut, code }, { timedOut: false, code: 0 });
  });

  test("that does not exist is reported", async () => {
    const { code, output } = await exec(["no-such-command"], { seconds: 5 });
    assert.equal(code, null);
    assert.match(output, /no-such-command/);
  });
});

describe("the runtimes are the installed ones", () => {
  const versions: [name: string, binary: string, expected: RegExp][] = [
    ["node", node.binary, /^v24\./],
    ["node22", runtimes.node22.binary, /^v22\./],
    ["node26", runtimes.node26.binary, /^v26\./],
    ["deno", deno.binary, /^deno 2\./],
    ["bun", bun.binary, /^1\./],
  ];
  for (const [name, binary, expected] of versions) {
    test(name, async () => {
      const { output } = await exec([binary, "--version"], { cwd: root, seconds: 20 });
      assert.match(output, expected);
    });
  }
});
