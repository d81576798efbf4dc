/** WIRE.md, sections 1 (Host and Origin) and 5: parsed, never prefix-matched. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, type Fields, Line } from "./harness/http.ts";
import { initialize, merged } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Scope, up } from "./harness/runtime.ts";
import type { McpOptions } from "../../core/engine/mod.ts";
import { serverSets } from "./runtime_answers.ts";

async function status(scope: Scope, fields: Fields, options: McpOptions = {}): Promise<number> {
  const server = await up(scope, app(), options);
  const out = initialize();
  const got = await ask(server.port, { ...out, fields: merged(out.fields!, fields) });
  if (got.status === 403) refused(got, { status: 403, code: -32000 });
  return got.status;
}

describe("Host", () => {
  const hosts: readonly (readonly [string, number])[] = [
    ["localhost", 200],
    ["localhost:1", 200],
    ["LocalHost:65535", 200],
    ["127.0.0.1", 200],
    ["127.0.0.1:8080", 200],
    ["[::1]", 200],
    ["[::1]:3000", 200],
    ["localhost.evil.com", 403],
    ["evil.com", 403],
    ["evil.com:3000", 403],
    ["evil-localhost", 403],
    ["localhost.", 403],
    ["localhost:", 403],
    ["localhost:99999", 403],
    ["localhost:80@evil.com", 403],
    ["user@localhost", 403],
    ["127.0.0.1.nip.io", 403],
    ["127.0.0.2", 403],
    ["0.0.0.0", 403],
    ["::1", 403],
    ["[::1", 403],
    ["localhost evil.com", 403],
    ["localhost, evil.com", 403],
    ["", 403],
  ];
  for (const [host, expected] of hosts) {
    test(`${JSON.stringify(host)} by default: ${expected}`, async (t) => {
      assert.equal(await status(t, [["Host", host]]), expected);
    });
  }

  test("that is not allowed is named, with the option that allows it", async (t) => {
    const server = await up(t, app());
    const got = await ask(server.port, { fields: [["Host", "mcp.example"]] });
    refused(got, { status: 403, code: -32000, says: `"mcp.example"` });
    refused(got, { status: 403, code: -32000, says: "allowedHosts" });
  });

  test("is sent twice: refused, by the runtime or here, whichever comes first", async (t) => {
    const server = await up(t, app());
    for (const hosts of [["localhost", "evil.com"], ["evil.com", "localhost"]]) {
      const fields: Fields = hosts.map((host) => ["Host", host] as const);
      const got = await ask(server.port, { fields });
      assert.equal(got.status, serverSets.repeatedHost);
    }
  });

  test("is not sent: nothing stands in for it, unless the runtime has something", async (t) => {
    const line = await Line.dial((await up(t, app())).port);
    line.write("GET /mcp HTTP/1.0\r\n\r\n");
    const first = await line.until("\r\n");
    // Without a session it is 400.
    assert.equal(Number(first?.split(" ")[1]), serverSets.noHost);
    line.cut();
  });

  const configured: readonly (readonly [readonly string[] | "*", string, number])[] = [
    [["mcp.example"], "mcp.example", 200],
    [["mcp.example"], "MCP.EXAMPLE:8443", 200],
    [["mcp.example"], "localhost", 403],
    [["mcp.example"], "a.mcp.example", 403],
    [["mcp.example:8443"], "mcp.example:8443", 200],
    [["mcp.example:8443"], "mcp.example", 403],
    [["mcp.example:8443"], "mcp.example:844", 403],
    ["*", "anything.example", 200],
  ];
  for (const [allowedHosts, host, expected] of configured) {
    test(`${host} where ${allowedHosts} is allowed: ${expected}`, async (t) => {
      assert.equal(await status(t, [["Host", host]], { allowedHosts }), expected);
    });
  }
});

describe("Origin", () => {
  const origins: readonly (readonly [string, number])[] = [
    ["http://localhost", 200],
    ["http://localhost:5173", 200],
    ["HTTPS://LOCALHOST:443", 200],
    ["http://127.0.0.1:6274", 200],
    ["http://[::1]:3000", 200],
    ["null", 403],
    ["", 403],
    ["localhost", 403],
    ["http://evil.com", 403],
    ["http://localhost.evil.com", 403],
    ["http://localhost:80@evil.com", 403],
    ["http://localhost@evil.com", 403],
    ["http://evil.com#localhost", 403],
    ["http://localhost/", 403],
    ["http://localhost:80:80", 403],
    ["http://localhost http://evil.com", 403],
    ["http://localhost, http://localhost", 403],
    ["http://127.0.0.1.evil.com", 403],
  ];
  for (const [origin, expected] of origins) {
    test(`${JSON.stringify(origin)} by default: ${expected}`, async (t) => {
      assert.equal(await status(t, [["Origin", origin]]), expected);
    });
  }

  test("is sent twice: refused, though each is allowed", async (t) => {
    const twice: Fields = [["Origin", "http://localhost"], ["origin", "http://localhost"]];
    assert.equal(await status(t, twice), 403);
  });

  const configured: readonly (readonly [readonly string[] | "*", string, number])[] = [
    [["https://app.example"], "https://app.example", 200],
    [["https://app.example"], "https://app.example:443", 200],
    [["https://app.example"], "https://app.example:444", 403],
    [["https://app.example"], "http://app.example", 403],
    [["https://app.example"], "https://app.example.evil.com", 403],
    [["https://app.example"], "http://localhost", 403],
    [["app.example"], "http://app.example:8080", 200],
    ["*", "https://any.example", 200],
    ["*", "null", 403],
  ];
  for (const [allowedOrigins, origin, expected] of configured) {
    test(`${origin} where ${allowedOrigins} is allowed: ${expected}`, async (t) => {
      assert.equal(await status(t, [["Origin", origin]], { allowedOrigins }), expected);
    });
  }

  test("is looked at for every method", async (t) => {
    const server = await up(t, app());
    for (const method of ["GET", "POST", "DELETE", "OPTIONS", "PUT"]) {
      const got = await ask(server.port, { method, fields: [["Origin", "http://evil.com"]] });
      refused(got, { status: 403, code: -32000 });
    }
  });
});
