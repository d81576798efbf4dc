import assert from "node:assert/strict";
import { test } from "node:test";
import { hasPath } from "../../adapters/runtimes/serving.ts";

for (
  const [url, path, expected] of [
    ["/mcp", "/mcp", true],
    ["/mcp?x=http://a/b", "/mcp", true],
    ["/other?x=http://a/mcp", "/mcp", false],
    ["http://a/mcp?x=http://a/b", "/mcp", true],
    ["http://a/other?x=http://a/mcp", "/mcp", false],
    ["http://a", "/", true],
    ["http://a?x=/mcp", "/mcp", false],
    ["http://a#/mcp", "/mcp", false],
    ["http://a?x=/mcp", "/", true],
    ["/mcpx", "/mcp", false],
    ["/mcp#x", "/mcp", true],
  ] as const
) {
  test(`${url} is ${expected ? "" : "not "}at ${path}`, () => {
    assert.equal(hasPath(url, path), expected);
  });
}
