import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Application,
  createMcpHandler,
  type Exchange,
  type McpHandler,
  type McpOptions,
  memory,
  RpcError,
  type SessionHandle,
} from "../../core/engine/mod.ts";
import { standaloneStream } from "../../core/engine/ids.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";

const VERSION = "2025-11-25";

function post(mcp: McpHandler, message: object, session?: string): Promise<Response> {
  return mcp.fetch(
    new Request("http://localhost/mcp", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(session === undefined ? {} : { "mcp-session-id": session }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    }),
  );
}

async function opened(application: Partial<Application>, options: McpOptions = {}) {
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: () => ({}),
    ...application,
  }, options);
  const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: {} };
  const answer = await post(mcp, { id: 0, method: "initialize", params });
  const session = answer.headers.get("mcp-session-id")!;
  await post(mcp, { method: "notifications/initialized" }, session);
  return { mcp, session };
}

/** The messages of the standalone stream, as they come. */
async function* standalone(mcp: McpHandler, session: string): AsyncGenerator<{
  id?: string;
  method: string;
  params?: { [name: string]: unknown };
}> {
  const answer = await mcp.fetch(
    new Request("http://localhost/mcp", {
      headers: { accept: "text/event-stream", "mcp-session-id": session },
    }),
  );
  let text = "";
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const data = /^data: (.+)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}

/** An application that hands out the exchange of its next call. */
function taken(): { application: Partial<Application>; exchange: Promise<Exchange> } {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  return {
    exchange: promise,
    application: {
      request: (_, exchange) => {
        resolve(exchange);
        return {};
      },
    },
  };
}

async function used(options: McpOptions = {}) {
  const { application, exchange } = taken();
  const { mcp, session } = await opened(application, options);
  await post(mcp, { id: 1, method: "tools/list" }, session);
  return { mcp, session, handle: (await exchange).session as SessionHandle };
}

describe("the session of an exchange", () => {
  test("talks to the client after the call", async () => {
    const { mcp, session, handle } = await used();
    assert.equal(handle.id, session);
    assert.equal(handle.ready, true);
    assert.deepEqual(handle.initialize.capabilities, {});
    handle.notify("notifications/tools/list_changed");
    const { value } = await standalone(mcp, session).next();
    assert.equal(value?.method, "notifications/tools/list_changed");
    await mcp.close({ within: 0 });
  });

  test("a request without a reader fails at once, unless it is queued", async () => {
    const { mcp, session, handle } = await used();
    await assert.rejects(handle.request("roots/list"), { code: "no-stream" });
    const roots = handle.request("roots/list", {}, { queued: true });
    const messages = standalone(mcp, session);
    const { value: asked } = await messages.next();
    assert.equal(asked!.method, "roots/list");
    await post(mcp, { id: asked!.id, result: { roots: [] } }, session);
    assert.deepEqual(await roots, { roots: [] });
    await mcp.close({ within: 0 });
  });

  test("a queued request that is given up says why", async () => {
    const { mcp, session, handle } = await used();
    const giveUp = new AbortController();
    const roots = handle.request("roots/list", {}, { queued: true, signal: giveUp.signal });
    const messages = standalone(mcp, session);
    const { value: asked } = await messages.next();
    giveUp.abort("no longer needed");
    await assert.rejects(roots, { code: "cancelled" });
    const { value: cancelled } = await messages.next();
    assert.equal(cancelled!.method, "notifications/cancelled");
    assert.deepEqual(cancelled!.params, { requestId: asked!.id, reason: "no longer needed" });
    await mcp.close({ within: 0 });
  });

  test("a request that is given up before it is sent is not sent", async () => {
    const { mcp, session, handle } = await used();
    const signal = AbortSignal.abort();
    await assert.rejects(handle.request("roots/list", {}, { queued: true, signal }), {
      code: "cancelled",
    });
    handle.notify("notifications/tools/list_changed");
    const { value } = await standalone(mcp, session).next();
    assert.equal(value?.method, "notifications/tools/list_changed");
    await mcp.close({ within: 0 });
  });

  test("a queued request fails when the session ends", async () => {
    const { mcp, handle } = await used();
    const failed = assert.rejects(
      handle.request("roots/list", {}, { queued: true }),
      { code: "session-ended" },
    );
    assert.equal(await handle.end(), true);
    await failed;
    assert.equal(await handle.end(), false);
    await mcp.close({ within: 0 });
  });

  test(
    "a queued request fails at once when the session has ended",
    { timeout: 30_000 },
    async () => {
      const { mcp, handle } = await used();
      await handle.end();
      await assert.rejects(handle.request("roots/list", {}, { queued: true }), {
        code: "session-ended",
      });
      await mcp.close({ within: 0 });
    },
  );

  test(
    "a request fails at once when the session ends while its reader is looked for",
    { timeout: 30_000 },
    async () => {
      const { sessions, logs, bus } = memory();
      let asked = (): void => {};
      let release = (): void => {};
      const backend = {
        sessions,
        logs,
        bus: instead(bus, "publish", async (own, args) => {
          const answer = await own(...args);
          if (args[1] === "?") {
            asked();
            await new Promise<void>((resolve) => release = resolve);
          }
          return answer;
        }),
      };
      const { mcp, session, handle } = await used({ backend });
      const reading = standalone(mcp, session).next();
      await turns();
      const looked = new Promise<void>((resolve) => asked = resolve);
      const failed = assert.rejects(handle.request("roots/list"), { code: "session-ended" });
      await looked;
      await handle.end();
      release();
      await failed;
      assert.equal((await reading).done, true);
      await mcp.close({ within: 0 });
    },
  );

  test("what is written for a session that is over is kept nowhere", async () => {
    const backend = memory();
    const { mcp, session, handle } = await used({ backend });
    const bounds = () => backend.logs.bounds(session, standaloneStream(session));
    handle.notify("notifications/tools/list_changed");
    assert.ok(await bounds());
    await handle.end();
    handle.notify("notifications/tools/list_changed");
    assert.equal(await bounds(), undefined);
    await mcp.close({ within: 0 });
  });
});

