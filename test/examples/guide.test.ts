import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { exec } from "../runner/exec.ts";
import { root, type Runtime, runtimes } from "../runner/runtimes.ts";
import { start } from "./started.ts";

const { node, node22, node26, deno, bun } = runtimes;
const everywhere = [node, node22, node26, deno, bun];

const servers: readonly (readonly [Runtime, string])[] = [
  [node, "examples/guide/node.ts"],
  [node22, "examples/guide/node.ts"],
  [node26, "examples/guide/node.ts"],
  [deno, "examples/guide/deno.ts"],
  [bun, "examples/guide/bun.ts"],
];

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Sends a request exactly as it is written here: no runtime's client adds a field. */
function raw(url: URL, line: string, fields: Record<string, string>, body = ""): Promise<Answer> {
  const head = [`${line} HTTP/1.1`, `Host: ${url.host}`, "Connection: close"];
  for (const [name, value] of Object.entries(fields)) head.push(`${name}: ${value}`);
  if (body !== "") head.push(`Content-Length: ${body.length}`);
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(Number(url.port), url.hostname);
    socket.setEncoding("utf8").on("data", (chunk) => text += chunk).on("error", reject);
    socket.on("end", () => {
      const [top = "", ...rest] = text.split("\r\n\r\n");
      const [status = "", ...lines] = top.split("\r\n");
      const headers = new Headers(
        lines.map((line) => line.split(/: ?(.*)/, 2) as [string, string]),
      );
      const content = rest.join("\r\n\r\n");
      resolve({
        status: Number(status.split(" ")[1]),
        headers,
        body: headers.get("transfer-encoding") === "chunked"
          ? content.replace(/[0-9a-f]+\r\n(.*?)\r\n/gs, "$1").trimEnd()
          : content,
      });
      socket.end();
    });
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  });
}

const JSON_TYPE = { "Content-Type": "application/json" };
const HELLO = '{"type":"event","payload":{"message":"Hello"}}';

for (const [runtime, script] of servers) {
  describe(`${script} on ${runtime.name}`, () => {
    test("answers the guide's exchange to the letter", { timeout: 30_000 }, async (t) => {
      const { url, stop } = await start(t, runtime, script);
      const ask = (line: string, id?: string, body = HELLO) =>
        raw(url, line, { ...JSON_TYPE, ...(id && { "Mcp-Session-Id": id }) }, body);

      const opened = await raw(url, "POST /mcp/init", JSON_TYPE);
      assert.equal(opened.status, 200);
      assert.match(opened.headers.get("content-type") ?? "", /^application\/json(;|$)/);
      assert.deepEqual(JSON.parse(opened.body), { status: "initialized" });
      const id = opened.headers.get("mcp-session-id")!;
      assert.match(id, /^[\x21-\x7e]{20,}$/);

      const event = await ask("POST /mcp/event", id);
      assert.equal(event.status, 200);
      assert.deepEqual(JSON.parse(event.body), { status: "received", event: JSON.parse(HELLO) });
      assert.equal((await ask("POST /mcp/event", id, "{")).status, 400);
      assert.equal((await ask("POST /mcp/none", id)).status, 400);

      assert.equal((await ask("POST /mcp/event")).status, 400);
      assert.equal((await ask("POST /mcp/event", "unknown")).status, 404);
      assert.equal((await raw(url, "DELETE /mcp/event", {})).status, 400);
      const ended = await raw(url, "DELETE /mcp/event", { "Mcp-Session-Id": id });
      assert.deepEqual([ended.status, ended.body], [204, ""]);
      assert.equal((await ask("POST /mcp/event", id)).status, 404);
      assert.equal((await raw(url, "DELETE /mcp/event", { "Mcp-Session-Id": id })).status, 404);

      assert.notEqual(
        (await raw(url, "POST /mcp/init", JSON_TYPE)).headers.get("mcp-session-id"),
        id,
      );
      assert.equal(await stop("SIGTERM"), "SIGTERM");
    });

    test("is understood by the client on every runtime", { timeout: 30_000 }, async (t) => {
      const { url } = await start(t, runtime, script);
      for (const one of everywhere) {
        const { code, output } = await client(one, url.href);
        assert.equal(code, 0, `${one.name}\n${output}`);
        assert.deepEqual(exchanges(output), [
          ["POST /mcp/init", 200],
          ["POST /mcp/event", 200],
          ["POST /mcp/event", 200],
          ["POST /mcp/event", 400],
          ["POST /mcp/event", 404],
          ["DELETE /mcp/event", 204],
          ["POST /mcp/event", 404],
        ]);
        checkPrinted(output, url);
      }
    });
  });
}

