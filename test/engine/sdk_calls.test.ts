/** Calls of SDK servers and what they ask of the client: every id finds its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RpcFailure } from "../../adapters/testing/mod.ts";
import { heapInUse } from "../doubles/heap.ts";
import { connected, endpoint, gate, textOf, tool } from "./sdk/endpoint.ts";
import { versions } from "./sdk/servers.ts";

for (const version of versions) {
  describe(`a server of the SDK's ${version.name}`, () => {
    test("answers two calls with one id from two streams to whom they belong", async () => {
      const held = gate();
      const { mcp } = endpoint(version, { held: held.run });
      const [one, two] = [await connected(mcp), await connected(mcp)];
      const first = one.begin("tools/call", tool("held", "first"));
      const second = two.begin("tools/call", tool("held", "second"));
      assert.equal(first.id, second.id);
      await held.enter();
      await held.enter();
      held.leave("second");
      assert.equal(textOf(await second.result), "second");
      held.leave("first");
      assert.equal(textOf(await first.result), "first");
      await mcp.close();
    });

    test("a duplicate id in one session is refused and does not touch the first call", async () => {
      const held = gate();
      const { mcp } = endpoint(version, { held: held.run });
      const client = await connected(mcp);
      const first = client.begin("tools/call", tool("held", "first"));
      await held.enter();
      const again = await client.send("POST", {
        jsonrpc: "2.0",
        id: first.id,
        method: "tools/call",
        params: tool("held", "second"),
      });
      assert.equal(again.status, 400);
      // The number and its text are two ids, which the SDK alone would not tell apart in an answer.
      const twin = client.send("POST", {
        jsonrpc: "2.0",
        id: String(first.id),
        method: "tools/call",
        params: tool("held", "twin"),
      });
      await held.enter();
      held.leave("twin");
      const answer = await (await twin).json();
      assert.deepEqual([answer.id, textOf(answer.result)], [String(first.id), "twin"]);
      held.leave("first");
      assert.equal(textOf(await first.result), "first");
      await mcp.close();
    });

    test("a batch of 2025-03-26 is answered call by call", async () => {
      const { mcp } = endpoint(version, { echo: ({ text }) => text });
      const client = await connected(mcp, { version: "2025-03-26" });
      const call = (id: string) => ({
        jsonrpc: "2.0",
        id,
        method: "tools/call",
        params: tool("echo", id),
      });
      const answer = await client.send("POST", [call("a"), call("b"), call("c")]);
      const answers = await answer.json() as { id: string; result: object }[];
      assert.deepEqual(
        answers.map(({ id, result }) => [id, textOf(result)]).sort(),
        [["a", "a"], ["b", "b"], ["c", "c"]],
      );
      await mcp.close();
    });

    test("cancellation reaches the handler with its reason and settles the POST", async () => {
      const held = gate();
      const { mcp } = endpoint(version, { held: held.run });
      const client = await connected(mcp);
      const call = client.begin("tools/call", tool("held", "x"));
      const { signal } = await held.enter();
      await call.cancel("enough");
      assert.equal((await call.response).status, 202);
      assert.equal(signal.aborted, true);
      assert.equal(signal.reason, "enough");
      held.leave("x");
      await mcp.close();
    });

    test("errors of the protocol keep their codes", async () => {
      const { mcp } = endpoint(version, {
        visit: (call) => call.visit("http://example.com/"),
      });
      const client = await connected(mcp);
      await assert.rejects(client.call("nothing/here"), { code: -32601 });
      const failed = client.call("tools/call", tool("visit"));
      await assert.rejects(failed, (error) => {
        const { code, data } = error as RpcFailure;
        assert.equal(code, -32042);
        const { elicitations } = data as { elicitations: [{ url: string }] };
        assert.equal(elicitations[0].url, "http://example.com/");
        return true;
      });
      await mcp.close();
    });

    test("a message that the SDK would drop is answered", async () => {
      const { mcp } = endpoint(version, { echo: ({ text }) => text });
      const client = await connected(mcp);
      for (const _meta of [5, null, [], { progressToken: {} }, { progressToken: 1.5 }]) {
        await assert.rejects(client.call("tools/call", { name: "echo", _meta }), { code: -32602 });
      }
      const task = { "io.modelcontextprotocol/related-task": { id: 1 } };
      await assert.rejects(client.call("tools/call", { name: "echo", _meta: task }), {
        code: -32602,
      });
      const odd = {
        jsonrpc: "2.0",
        id: 99,
        method: "tools/call",
        params: tool("echo", "hi"),
        extra: 1,
      };
      const answer = await client.send("POST", odd);
      assert.equal(textOf((await answer.json()).result), "hi");
      await mcp.close();
    });

    test("a request that the SDK cannot take is answered, and not kept", async () => {
      const { mcp } = endpoint(version, { echo: ({ text }) => `${text.length}` }, {
        onEvent: () => {},
      });
      const { sessionId } = await connected(mcp);
      const fields = new Headers({
        host: "localhost",
        "content-type": "application/json",
        "mcp-session-id": sessionId!,
      });
      // Version 2 is given a `Request`, and there is none of such a URL.
      const head = { method: "POST", url: "http://name:word@localhost/mcp", headers: fields };
      const one = async (id: number): Promise<void> => {
        const params = tool("echo", `${id}`.padEnd(100_000));
        const text = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
        const reply = await mcp.handle(head, { text: () => Promise.resolve(text) });
        const answer = JSON.parse(reply.body as string);
        assert.equal(answer.error?.code ?? textOf(answer.result), answer.error ? -32603 : "100000");
      };
      await one(0);
      const before = heapInUse();
      for (let id = 1; id <= 100; id++) await one(id);
      const kept = heapInUse() - before;
      assert.ok(kept < 3_000_000, `${kept} bytes are kept of 100 requests of 100 000`);
      await mcp.close();
    });

    test("answers of two calls that ask at once do not cross", async () => {
      const { mcp } = endpoint(version, {
        ask: async (call) => `${call.text}: ${await call.ask(call.text)}`,
      });
      const client = await connected(mcp, {
        request: async (_, { message }) => {
          await new Promise((resolve) => setTimeout(resolve, message === "slow" ? 20 : 1));
          return { action: "accept", content: { answer: `${message}!` } };
        },
      });
      const answers = await Promise.all(
        ["slow", "fast"].map((text) => client.call("tools/call", tool("ask", text))),
      );
      assert.deepEqual(answers.map(textOf), ["slow: slow!", "fast: fast!"]);
      await mcp.close();
    });

    test("a refusal by the client is an error in the server", async () => {
      const { mcp } = endpoint(version, {
        ask: (call) => call.askRelated("?").catch((error) => `${error.code} ${error.message}`),
      });
      const client = await connected(mcp, {
        request: () => {
          throw new RpcFailure({ code: -32050, message: "not now" });
        },
      });
      assert.match(textOf(await client.call("tools/call", tool("ask"))), /^-32050 .*not now$/);
      await mcp.close();
    });

    test("a refusal with a code that the SDK takes for none is one all the same", async () => {
      const { mcp } = endpoint(version, {
        ask: (call) =>
          call.askRelated("?", { timeout: 2_000 }).catch((error) =>
            `${error.code} ${error.message}`
          ),
      });
      const client = await connected(mcp, {
        request: () => {
          throw new RpcFailure({ code: 2 ** 60, message: "not now" });
        },
      });
      assert.match(textOf(await client.call("tools/call", tool("ask"))), /^-32603 .*not now$/);
      await mcp.close();
    });

    test("a server that gives up a request tells the client, by the id that the client knows", async () => {
      const { mcp } = endpoint(version, {
        ask: (call) => call.askRelated("?", { timeout: 20 }).catch(() => "gave up"),
      });
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      const cancelled: unknown[] = [];
      const client = await connected(mcp, {
        request: () => {
          resolve();
          return new Promise(() => {});
        },
        notification: (method, params) => {
          if (method === "notifications/cancelled") cancelled.push(params);
        },
      });
      const call = client.begin("tools/call", tool("ask"));
      const response = await call.response;
      await asked;
      assert.equal(textOf(await call.result), "gave up");
      assert.equal(response.status, 200);
      const [{ requestId, reason }] = cancelled as [{ requestId: string; reason: string }];
      assert.equal(typeof requestId, "string");
      assert.match(reason, /timed out/i);
      await mcp.close();
    });

    test("progress on a request of the server comes back under a token of its own", async () => {
      const { promise: seen, resolve } = Promise.withResolvers<number>();
      const { mcp } = endpoint(version, {
        ask: (call) => call.askRelated("?", { onprogress: ({ progress }) => resolve(progress) }),
      });
      const tokens: unknown[] = [];
      const client = await connected(mcp, {
        request: async (_, params) => {
          const { progressToken } = params._meta as { progressToken: string };
          tokens.push(progressToken);
          await client.notify("notifications/progress", { progressToken: 0, progress: 1 });
          await client.notify("notifications/progress", { progressToken, progress: 7 });
          assert.equal(await seen, 7);
          return { action: "accept", content: { answer: "ok" } };
        },
      });
      await client.call("tools/call", tool("ask"));
      await client.call("tools/call", tool("ask"));
      assert.equal(new Set(tokens).size, 2);
      assert.ok(tokens.every((token) => typeof token === "string"));
      await mcp.close();
    });
  });
}
