/** `serve` on this runtime: what cannot be served is a rejection, and where it can be reached. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Server } from "node:http";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { describe, test, type TestContext } from "node:test";
import { serve as serveOnBun } from "../../adapters/runtimes/bun.ts";
import { serve as serveOnDeno } from "../../adapters/runtimes/deno.ts";
import { serving } from "../../adapters/runtimes/serving.ts";
import { createMcpHandler, OptionError } from "../../core/engine/mod.ts";
import { turns } from "../doubles/turns.ts";
import { app, runtime, serveHere } from "./harness/runtime.ts";

const mcp = createMcpHandler(app(() => ({})));

test("what is no handler, and an option that cannot be, are rejections", async () => {
  // What is thrown at once would be no rejection.
  for (const given of [undefined, {}, () => {}]) {
    const served = serveHere(given as never);
    await assert.rejects(
      served,
      (error) => error instanceof OptionError && error.option === "handler",
    );
  }
  const served = serveHere(mcp, { path: "mcp" });
  await assert.rejects(served, (error) => error instanceof OptionError && error.option === "path");
});

test("serve of another runtime says where it serves, and what serves on Node", async () => {
  const all = [["Deno", serveOnDeno], ["Bun", serveOnBun]] as const;
  const others = all.filter(([name]) => !(name in globalThis));
  assert.ok(others.length > 0);
  for (const [name, serve] of others) {
    const expected = new RegExp(
      `serve of mcp-session/${name.toLowerCase()} .* ${name} only; .*/node`,
    );
    await assert.rejects(serve(mcp, { port: 0 }), expected);
  }
});

test("a port that is taken is a rejection", async (t) => {
  const first = await serveHere(mcp);
  t.after(() => first.close());
  const second = serveHere(mcp, { port: first.port });
  await assert.rejects(second, /in use/i);
});

test("the URL of a server on all addresses is one that can be gone to", () => {
  const stop = { listening: () => Promise.resolve(), rest: () => {} };
  const url = (hostname: string) =>
    serving(mcp, { signals: false }, { hostname, port: 3000, path: "/mcp" }, stop).url;
  assert.equal(url("0.0.0.0"), "http://127.0.0.1:3000/mcp");
  assert.equal(url("::"), "http://[::1]:3000/mcp");
  assert.equal(url("::1"), "http://[::1]:3000/mcp");
  assert.equal(url("localhost"), "http://localhost:3000/mcp");
});

test("a process whose servers have closed listens to no signal for them", async () => {
  const handler = createMcpHandler(app(() => ({})));
  const stop = { listening: () => Promise.resolve(), rest: () => {} };
  const listening = () => ["SIGTERM", "SIGINT"].map((signal) => process.listenerCount(signal));
  const before = listening();
  const address = { hostname: "localhost", port: 3000, path: "/mcp" };
  const [one, other] = [1, 2].map(() => serving(handler, {}, address, stop));
  assert.deepEqual(listening(), before.map((count) => count + 1));
  await one!.close();
  assert.deepEqual(listening(), before.map((count) => count + 1), "one of two has closed");
  await other!.close();
  assert.deepEqual(listening(), before);
});

test("a server that has closed in time does not give up on connections later", async (t) => {
  let rests = 0;
  const stop = { listening: () => Promise.resolve(), rest: () => void rests++ };
  const address = { hostname: "localhost", port: 3000, path: "/mcp" };
  const handler = createMcpHandler(app(() => ({})));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await serving(handler, { signals: false }, address, stop).close();
  t.mock.timers.tick(60_000);
  await turns();
  assert.equal(rests, 0);
});

const onNode = { skip: runtime !== "node" && "its server is Node's alone" };

describe("Node's server under a handler", () => {
  /** A server of Node that serves a handler, and how often it was asked to close what is idle. */
  async function served(t: TestContext) {
    const listen = t.mock.method(Server.prototype, "listen");
    const idle = t.mock.method(Server.prototype, "closeIdleConnections");
    const serving = await serveHere(mcp);
    t.after(() => serving.close());
    return { server: listen.mock.calls[0]!.this as Server, idle, port: serving.port };
  }

  test("does not hide that it fails once it listens", onNode, async (t) => {
    const { server } = await served(t);
    assert.throws(() => server.emit("error", new Error("no more files")), /no more files/);
  });

  test(
    "closes no idle connection while an answer leaves, nor is kept by one that broke",
    onNode,
    async (t) => {
      const { server, idle, port } = await served(t);
      const connected = once(server, "connection") as Promise<[Socket]>;
      const client = connect(port, "127.0.0.1");
      const [socket] = await connected;
      Object.defineProperty(socket, "writableLength", { value: 1 });
      server.closeIdleConnections();
      assert.equal(idle.mock.callCount(), 0);
      const closed = once(socket, "close");
      client.destroy();
      socket.destroy();
      await closed;
      server.closeIdleConnections();
      assert.equal(idle.mock.callCount(), 1);
    },
  );
});
