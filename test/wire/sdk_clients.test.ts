/** The official clients, v1 and v2, at plain functions and at the official servers, over sockets. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import type { Application } from "../../core/engine/mod.ts";
import { gate } from "../engine/sdk/endpoint.ts";
import { type Tools, v1, v2 } from "../engine/sdk/servers.ts";
import { type Behaviour, clients } from "./harness/official.ts";
import { plain } from "./harness/plain.ts";
import { relay } from "./harness/proxy.ts";
import { type Scope, up } from "./harness/runtime.ts";

const servers: { readonly [name: string]: (tools: Tools) => Application } = {
  "plain functions": plain,
  "a v1 server": (tools) => sdkServer(() => v1.build(tools), { retryMs: 20 }),
  "a v2 server": (tools) => sdkServer(() => v2.build(tools), { retryMs: 20 }),
};

for (const client of clients) {
  for (const [name, application] of Object.entries(servers)) {
    /** A server with these tools, behind a relay, and the client in a session with it. */
    const meet = async (scope: Scope, tools: Tools, behaviour?: Behaviour) => {
      const { port, mcp } = await up(scope, application(tools));
      const proxy = await relay(scope, port);
      const url = `http://127.0.0.1:${proxy.port}/mcp`;
      return { mcp, proxy, url, client: await client.connect(scope, url, behaviour) };
    };

    describe(`the official client ${client.name} at ${name}`, () => {
      test("connects, lists, calls and pings", async (t) => {
        const failures: Error[] = [];
        const { client } = await meet(t, { echo: ({ text }) => text }, {
          failed: (error) => failures.push(error),
        });
        assert.equal(client.protocolVersion, "2025-11-25");
        assert.ok(client.sessionId);
        assert.deepEqual(await client.tools(), ["echo"]);
        const texts = ["one", "two", "three", "four", "five"];
        assert.deepEqual(await Promise.all(texts.map((text) => client.call("echo", text))), texts);
        await client.ping();
        assert.deepEqual(failures, []);
      });

      test("is seen by the server as it asked", async (t) => {
        const { client, url } = await meet(t, {
          look: ({ header, url }) => `${url} ${header("mcp-session-id")} ${header("x-none")}`,
        });
        assert.equal(await client.call("look"), `${url} ${client.sessionId} undefined`);
      });

      test("gets progress and log messages of its calls, each at its own", async (t) => {
        const logged: unknown[] = [];
        const { client } = await meet(t, {
          work: async ({ text, notify, progressToken }) => {
            for (const progress of [1, 2, 3]) {
              await notify("notifications/progress", { progressToken, progress });
              await notify("notifications/message", { level: "info", data: `${text} ${progress}` });
            }
            return text;
          },
        }, { told: (_, { data }) => logged.push(data) });
        await client.setLevel("debug");
        const made: { [text: string]: number[] } = { a: [], b: [] };
        const work = (text: string): Promise<string> =>
          client.call("work", text, { onprogress: (progress) => made[text]!.push(progress) });
        assert.deepEqual(await Promise.all([work("a"), work("b")]), ["a", "b"]);
        assert.deepEqual(made, { a: [1, 2, 3], b: [1, 2, 3] });
        assert.deepEqual(logged.sort(), ["a 1", "a 2", "a 3", "b 1", "b 2", "b 3"]);
      });

      test("answers for its user and its model in the course of a call", async (t) => {
        const { client } = await meet(t, {
          both: async ({ ask, askRelated, sample }) =>
            [await ask("one?"), await askRelated("two?"), await sample("three?")].join(" "),
        }, { elicit: (message) => `${message}!` });
        assert.equal(await client.call("both"), "one?! two?! re: three?");
      });

      test("hears what belongs to no call", async (t) => {
        const heard = Promise.withResolvers<unknown>();
        const { client } = await meet(t, {
          shout: async ({ text, log }) => {
            await log(text);
            return "shouted";
          },
        }, { told: (method, { data }) => heard.resolve([method, data]) });
        assert.equal(await client.call("shout", "hey"), "shouted");
        assert.deepEqual(await heard.promise, ["notifications/message", "hey"]);
      });

      test("misses nothing and hears nothing twice while its own stream is cut", {
        timeout: 30_000,
      }, async (t) => {
        const heard: unknown[] = [];
        let wake = (): void => {};
        const { client, proxy, mcp } = await meet(t, {
          shout: async ({ text, log }) => {
            for (const word of text.split(" ")) await log(word);
            return "shouted";
          },
        }, {
          told: (_, { data }) => {
            heard.push(data);
            wake();
          },
        });
        const until = async (count: number): Promise<void> => {
          while (heard.length < count) await new Promise<void>((go) => wake = go);
        };
        await client.call("shout", "one two");
        await until(2);
        proxy.cut();
        const session = await mcp.sessions.get(client.sessionId!);
        for (const data of ["three", "four"]) {
          session!.notify("notifications/message", { level: "info", data });
        }
        await until(4);
        assert.deepEqual(heard, ["one", "two", "three", "four"]);
      });

      test("goes on with a call whose connection was cut", { timeout: 30_000 }, async (t) => {
        const held = gate();
        const { client, proxy } = await meet(t, { held: held.run });
        const progress: number[] = [];
        const first = Promise.withResolvers<void>();
        const call = client.call("held", "late", {
          onprogress: (one) => {
            progress.push(one);
            first.resolve();
          },
        });
        const { notify, progressToken } = await held.enter();
        await notify("notifications/progress", { progressToken, progress: 1 });
        await first.promise;
        proxy.cut();
        for (const missed of [2, 3]) {
          await notify("notifications/progress", { progressToken, progress: missed });
        }
        held.leave("late");
        assert.equal(await call, "late");
        assert.deepEqual(progress, [1, 2, 3]);
      });

      test("polls for a result where the server closes the connection", async (t) => {
        const held = gate();
        const { client } = await meet(t, { held: held.run });
        const call = client.call("held", "polled");
        const { closeSSEStream } = await held.enter();
        closeSSEStream!();
        held.leave("polled");
        assert.equal(await call, "polled");
      });

      test("gives up a call, which stops the work", async (t) => {
        const held = gate();
        const { client, mcp } = await meet(t, { held: held.run });
        const stop = new AbortController();
        const call = client.call("held", "", { signal: stop.signal });
        const { signal } = await held.enter();
        stop.abort("enough");
        await assert.rejects(call);
        if (!signal.aborted) await new Promise((over) => signal.addEventListener("abort", over));
        assert.equal((await mcp.stats()).inFlight, 0);
      });

      test("does not come back for ever to the stream of a call that it gave up", async (t) => {
        let gets = 0;
        const held = gate();
        const { port } = await up(t, application({ held: held.run }), {
          onEvent: (event) => event.type === "exchange" && event.http === "GET" && gets++,
        });
        const one = await client.connect(t, `http://127.0.0.1:${port}/mcp`);
        const stop = new AbortController();
        const begun = Promise.withResolvers<void>();
        const call = one.call("held", "", {
          signal: stop.signal,
          onprogress: () => begun.resolve(),
        });
        const { notify, progressToken, signal } = await held.enter();
        await notify("notifications/progress", { progressToken, progress: 1 });
        await begun.promise;
        stop.abort("enough");
        await assert.rejects(call);
        if (!signal.aborted) await new Promise((over) => signal.addEventListener("abort", over));
        // It waits for 10 ms each time: nothing else tells that it does not come.
        await new Promise((go) => setTimeout(go, 300));
        // Its standalone stream, two looks at what became of the call, and the five tries of a client that is refused.
        assert.ok(gets <= 8, `${gets} times`);
      });

      test("terminates its session, which is then unknown", async (t) => {
        const { client, url, mcp } = await meet(t, {});
        const { sessionId } = client;
        await client.terminate();
        const answer = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", "mcp-session-id": sessionId! },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
        });
        assert.equal(answer.status, 404);
        await answer.text();
        assert.equal(await mcp.sessions.count(), 0);
      });
    });
  }
}