describe("an application", () => {
  test("gets the reason of a cancellation", async () => {
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const { mcp, session } = await opened({
      request: (_, exchange) => {
        resolve(exchange);
        return new Promise(() => {});
      },
    });
    const answer = post(mcp, { id: 1, method: "tools/call", params: {} }, session);
    const { signal } = await promise;
    const params = { requestId: 1, reason: "too slow" };
    await post(mcp, { method: "notifications/cancelled", params }, session);
    assert.equal((await answer).status, 202);
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason, "too slow");
    await mcp.close({ within: 0 });
  });

  test("is told of the session whose initialize it answered in vain", async () => {
    const told: string[] = [];
    let drafted: string | undefined;
    const mcp = createMcpHandler({
      initialize: (_, { session }) => {
        drafted = session!.id;
        return { protocolVersion: "1999-01-01" };
      },
      request: () => ({}),
      ended: (id) => void told.push(id),
    });
    const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: {} };
    const answer = await post(mcp, { id: 0, method: "initialize", params });
    assert.equal((await answer.json()).error.code, -32603);
    assert.deepEqual(told, [drafted]);
    assert.equal(await mcp.sessions.count(), 0);
  });

  test("is told of none that it refused itself, and of none where sessions are off", async () => {
    const told: string[] = [];
    const fails = {
      refused: () => {
        throw new RpcError(4001, "not you");
      },
      off: () => ({ protocolVersion: "1999-01-01" }),
    };
    for (const [name, initialize] of Object.entries(fails)) {
      const mcp = createMcpHandler({
        initialize,
        request: () => ({}),
        ended: (id) => void told.push(id),
      }, { sessions: name === "off" ? "off" : "required", onEvent() {} });
      const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: {} };
      const answer = await post(mcp, { id: 0, method: "initialize", params });
      assert.equal((await answer.json()).error.code, name === "off" ? -32603 : 4001);
      await mcp.close({ within: 0 });
    }
    assert.deepEqual(told, []);
  });

  test("is told that the handler closes, and is waited for", async () => {
    const steps: string[] = [];
    const { mcp } = await opened({
      close: async () => {
        await Promise.resolve();
        steps.push("application");
      },
    });
    await mcp.close({ within: 0 });
    assert.deepEqual([...steps, "handler"], ["application", "handler"]);
  });

  test("a failure of its ended is an event, now or later", async () => {
    for (const later of [false, true]) {
      const failures: unknown[] = [];
      const { mcp, session } = await opened({
        ended: () => {
          if (later) return Promise.reject(new Error("stuck"));
          throw new Error("stuck");
        },
      }, {
        onEvent: (event) => {
          if (event.type === "application-error") failures.push(event.method);
        },
      });
      assert.equal(await mcp.sessions.end(session), true);
      await mcp.close({ within: 0 });
      assert.deepEqual(failures, ["ended"]);
    }
  });

  test("a failure of its close is an event", async () => {
    const failures: unknown[] = [];
    const { mcp } = await opened({
      close: () => {
        throw new Error("stuck");
      },
    }, {
      onEvent: (event) => {
        if (event.type === "application-error") failures.push(event.method);
      },
    });
    await mcp.close({ within: 0 });
    assert.deepEqual(failures, ["close"]);
  });

  test("needs a name, or an initialize of its own", () => {
    assert.throws(
      () => createMcpHandler({ request: () => ({}) }),
      { name: "OptionError", option: "serverInfo" },
    );
  });
});
