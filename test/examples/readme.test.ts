import assert from "node:assert/strict";
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import { exec } from "../runner/exec.ts";
import { root, type Runtime, runtimes, tsc } from "../runner/runtimes.ts";
import { start } from "./started.ts";

const { node, deno, bun } = runtimes;

/** The README's programs. The word after `ts` is the runtime that one serves on; `types` needs what is not here. */
const snippets = [
  ...readFileSync(join(root, "README.md"), "utf8").matchAll(
    /^```ts(?: (\w+))?\n(.*?)^```$/gms,
  ),
].map(([, runtime = "any", code = ""], i) => ({ name: `snippet_${i + 1}`, runtime, code }));

/** The examples of what is public, as they stand in its documentation: programs like these. */
const documented = globSync("{core,adapters}/**/*.ts", { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/^ \* ```ts\n(.*?)^ \* ```$/gms)]
    .map(([, lines = ""]) => lines.replace(/^ \* ?/gm, ""))
).map((code, i) => ({ name: `documented_${i + 1}`, code }));

/** What the programs import of their reader's own. */
const own = {
  "application.ts": `import type { Application } from "mcp-session";
export const application: Application = {
  serverInfo: { name: "own", version: "1.0.0" },
  capabilities: { tools: {} },
  request({ method, params }) {
    if (method === "tools/list") return { tools: [] };
    if (method !== "tools/call") return undefined;
    const { a, b } = params?.["arguments"] as { a: number; b: number };
    return { content: [{ type: "text", text: String(a + b) }] };
  },
};
`,
  "tokens.ts": `export interface Claims { readonly iss: string; readonly sub: string }
export function verify(token: string): Promise<Claims | undefined> {
  return Promise.resolve(token === "good" ? { iss: "https://issuer", sub: "alice" } : undefined);
}
`,
};

const folder = project();
after(() => rmSync(folder, { recursive: true, force: true }));

/** A project that has the package: its sources under the names that it publishes. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), "snippets-"));
  const { exports } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const write = (file: string, content: string | object): void => {
    writeFileSync(join(folder, file), typeof content === "string" ? content : json(content));
  };
  mkdirSync(join(folder, "package"));
  mkdirSync(join(folder, "node_modules"));
  write("package/package.json", { name: "mcp-session", type: "module", exports });
  for (const part of ["core", "adapters"]) {
    symlinkSync(join(root, part), join(folder, "package", part), "dir");
  }
  symlinkSync("../package", join(folder, "node_modules/mcp-session"), "dir");
  const used = ["@types", "bun-types", "express", "@modelcontextprotocol", "zod", "redis"];
  for (const name of used) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "dir");
  }
  const imports = Object.entries<string>(exports).flatMap(([subpath, file]) => {
    const path = join(root, file);
    return [
      [`@mcp-session/mcp-session${subpath.slice(1)}`, path],
      [`mcp-session${subpath.slice(1)}`, path],
    ];
  });
  write("deno.json", { imports: Object.fromEntries(imports), lock: false });
  write("package.json", { type: "module" });
  for (const [file, code] of Object.entries(own)) write(file, code);
  for (const { name, code } of [...snippets, ...documented]) write(`${name}.ts`, code);
  return folder;
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}

/** What a reader's project may ask for beyond what the library asks of itself. */
const STRICTER = { noImplicitReturns: true, noPropertyAccessFromIndexSignature: true };

/** Type-checks programs as strictly as the library checks itself, and more. */
async function typeCheck(files: readonly string[], types: string): Promise<void> {
  const config = join(folder, `tsconfig.${types}.json`);
  writeFileSync(
    config,
    json({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { ...STRICTER, types: [types] },
      include: [],
      files,
    }),
  );
  const { output } = await exec([node.binary, tsc, "-p", config, "--pretty", "false"], {
    cwd: folder,
    seconds: 60,
  });
  // The library's sources, outside the folder, are not what its readers' projects check.
  assert.equal(output.replace(/^\.\.\/.*\n(?: .*\n)*/gm, "").trim(), "");
}

const filesFor = (...names: readonly string[]): string[] =>
  snippets.filter(({ runtime }) => names.includes(runtime)).map(({ name }) => `${name}.ts`);

test("the README's programs are found", () => {
  const kinds = new Set(snippets.map(({ runtime }) => runtime));
  assert.deepEqual([...kinds].sort(), ["any", "bun", "deno", "node", "types"]);
  assert.ok(snippets.length >= 10, `only ${snippets.length}`);
});

