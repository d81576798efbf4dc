import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { rejectionRow, REJECTIONS } from "../../core/outbound/rejections.ts";
import { printEvent } from "../../examples/demo.ts";
import { exec } from "../runner/exec.ts";
import { root, type Runtime, runtimes } from "../runner/runtimes.ts";
import { start } from "./started.ts";

const { node, node22, node26, deno, bun } = runtimes;

const servers: readonly (readonly [Runtime, string])[] = [
  [node, "examples/node.ts"],
  [node22, "examples/node.ts"],
  [node26, "examples/node.ts"],
  [deno, "examples/deno.ts"],
  [bun, "examples/bun.ts"],
];

test("what the servers print has a blank between its columns, however long the words are", () => {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  const method = "notifications/roots/list_changed";
  const outcomes = Object.keys(REJECTIONS) as (keyof typeof REJECTIONS)[];
  try {
    for (const outcome of outcomes) {
      const status = rejectionRow(outcome).status;
      const rest = { name: undefined, session: undefined, durationMs: 0 };
      printEvent({ type: "exchange", http: "OPTIONS", method, outcome, status, ...rest });
    }
  } finally {
    console.log = log;
  }
  assert.deepEqual(
    lines.map((line) => line.split(/ +/)),
    outcomes.map((one) => ["OPTIONS", method, one, String(rejectionRow(one).status), "-"]),
  );
  // The statuses stand below each other.
  assert.equal(new Set(lines.map((line) => line.length)).size, 1);
});

const shell = spawnSync("sh", ["-c", "curl --version"]).status === 0 ? false : "there is no curl";

/** Sends one message; gives the status, the session and the messages of the answer. */
async function send(url: URL, session: string | undefined, message?: object) {
  const headers = new Headers({ accept: "application/json, text/event-stream" });
  if (session !== undefined) headers.set("mcp-session-id", session);
  if (message !== undefined) headers.set("content-type", "application/json");
  const response = await fetch(url, {
    method: message === undefined ? "DELETE" : "POST",
    headers,
    ...(message && { body: JSON.stringify({ jsonrpc: "2.0", ...message }) }),
  });
  const text = await response.text();
  const messages = response.headers.get("content-type") === "text/event-stream"
    ? [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data!))
    : text === ""
    ? []
    : [JSON.parse(text)];
  return { status: response.status, session: response.headers.get("mcp-session-id"), messages };
}

const initialize = {
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1.0.0" },
  },
};

