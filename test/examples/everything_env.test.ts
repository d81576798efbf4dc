import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readEnvironment } from "../../examples/everything/env.ts";
import { exec } from "../runner/exec.ts";
import { root } from "../runner/runtimes.ts";
import { ask, type Fields, type Whole } from "../wire/harness/http.ts";
import { initialize, join, merged, posting, request } from "../wire/harness/mcp.ts";
import { entry, fixture, lastMessage, modern, RUNTIMES, textOf, tool } from "./everything.ts";

const list = request(1, "tools/list");

function opening(port: number, fields: Fields = []): Promise<Whole> {
  const post = initialize();
  return ask(port, { ...post, fields: merged(post.fields!, fields) });
}

const bearer = (token: string): Fields => [["Authorization", `Bearer ${token}`]];

for (const runtime of RUNTIMES) {
  describe(`the environment of examples/everything on ${runtime.name}`, () => {
    test("HOST and PORT, and the line that is printed", async (t) => {
      const here = await fixture(t, runtime);
      assert.match(here.output(), /^listening on http:\/\/127\.0\.0\.1:\d+\/mcp\n$/);
      const named = await fixture(t, runtime, { HOST: "localhost" });
      assert.match(named.output(), /^listening on http:\/\/localhost:\d+\/mcp\n$/);
      assert.equal((await fetch(named.url, { method: "DELETE" })).status, 400);
      const taken = await exec([runtime.binary, ...runtime.run, entry(runtime)], {
        cwd: root,
        env: { PORT: here.url.port },
        seconds: 20,
      });
      assert.equal(taken.code, 1);
      assert.match(taken.output, /^cannot serve: .+\n$/);
    });

    test("MCP_SESSIONS=off, MCP_RESPONSE=json", async (t) => {
      const { port } = await fixture(t, runtime, { MCP_SESSIONS: "off", MCP_RESPONSE: "json" });
      assert.equal((await opening(port)).get("mcp-session-id"), undefined);
      const params = { name: "burst", arguments: { count: 3, bytes: 9 } };
      const burst = await ask(port, posting(request(1, "tools/call", params)));
      assert.equal(burst.get("content-type"), "application/json");
      assert.equal(textOf(burst.json.result), "Sent 3 messages of 9 bytes");
      assert.equal((await ask(port, { method: "DELETE" })).status, 405);
    });

    test("MCP_SESSIONS=optional, MCP_RESPONSE=sse, MCP_RESUMABLE=0, MCP_TERMINATION=0", async (t) => {
      const { port } = await fixture(t, runtime, {
        MCP_SESSIONS: "optional",
        MCP_RESPONSE: "sse",
        MCP_RESUMABLE: "0",
        MCP_TERMINATION: "0",
      });
      const without = await ask(port, posting(list));
      assert.equal(without.get("content-type"), "text/event-stream");
      const peer = await join({ port });
      const within = await peer.post(list);
      assert.ok(lastMessage(within.body).result.tools.length > 0);
      assert.doesNotMatch(within.body, /^id:/m);
      assert.equal((await peer.end()).status, 405);
      assert.equal((await peer.post(list)).status, 200);
    });

    test("MCP_IDLE_MS, MCP_STALE_INITIALIZE=fresh", async (t) => {
      const { port } = await fixture(t, runtime, {
        MCP_IDLE_MS: "1500",
        MCP_STALE_INITIALIZE: "fresh",
      });
      const peer = await join({ port });
      // A call that takes longer than idle time does not end its session.
      assert.equal(textOf(await tool(peer, "sleep", { ms: 2_200 })), "Slept for 2200 ms");
      assert.equal((await peer.post(list)).status, 200);
      await new Promise((resolve) => setTimeout(resolve, 2_200));
      assert.equal((await peer.post(list)).status, 404);
      const again = await opening(port, [["Mcp-Session-Id", peer.id]]);
      assert.equal(again.status, 200);
      assert.notEqual(again.get("mcp-session-id"), peer.id);
    });

    test("MCP_MAX_AGE_MS, MCP_STALE_INITIALIZE=reject", async (t) => {
      const { port } = await fixture(t, runtime, {
        MCP_MAX_AGE_MS: "2000",
        MCP_STALE_INITIALIZE: "reject",
      });
      const began = performance.now();
      const peer = await join({ port });
      while ((await peer.post(list)).status === 200) {
        assert.ok(performance.now() - began < 20_000, "it does not end while it is used");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(performance.now() - began > 1_900);
      assert.equal((await opening(port, [["Mcp-Session-Id", peer.id]])).status, 404);
    });

    test("MCP_AUTH, MCP_MAX_SESSIONS, MCP_MAX_SESSIONS_PER_PRINCIPAL", async (t) => {
      const { port } = await fixture(t, runtime, {
        MCP_AUTH: "bearer",
        MCP_MAX_SESSIONS: "3",
        MCP_MAX_SESSIONS_PER_PRINCIPAL: "2",
      });
      const first = await join({ port }, { fields: bearer("alice:t1") });
      assert.equal((await first.post(list, bearer("alice:t2"))).status, 200);
      assert.equal((await first.post(list, bearer("bob:t1"))).status, 404);
      assert.equal(
        (await ask(port, { ...posting(list, [["Mcp-Session-Id", first.id]]) })).status,
        404,
      );
      for (const value of ["Bearer", "Bearer :t1", "Basic YTpi"]) {
        const refused = await opening(port, [["Authorization", value]]);
        assert.deepEqual([refused.status, refused.get("www-authenticate")], [401, "Bearer"], value);
      }
      const second = await join({ port }, { fields: bearer("alice:t3") });
      const anonymous = await join({ port });
      const third = await join({ port }, { fields: bearer("alice") });
      assert.equal((await first.post(list)).status, 404, "alice may have two");
      assert.equal((await second.post(list)).status, 200);
      assert.equal((await third.post(list)).status, 200);
      const bob = await join({ port }, { fields: bearer("bob") });
      assert.equal((await anonymous.post(list)).status, 404, "three in all");
      assert.equal((await bob.post(list)).status, 200);
    });

    test("MCP_ALLOWED_HOSTS, MCP_ALLOWED_ORIGINS, MCP_CORS, MCP_MAX_BODY_BYTES, MCP_KEEPALIVE_MS", async (t) => {
      const { port } = await fixture(t, runtime, {
        MCP_ALLOWED_HOSTS: "mcp.example.com, 127.0.0.1",
        MCP_ALLOWED_ORIGINS: "https://app.example.com,page.example.com",
        MCP_CORS: "1",
        MCP_MAX_BODY_BYTES: "600",
        MCP_KEEPALIVE_MS: "40",
      });
      const host = async (value: string) => (await opening(port, [["Host", value]])).status;
      assert.equal(await host("mcp.example.com:8443"), 200);
      assert.equal(await host("evil.example.com"), 403);
      assert.equal(await host("localhost"), 403);
      const origin = async (value: string) => {
        const { status, get } = await opening(port, [["Origin", value]]);
        return [status, get("access-control-allow-origin")];
      };
      const known = ["https://app.example.com", "http://page.example.com:99"];
      for (const one of known) assert.deepEqual(await origin(one), [200, one]);
      assert.deepEqual(await origin("http://app.example.com"), [403, undefined]);
      const peer = await join({ port });
      assert.equal((await peer.post({ ...list, padding: "x".repeat(600) })).status, 413);
      const standalone = await peer.listen();
      for (let comments = 0; comments < 3;) if ((await standalone.block())!.comment) comments++;
      standalone.cut();
    });

    test("MCP_ERAS", async (t) => {
      const legacy = await fixture(t, runtime, { MCP_ERAS: "legacy" });
      assert.equal((await opening(legacy.port)).status, 200);
      const refused = await modern(legacy.port, "tools/list");
      assert.deepEqual([refused.status, refused.json.error.code], [400, -32000]);
      const newer = await fixture(t, runtime, { MCP_ERAS: "modern" });
      const served = await modern(newer.port, "tools/list");
      assert.equal(served.status, 200);
      assert.equal(lastMessage(served.body).result.resultType, "complete");
      const old = await opening(newer.port);
      assert.equal(old.status, 400);
      assert.deepEqual(old.json.error.data.supported, ["2026-07-28"]);
    });

    test("says what is wrong and ends with 1", async () => {
      const wrong: readonly (readonly [Record<string, string>, string])[] = [
        [{ MCP_IDLE_MS: "soon" }, 'MCP_IDLE_MS: "soon" is not a whole number of at least 1\n'],
        // What only the library can judge comes under the variable's name too.
        [
          { MCP_ALLOWED_HOSTS: "a b" },
          'MCP_ALLOWED_HOSTS: "a b" is not a host name, or host:port\n',
        ],
      ];
      for (const [env, message] of wrong) {
        const { code, output } = await exec([runtime.binary, ...runtime.run, entry(runtime)], {
          cwd: root,
          env: { PORT: "0", ...env },
          seconds: 20,
        });
        assert.deepEqual({ code, output }, { code: 1, output: message });
      }
    });
  });
}

describe("a variable that cannot be is named, with what it could be", () => {
  const key = "f".repeat(64);
  const cases: Record<string, { wrong: readonly string[]; message: RegExp }> = {
    PORT: { wrong: ["abc", "-1", "65536", "8.5", " 80"], message: /a whole number 0 to 65535$/ },
    MCP_ERAS: { wrong: ["2026"], message: /both or legacy or modern$/ },
    MCP_SESSIONS: { wrong: ["on", "Required"], message: /required or optional or off$/ },
    MCP_RESPONSE: { wrong: ["xml"], message: /auto or json or sse$/ },
    MCP_RESUMABLE: { wrong: ["true", "yes"], message: /1 or 0$/ },
    MCP_IDLE_MS: { wrong: ["0", "1e3", "x"], message: /of at least 1$/ },
    MCP_MAX_AGE_MS: { wrong: ["0", "Infinity"], message: /of at least 1$/ },
    MCP_MAX_SESSIONS: { wrong: ["0", "many"], message: /of at least 1$/ },
    MCP_MAX_SESSIONS_PER_PRINCIPAL: { wrong: ["0"], message: /of at least 1$/ },
    MCP_MAX_BODY_BYTES: { wrong: ["4MiB"], message: /of at least 1$/ },
    MCP_KEEPALIVE_MS: { wrong: ["-5"], message: /of at least 0$/ },
    MCP_ALLOWED_HOSTS: { wrong: ["a,,b", ","], message: /a list of names/ },
    MCP_ALLOWED_ORIGINS: { wrong: ["https://a.example,"], message: /a list of names/ },
    MCP_CORS: { wrong: ["on"], message: /1 or 0$/ },
    MCP_TERMINATION: { wrong: ["2"], message: /1 or 0$/ },
    MCP_STALE_INITIALIZE: { wrong: ["adopt"], message: /reject or fresh$/ },
    MCP_AUTH: { wrong: ["basic"], message: /bearer$/ },
    MCP_BACKEND: {
      wrong: ["disk", "sqlite:", "redis://", `sealed:${key}0`, `sealed:${key.slice(1)}g`],
      message: /memory, sqlite:FILE, redis:.+64 hex digits$/,
    },
  };
  for (const [name, { wrong, message }] of Object.entries(cases)) {
    test(name, () => {
      for (const value of wrong) {
        assert.throws(() => readEnvironment({ [name]: value }), (error: Error) => {
          assert.ok(error.message.startsWith(`${name}: `), error.message);
          assert.match(error.message, message);
          return true;
        });
      }
      // Empty counts as absent.
      assert.equal(readEnvironment({ [name]: "" }).port, 3000);
    });
  }

  test("no key and no password is shown", () => {
    for (const value of [`sealed:${key}0`, "rediss:hunter2"]) {
      assert.throws(() => readEnvironment({ MCP_BACKEND: value }), (error: Error) => {
        assert.doesNotMatch(error.message, /fff|hunter2/);
        return true;
      });
    }
  });
});