describe("the README's programs type-check", () => {
  test("on Node", () => typeCheck(filesFor("any", "node", "types"), "node"));
  test("on Bun", () => typeCheck(filesFor("bun"), "bun-types"));
  test("on Deno", async () => {
    const { code, output } = await exec(
      [deno.binary, "check", "--quiet", "--no-remote", ...filesFor("deno")],
      { cwd: folder, seconds: 60 },
    );
    assert.equal(code, 0, output);
  });
});

test("the examples of the documentation type-check", async () => {
  assert.ok(documented.length >= 10, `only ${documented.length}`);
  await typeCheck(documented.map(({ name }) => `${name}.ts`), "node");
});

describe("the README's programs run", () => {
  for (const { name, runtime, code } of snippets) {
    if (runtime === "types") continue;
    const title = `${name} on ${runtime}: ${/create\w+/.exec(code)?.[0] ?? "a function"}`;
    if (runtime === "any") {
      test(title, { timeout: 30_000 }, async () => {
        const { code, output } = await exec([node.binary, `${name}.ts`], {
          cwd: folder,
          seconds: 25,
        });
        assert.equal(code, 0, output);
      });
    } else {
      test(title, { timeout: 30_000 }, (t) => serves(t, name, code, runtime));
    }
  }
});

const by: Readonly<Record<string, Runtime>> = { node, deno, bun };

/** Starts a program that serves, on another port, and uses it as its kind is used. */
async function serves(t: TestContext, name: string, code: string, kind: string): Promise<void> {
  const moved = code.replace("port: 3000", "port: 0").replace(".listen(3000", ".listen(0");
  assert.notEqual(moved, code, "it does not serve on port 3000");
  // A listener that does not say where it is is made to.
  const told = /\bserver\.listen\(/.test(code)
    ? `server.on("listening", () => {
  console.log(\`http://127.0.0.1:\${(server.address() as { port: number }).port}/ \`);
});\n`
    : "";
  writeFileSync(join(folder, `${name}_served.ts`), moved + told);
  const { url, stop } = await start(t, by[kind]!, join(folder, `${name}_served.ts`), folder);
  const beside = code.includes("/health");
  await (code.includes("createSessions") ? useGuarded(url) : beside ? useBeside(url) : useMcp(url));
  // A server of the reader's own has no more to do then, or ends by itself; `serve` hands the signal on.
  const own = beside || code.includes("process.exit()");
  assert.equal(await stop("SIGTERM"), own ? 0 : "SIGTERM");
}

/** MCP beside what probes and clients look for. */
async function useBeside(url: URL): Promise<void> {
  const get = (path: string): Promise<Response> => fetch(new URL(path, url));
  assert.equal(await (await get("/health")).text(), "ok");
  const found = await get("/.well-known/oauth-protected-resource/mcp");
  const { resource } = await found.json() as { resource: string };
  assert.equal(resource, "https://mcp.example.com/mcp");
  const refused = await get("/mcp");
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /allowedHosts/);
}

async function useGuarded(url: URL): Promise<void> {
  const ask = async (method: string, path: string, id?: string): Promise<Response> => {
    const headers = new Headers(id === undefined ? {} : { "mcp-session-id": id });
    const response = await fetch(new URL(path, url), { method, headers });
    await response.text();
    return response;
  };
  // What a page can send without an Origin opens nothing.
  assert.equal((await ask("GET", "/mcp/init")).status, 400);
  const opened = await ask("POST", "/mcp/init");
  const id = opened.headers.get("mcp-session-id") ?? "";
  assert.deepEqual([opened.status, id.length], [200, 24]);
  assert.equal((await ask("POST", "/mcp/event", id)).status, 200);
  assert.equal((await ask("POST", "/mcp/event")).status, 400);
  assert.equal((await ask("DELETE", "/mcp/event", id)).status, 204);
  assert.equal((await ask("POST", "/mcp/event", id)).status, 404);
}

async function useMcp(url: URL): Promise<void> {
  const ask = async (id: string | null, method: string, params: object): Promise<Response> =>
    await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(id === null ? {} : { "mcp-session-id": id }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
  const opened = await ask(null, "initialize", {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "reader", version: "1.0.0" },
  });
  const id = opened.headers.get("mcp-session-id");
  assert.equal(opened.status, 200);
  await opened.text();
  const called = await ask(id, "tools/call", { name: "add", arguments: { a: 2, b: 3 } });
  const { result } = await called.json() as { result: unknown };
  assert.deepEqual(result, { content: [{ type: "text", text: "5" }] });
  const ended = await fetch(url, { method: "DELETE", headers: { "mcp-session-id": id ?? "" } });
  assert.equal(ended.status, 204);
}
