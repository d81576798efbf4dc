/** A session whose server object is not in this process: after a restart, and on further nodes, over any shared backend. */
import assert from "node:assert/strict";
import {
  type Awaitable,
  type Backend,
  createMcpHandler,
  type McpHandler,
} from "../../../core/engine/mod.ts";
import { sdkServer } from "../../../adapters/servers/sdk.ts";
import {
  type Check,
  RpcFailure,
  type TestClient,
  type TestStream,
} from "../../../adapters/testing/mod.ts";
import { readEvents as events } from "../../../adapters/testing/sse.ts";
import { connected, endpoint, gate, standalone, textOf, tool } from "./endpoint.ts";
import { type Built, type ToolCall, type Version, versions } from "./servers.ts";

/** The messages that a client sends, at another node. */
function at(node: McpHandler, { sessionId }: TestClient) {
  const send = (message: object): Promise<Response> =>
    node.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        headers: { "content-type": "application/json", "mcp-session-id": sessionId! },
        body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      }),
    );
  return {
    send,
    call: async (id: string, name: string, text = ""): Promise<string> => {
      const answer = await send({ id, method: "tools/call", params: tool(name, text) });
      assert.equal(answer.status, 200);
      return textOf((await answer.json()).result);
    },
  };
}

/**
 * The checks.
 *
 * @param open Three views of one fresh backend, as three nodes have them.
 */
export function rebuildChecks(open: () => Awaitable<Three>): readonly Check[] {
  return versions.flatMap((version) =>
    Object.entries(checks(version)).map(([name, run]) => ({
      name: `${version.name}: ${name}`,
      run: async () => {
        const backends = await open();
        try {
          await run(backends);
        } finally {
          for (const backend of new Set(backends)) await backend.close?.();
        }
      },
    }))
  );
}

type Three = readonly [Backend, Backend, Backend];

