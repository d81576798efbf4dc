import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exec } from "../runner/exec.ts";
import { readJunit } from "../runner/junit.ts";
import { root, runtimes } from "../runner/runtimes.ts";
import { differences } from "../runner/suite.ts";

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

describe("a command", () => {
  test("is killed with everything it started", { timeout: 20_000 }, async () => {
    const child = "setInterval(() => {}, 1000); console.log('up');";
    const script = `require("child_process").spawn(process.execPath, ["-e", ${
      JSON.stringify(child)
    }], { stdio: "inherit" }); setInterval(() => {}, 1000);`;
    const { timedOut, code, output } = await exec([node.binary, "-e", script], { seconds: 1 });
    assert.deepEqual({ timedOut, code, output }, { timedOut: true, code: null, output: "up\n" });
  });

  test("ends although something it started runs on", { timeout: 20_000 }, async () => {
    const script = `require("child_process").spawn(process.execPath, ["-e",
      "setInterval(() => {}, 1000)"], { stdio: "inherit" }).unref()`;
    const { timedOut, code } = await exec([node.binary, "-e", script], { seconds: 15 });
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