for (const [runtime, script] of servers) {
  describe(`${script} on ${runtime.name}`, () => {
    test("serves its tools, and prints a line for each exchange", async (t) => {
      const server = await start(t, runtime, script);
      const { url } = server;
      assert.match(url.href, /^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
      const opened = await send(url, undefined, initialize);
      assert.equal(opened.status, 200);
      const id = opened.session!;
      assert.equal((await send(url, id, { method: "notifications/initialized" })).status, 202);
      const listed = await send(url, id, { id: 2, method: "tools/list" });
      const names = listed.messages[0].result.tools.map((tool: { name: string }) => tool.name);
      assert.deepEqual(names, ["add", "roll_dice"]);

      const call = (name: string, args: object, meta?: object) =>
        send(url, id, {
          ...{ id: 3, method: "tools/call" },
          params: { name, arguments: args, ...(meta && { _meta: meta }) },
        });
      const text = (message: { result: { content: { text: string }[] } }) =>
        message.result.content[0]!.text;
      assert.equal(text((await call("add", { a: 2, b: 3 })).messages[0]), "5");
      assert.equal((await call("add", { a: "2" })).messages[0].result.isError, true);
      assert.equal((await call("roll_dice", { count: 0 })).messages[0].result.isError, true);
      assert.equal((await call("none", {})).messages[0].error.code, -32602);
      const rolled = await call("roll_dice", { count: 2 }, { progressToken: "p" });
      assert.deepEqual(
        rolled.messages.map(({ method, params }) => method && [params.progress, params.total]),
        [[1, 2], [2, 2], undefined],
      );
      assert.match(text(rolled.messages.at(-1)), /^[1-6], [1-6]$/);

      assert.equal((await send(url, undefined, { id: 4, method: "tools/list" })).status, 400);
      assert.equal((await send(url, id)).status, 204);
      assert.equal((await send(url, id, { id: 5, method: "tools/list" })).status, 404);
      await server.printed(/session-not-found/);
      const lines = server.output().split("\n").filter((line) => /^(POST|DELETE) /.test(line))
        .map((line) => line.split(/ +/));
      const called = ["POST", "tools/call", "served", "200", id];
      assert.deepEqual(lines, [
        ["POST", "initialize", "served", "200", id],
        ["POST", "notifications/initialized", "served", "202", id],
        ["POST", "tools/list", "served", "200", id],
        ...[called, called, called, called, called],
        ["POST", "tools/list", "session-required", "400", "-"],
        ["DELETE", "-", "served", "204", id],
        ["POST", "tools/list", "session-not-found", "404", "-"],
      ]);
    });

    test("prints curl lines that work as they are", { skip: shell }, async (t) => {
      const { output, printed } = await start(t, runtime, script);
      await printed(/-X DELETE.*\n/);
      const lines = output().split("\n").filter((line) => /^ +(id=\$\()?curl /.test(line));
      assert.equal(lines.length, 3);
      const { code, output: answers } = await exec(["sh", "-c", lines.join("\n")], { seconds: 20 });
      assert.equal(code, 0, answers);
      assert.equal(
        answers,
        '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"5"}]}}\n204\n',
      );
      await printed(/\nDELETE/);
    });

    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      test(`ends on ${signal}, in order`, { timeout: 30_000 }, async (t) => {
        const { url, stop, output } = await start(t, runtime, script);
        const opened = await send(url, undefined, initialize);
        // A client that listens must not keep it alive.
        const listening = await fetch(url, {
          headers: { accept: "text/event-stream", "mcp-session-id": opened.session! },
        });
        assert.equal(listening.status, 200);
        const read = listening.text();
        assert.equal(await stop(signal), signal);
        await read;
        assert.doesNotMatch(output(), /error/i);
      });
    }
  });
}

const others: readonly (readonly [Runtime, string])[] = [
  [node, "examples/guide/node.ts"],
  [deno, "examples/guide/deno.ts"],
  [bun, "examples/guide/bun.ts"],
  [node, "examples/sdk/v1.ts"],
  [node, "examples/basket/node.ts"],
];

for (const [runtime, script] of [...servers, ...others]) {
  describe(`${script} on ${runtime.name}, where it cannot listen`, () => {
    test("says in one line that the port is in use", { timeout: 30_000 }, async (t) => {
      const blocker = createServer();
      await new Promise<void>((listening) => blocker.listen(0, "127.0.0.1", listening));
      t.after(() => blocker.close());
      const { port } = blocker.address() as AddressInfo;
      const { code, output } = await run(runtime, script, `${port}`);
      assert.equal(code, 1);
      assert.equal(
        output,
        `Port ${port} is in use; stop what uses it or take another, such as PORT=3000\n`,
      );
    });

    test("says in one line that PORT is none", { timeout: 30_000 }, async () => {
      const { code, output } = await run(runtime, script, "abc");
      assert.equal(code, 1);
      // The guide's servers leave it to the runtime to say what a port is.
      const reason = script.includes("/guide/") ? ".+" : "port: NaN is not a port, 0 to 65535";
      assert.match(output, new RegExp(`^Cannot serve on port abc: ${reason}\n$`));
    });
  });
}

for (const [given, port] of [["", 3000], ["0", 0], ["3001", 3001]] as const) {
  test(`PORT=${given} is port ${port} to every example`, { timeout: 30_000 }, async () => {
    const program = 'import("./examples/port.ts").then(({ port }) => console.log(port))';
    const { output } = await exec([node.binary, "-e", program], {
      cwd: root,
      env: { PORT: given },
      seconds: 15,
    });
    assert.equal(output, `${port}\n`);
  });
}

function run(runtime: Runtime, script: string, port: string) {
  return exec([runtime.binary, ...runtime.run, script], {
    cwd: root,
    env: { PORT: port },
    seconds: 15,
  });
}