function client(runtime: Runtime, url: string) {
  return exec([runtime.binary, ...runtime.run, "examples/guide/client.ts", url], {
    cwd: root,
    seconds: 25,
  });
}

/** The request lines and the statuses that were printed, in pairs. */
function exchanges(output: string): [string, number][] {
  const pairs = output.matchAll(
    /^(\w+ \/\S+) HTTP\/1\.1\n(?:[^\n]+\n)*?\n(?:\{.*\n\n)?HTTP\/1\.1 (\d+)/gm,
  );
  return [...pairs].map(([, line = "", status]) => [line, Number(status)]);
}

/** Both heads and both bodies are there, and the id that came is the id that is sent. */
function checkPrinted(output: string, url: URL): void {
  const [first = "", ...rest] = output.split(/^(?=POST|DELETE)/m).slice(1);
  const head = `POST /mcp/init HTTP/1.1\nHost: ${url.host}\nContent-Type: application/json\n\n`;
  assert.ok(first.startsWith(head), first);
  const [, id] = /^HTTP\/1\.1 200 OK\n(?:.+\n)*Mcp-Session-Id: (\S+)\n/m.exec(first) ?? [];
  assert.match(first, /^HTTP\/1\.1 200 OK\n(?:.+\n)*Content-Type: application\/json/m);
  assert.match(first, /^\{"status":"initialized"\}$/m);
  assert.ok(id);
  assert.match(
    rest[0] ?? "",
    new RegExp(`^POST(?:.+\n)+?Mcp-Session-Id: ${id}\n\n\\{"type":"event"`),
  );
  assert.match(rest[0] ?? "", /^\{"type":"event","payload":\{"message":"Hello"\}\}$/m);
  assert.ok(output.includes(`Mcp-Session-Id: ${id}`));
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A server that is not the guide's. */
async function other(t: TestContext, status: number): Promise<string> {
  const server = createHttpServer((_request, response) => {
    response.writeHead(status, { "content-type": "text/html" }).end("<h1>hello</h1>");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const runtime of everywhere) {
  describe(`the client on ${runtime.name}`, () => {
    for (const url of ["nonsense", "localhost:3000", "ftp://localhost", ""]) {
      test(`says that ${JSON.stringify(url)} is no base URL`, { timeout: 30_000 }, async () => {
        const { code, output } = await client(runtime, url);
        assert.equal(code, 1);
        assert.equal(
          output,
          `${JSON.stringify(url)} is no base URL; one is http://127.0.0.1:3000\n`,
        );
      });
    }

    test("says that nobody listens", { timeout: 30_000 }, async () => {
      const url = `http://127.0.0.1:${await freePort()}`;
      const { code, output } = await client(runtime, url);
      assert.equal(code, 1);
      // The reason is the runtime's own.
      assert.match(output, /^cannot reach http:\S+\/mcp\/init: .{5,}\n$/);
      assert.ok(output.includes(url), output);
    });

    test("says that it is not the guide's server", { timeout: 30_000 }, async (t) => {
      for (
        const [status, message] of [
          [200, "answered without Mcp-Session-Id"],
          [404, "was answered with 404, the guide says 200"],
        ] as const
      ) {
        const { code, output } = await client(runtime, await other(t, status));
        assert.equal(code, 1);
        assert.ok(output.trimEnd().split("\n").at(-1)?.endsWith(message), output);
        assert.doesNotMatch(output, /^\s+at /m);
      }
    });
  });
}

test("npm run guide plays the five steps and ends", { timeout: 30_000 }, async () => {
  const { code, output } = await exec([node.binary, "examples/guide/play.ts"], {
    cwd: root,
    seconds: 25,
  });
  assert.equal(code, 0, output);
  const titles = [...output.matchAll(/^---- (\d\. [\w ]+)/gm)].map(([, title]) => title);
  assert.deepEqual(titles, [
    "1. Initialization",
    "2. Subsequent requests",
    "3. Missing header",
    "4. Expired session",
    "5. Termination",
  ]);
  assert.deepEqual(exchanges(output), [
    ["POST /mcp/init", 200],
    ["POST /mcp/event", 200],
    ["POST /mcp/event", 200],
    ["POST /mcp/event", 400],
    ["POST /mcp/event", 404],
    ["POST /mcp/init", 200],
    ["DELETE /mcp/event", 204],
    ["POST /mcp/event", 404],
  ]);
  const [, host] = /^Host: (\S+)$/m.exec(output) ?? [];
  checkPrinted(output, new URL(`http://${host}`));
});