function checks(version: Version): { readonly [name: string]: (backends: Three) => Promise<void> } {
  return {
    "is served on after a restart by a new object that knows the client": async ([one, two]) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp, { clientInfo: { name: "caller", version: "9" } });
      await before.mcp.close();
      assert.deepEqual(before.told, ["1 initialized", "1 closed"]);

      const after = endpoint(version, { who: ({ sessionId }) => sessionId! }, { backend: two });
      assert.equal(await at(after.mcp, client).call("a", "who"), client.sessionId);
      assert.deepEqual(after.told, ["1 initialized"]);
      const [context] = after.contexts;
      assert.deepEqual([context!.rebuilt, context!.sessionId], [true, client.sessionId]);
      assert.deepEqual(context!.initialize!.clientInfo, { name: "caller", version: "9" });
      const capabilities = after.servers[0]!.capabilities() as { elicitation?: object };
      assert.ok(capabilities.elicitation);
      assert.equal(await at(after.mcp, client).call("b", "who"), client.sessionId);
      assert.equal(after.servers.length, 1);
      await after.mcp.close();
      assert.deepEqual(after.told, ["1 initialized", "1 closed"]);
    },

    "is rebuilt once for twenty requests together": async ([one, two]) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp);
      const after = endpoint(version, { echo: ({ text }) => text }, { backend: two });
      const twenty = Array.from({ length: 20 }, (_, n) => `${n}`);
      const answers = await Promise.all(
        twenty.map((n) => at(after.mcp, client).call(n, "echo", n)),
      );
      assert.deepEqual(answers, twenty);
      assert.deepEqual(after.told, ["1 initialized"]);
      await Promise.all([before.mcp.close(), after.mcp.close()]);
    },

    "is not told twice that the client is initialized": async ([one, two]) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp);
      const after = endpoint(version, {}, { backend: two });
      await at(after.mcp, client).send({ method: "notifications/initialized" });
      await at(after.mcp, client).send({ id: 1, method: "tools/list" });
      assert.deepEqual(after.told, ["1 initialized"]);
      await Promise.all([before.mcp.close(), after.mcp.close()]);
    },

    "asks from one node, is answered on another": async ([one, two]) => {
      const tools = {
        ask: (call: ToolCall) => call.ask("name?"),
      };
      const asking = endpoint(version, tools, { backend: one });
      const answering = endpoint(version, tools, { backend: two });
      const client = await connected(asking.mcp, {
        request: () => {
          throw new RpcFailure({ code: -32601, message: "not on this node" });
        },
      });
      const posted = await asking.mcp.fetch(
        new Request("http://localhost/mcp", {
          method: "POST",
          headers: { "content-type": "application/json", "mcp-session-id": client.sessionId! },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "tools/call",
            params: tool("ask"),
          }),
        }),
      );
      let text = "";
      for await (const chunk of posted.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const asked = /^data: (.*"elicitation\/create".*)$/m.exec(text)?.[1];
        if (asked === undefined || text.includes('"result"')) continue;
        const result = { action: "accept", content: { answer: "Ann" } };
        await at(answering.mcp, client).send({ id: JSON.parse(asked).id, result });
      }
      const last = /^data: (.*"result".*)$/m.exec(text)![1]!;
      assert.equal(textOf(JSON.parse(last).result), "Ann");
      await Promise.all([asking.mcp.close(), answering.mcp.close()]);
    },

    "hears of progress on what it asks, whichever node is told": async ([one, two]) => {
      const heard: number[] = [];
      const again = Promise.withResolvers<void>();
      const onprogress = ({ progress }: { readonly progress: number }): void => {
        if (heard.push(progress) === 2) again.resolve();
      };
      const tools = { ask: (call: ToolCall) => call.askRelated("name?", { onprogress }) };
      const asking = endpoint(version, tools, { backend: one });
      const other = endpoint(version, {}, { backend: two });
      const client = await connected(asking.mcp, {
        request: async (_, { _meta }) => {
          const { progressToken } = _meta as { progressToken: string };
          for (const progress of [1, 2]) {
            const params = { progressToken, progress };
            await at(other.mcp, client).send({ method: "notifications/progress", params });
          }
          await again.promise;
          return { action: "accept", content: { answer: "Ann" } };
        },
      });
      assert.equal(textOf(await client.call("tools/call", tool("ask"))), "Ann");
      assert.deepEqual(heard, [1, 2]);
      assert.equal(other.servers.length, 0);
      await Promise.all([asking.mcp.close(), other.mcp.close()]);
    },

    "what it asks after a restart does not meet answers to what was asked before": async (
      [one, two],
    ) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp);
      const lost = before.servers[0]!.roots().catch(() => "lost");
      const stream = await standalone(client);
      const first = await stream.next();
      await before.mcp.close({ within: 0 });
      assert.equal(await lost, "lost");

      const after = endpoint(version, { nothing: () => "" }, { backend: two });
      await at(after.mcp, client).call("a", "nothing");
      const roots = after.servers[0]!.roots();
      const late = { roots: [{ uri: "file:///late" }] };
      await at(after.mcp, client).send({ id: first.id, result: late });
      const again = await standalone({
        listen: async (): Promise<TestStream> => {
          const response = await after.mcp.fetch(
            new Request("http://localhost/mcp", {
              headers: { accept: "text/event-stream", "mcp-session-id": client.sessionId! },
            }),
          );
          return {
            response,
            close: () => {},
            [Symbol.asyncIterator]: () => events(response.body!),
          };
        },
      });
      const second = await again.next();
      assert.notEqual(second.id, first.id);
      const right = { roots: [{ uri: "file:///right" }] };
      await at(after.mcp, client).send({ id: second.id, result: right });
      assert.deepEqual(await roots, right);
      await after.mcp.close({ within: 0 });
    },

    "ends on every node": async ([one, two, three]) => {
      const nodes = [one, two, three].map((backend) =>
        endpoint(version, { nothing: () => "" }, { backend })
      );
      const client = await connected(nodes[0]!.mcp);
      for (const { mcp } of nodes.slice(1)) await at(mcp, client).call("a", "nothing");
      assert.equal(await client.end(), 204);
      for (const { told } of nodes) {
        while (told.length < 2) await new Promise((turn) => setTimeout(turn, 1));
        assert.deepEqual(told, ["1 initialized", "1 closed"]);
      }
      for (const { mcp } of nodes) {
        assert.equal((await at(mcp, client).send({ id: 1, method: "tools/list" })).status, 404);
        await mcp.close();
      }
    },

    "an object that cannot be rebuilt fails its requests, and the next may succeed": async (
      [one, two],
    ) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp);
      let broken = true;
      const failures: unknown[] = [];
      const mcp = createMcpHandler(
        sdkServer(() => {
          if (broken) throw new Error("no database");
          return version.build({ echo: ({ text }) => text });
        }),
        {
          backend: two,
          onEvent: (event) => {
            if (event.type === "application-error") failures.push(String(event.error));
          },
        },
      );
      const list = { method: "tools/list" };
      const answers = await Promise.all(
        [1, 2].map((id) => at(mcp, client).send({ id, ...list })),
      );
      for (const answer of answers) {
        const { error } = await answer.json();
        assert.deepEqual(error, { code: -32603, message: "Internal error" });
      }
      assert.deepEqual(failures, ["Error: no database", "Error: no database"]);
      broken = false;
      assert.equal(await at(mcp, client).call("a", "echo", "back"), "back");
      await Promise.all([before.mcp.close(), mcp.close()]);
    },

    "cancelling the request that began it does not fail the others": async ([one, two]) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp);
      const ready = Promise.withResolvers<void>();
      const mcp = createMcpHandler(
        sdkServer(async () => {
          await ready.promise;
          return version.build({ echo: ({ text }) => text });
        }),
        { backend: two },
      );
      const { send, call } = at(mcp, client);
      const first = send({ id: 1, method: "tools/call", params: tool("echo", "first") });
      const second = call("2", "echo", "second");
      await send({ method: "notifications/cancelled", params: { requestId: 1 } });
      assert.equal((await first).status, 202);
      ready.resolve();
      assert.equal(await second, "second");
      await Promise.all([before.mcp.close(), mcp.close()]);
    },

    "a session that ends while its object is rebuilt leaves none": async ([one, two]) => {
      const before = endpoint(version, {}, { backend: one });
      const client = await connected(before.mcp);
      const ready = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const mcp = createMcpHandler(
        sdkServer(async () => {
          begun.resolve();
          await ready.promise;
          const server: Built = version.build({});
          server.onClose(() => closed.resolve());
          return server;
        }),
        { backend: two },
      );
      const pending = at(mcp, client).send({ id: 1, method: "tools/list" });
      await begun.promise;
      await client.end();
      assert.equal((await pending).status, 404);
      ready.resolve();
      await closed.promise;
      await Promise.all([before.mcp.close(), mcp.close()]);
    },

    "a call goes on while its client resumes elsewhere": async ([one, two]) => {
      const held = gate();
      const asking = endpoint(version, { held: held.run }, { backend: one, response: "sse" });
      const answering = endpoint(version, { held: held.run }, { backend: two });
      const client = await connected(asking.mcp);
      const call = client.begin("tools/call", tool("held", "later"));
      await held.enter();
      await call.response;
      while (call.lastEventId === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
      call.disconnect();
      const response = await answering.mcp.fetch(
        new Request("http://localhost/mcp", {
          headers: {
            accept: "text/event-stream",
            "mcp-session-id": client.sessionId!,
            "last-event-id": call.lastEventId,
          },
        }),
      );
      held.leave("later");
      const answered = /^data: (\{.*)$/m.exec(await response.text())![1]!;
      assert.equal(textOf(JSON.parse(answered).result), "later");
      assert.equal(answering.servers.length, 0);
      await Promise.all([asking.mcp.close(), answering.mcp.close()]);
    },
  };
}
