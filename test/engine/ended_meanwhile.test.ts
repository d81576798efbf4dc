/** A session that ends while a store is asked about it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Backend, createMcpHandler, createSessions, memory } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, gate, notification, refusal, request } from "./endpoint.ts";
import { type Scope, testInWorlds, WORLDS } from "./worlds.ts";

/**
 * A backend that gives the next answer of one operation on sessions late, and old; of `touch`, the next that makes one
 * ready.
 */
function overtaken(operation: "get" | "touch") {
  const { sessions, logs, bus } = memory();
  const asked = gate();
  const release = gate();
  let armed = false;
  const backend: Backend = {
    logs,
    bus,
    sessions: instead(sessions, operation, async (own, args) => {
      const answer = await own(...args);
      const meant = operation === "get" || (args[1] as { readonly ready?: true }).ready === true;
      if (armed && meant) {
        armed = false;
        asked.open();
        await release.opened;
      }
      return answer;
    }),
  };
  return { backend, arm: () => void (armed = true), asked: asked.opened, release: release.open };
}

const OPENED = { version: "2025-03-26", ready: false };
const READY_AND_CALL = [notification("notifications/initialized"), request(1, "tools/call")];

test("the application gets no session that ends while the store is asked for it", {
  timeout: 30_000,
}, async (t) => {
  const { backend, arm, asked, release } = overtaken("get");
  const endpoint = new Endpoint(t as unknown as Scope, {}, { backend });
  const other = new Endpoint(t as unknown as Scope, {}, { backend });
  const session = await endpoint.open();
  arm();
  const got = endpoint.handler.sessions.get(session);
  await asked;
  assert.equal((await other.delete({ session })).status, 204);
  release();
  assert.equal(await got, undefined);
});

for (const ender of ["this node", "another node"]) {
  describe(`a call whose session ends on ${ender} while the store takes its time`, () => {
    for (const operation of ["get", "touch"] as const) {
      test(`to answer ${operation} is not begun`, { timeout: 30_000 }, async (t) => {
        const { backend, arm, asked, release } = overtaken(operation);
        let begun = 0;
        const scope = t as unknown as Scope;
        const application = {
          request: () => {
            begun++;
            return new Promise<object>(() => {});
          },
        };
        const endpoint = new Endpoint(scope, application, { backend });
        const other = new Endpoint(scope, {}, { backend });
        const session = await endpoint.open({}, OPENED);
        arm();
        const posted = operation === "get"
          ? endpoint.call("tools/call", { session })
          : endpoint.post(READY_AND_CALL, { session });
        await asked;
        const ending = ender === "this node" ? endpoint : other;
        assert.equal((await ending.delete({ session })).status, 204);
        release();
        const { status, code } = await refusal(await posted);
        assert.deepEqual([status, code, begun], [404, -32001, 0]);
        const { inFlight, streams } = await endpoint.handler.stats();
        assert.deepEqual([inFlight, streams], [0, 0]);
      });
    }
  });
}

for (
  const [what, second, limit, status, code] of [
    ["its id", request(1, "tools/call"), 100, 400, -32600],
    ["the last place", request(2, "tools/call"), 1, 503, -32000],
  ] as const
) {
  test(`a batch whose session becomes ready while another call takes ${what} is refused`, {
    timeout: 30_000,
  }, async (t) => {
    const { backend, arm, asked, release } = overtaken("touch");
    const finish = gate<object>();
    let begun = 0;
    const application = {
      request: () => {
        begun++;
        return finish.opened;
      },
    };
    const limits = { inFlight: limit };
    const endpoint = new Endpoint(t as unknown as Scope, application, { backend, limits });
    const session = await endpoint.open({}, OPENED);
    arm();
    const batch = endpoint.post(READY_AND_CALL, { session });
    await asked;
    const call = endpoint.post(second, { session });
    await turns(3);
    release();
    const refused = await refusal(await batch);
    assert.deepEqual([refused.status, refused.code, begun], [status, code, 1]);
    finish.open({});
    assert.equal((await call).status, 200);
    assert.equal((await endpoint.handler.stats()).inFlight, 0);
  });
}

for (const operation of ["get", "touch"] as const) {
  test(
    `a guarded request whose session ends while the store takes its time to answer ${operation} is not let in`,
    {
      timeout: 30_000,
    },
    async () => {
      const { backend, arm, asked, release } = overtaken(operation);
      let served = 0;
      const sessions = createSessions({
        opens: ({ url }) => url.endsWith("/init"),
        backend,
        onEvent: () => {},
      });
      const guarded = sessions.guard(() => new Response(`${++served}`));
      const ask = (path: string, headers: { readonly [name: string]: string } = {}) =>
        guarded(new Request(`http://localhost${path}`, { method: "POST", headers }));
      const session = (await ask("/init")).headers.get("mcp-session-id")!;
      await turns();
      arm();
      const late = ask("/event", { "mcp-session-id": session });
      await asked;
      assert.equal(await sessions.end(session), true);
      release();
      assert.equal((await refusal(await late)).status, 404);
      assert.equal(served, 1);
      await sessions.close();
    },
  );
}

for (const first of ["the call", "the end"]) {
  testInWorlds(
    `a call and the end of its session at once: both are answered, ${first} coming first`,
    async (_, { name }) => {
      for (let distance = 0; distance < 40; distance++) {
        const { backend, quiet } = WORLDS.map((make) => make()).find((one) => one.name === name)!;
        const mcp = createMcpHandler({
          serverInfo: { name: "test", version: "1" },
          request: () => new Promise<object>(() => {}),
        }, { backend, clock: new FakeClock() });
        const send = (method: string, body?: object, session?: string): Promise<Response> =>
          mcp.fetch(
            new Request("http://localhost/mcp", {
              method,
              headers: {
                "content-type": "application/json",
                ...(session === undefined ? {} : { "mcp-session-id": session }),
              },
              ...(body === undefined ? {} : { body: JSON.stringify(body) }),
            }),
          );
        const params = { protocolVersion: "2025-03-26", capabilities: {}, clientInfo: {} };
        const opened = await send("POST", request(0, "initialize", params));
        const session = opened.headers.get("mcp-session-id")!;
        const statuses: string[] = [];
        const call = (body: object) => {
          send("POST", body, session).then(({ status }) => statuses.push(`POST ${status}`));
        };
        const end = () => {
          send("DELETE", undefined, session).then(({ status }) =>
            statuses.push(`DELETE ${status}`)
          );
        };
        const body = distance % 2 === 0 ? READY_AND_CALL : request(1, "tools/call");
        if (first === "the call") call(body);
        else end();
        for (let i = 0; i < distance; i++) await undefined;
        if (first === "the call") end();
        else call(body);
        await quiet();
        await quiet();
        assert.deepEqual(statuses.sort(), ["DELETE 204", "POST 404"], `${distance} apart`);
        assert.equal((await mcp.stats()).inFlight, 0, `${distance} apart`);
        await mcp.close({ within: 0 });
      }
    },
  );
}

test(
  "an event stream of a guarded handler ends with its session, however soon after the look-up that is",
  {
    timeout: 30_000,
  },
  async () => {
    for (let distance = 0; distance < 15; distance++) {
      const { logs, bus, sessions: store } = memory();
      let id = "";
      let armed = false;
      const end = async (): Promise<void> => {
        for (let i = 0; i < distance; i++) await undefined;
        store.delete(id);
        bus.publish("control", JSON.stringify({ ended: id, reason: "ended", from: "another" }));
      };
      const sessions = createSessions({
        opens: ({ url }) => url.endsWith("/init"),
        backend: {
          logs,
          bus,
          sessions: instead(store, "get", async (own, args) => {
            const answer = await own(...args);
            if (armed) end();
            armed = false;
            return answer;
          }),
        },
        onEvent: () => {},
      });
      const guarded = sessions.guard(({ method }) =>
        method === "GET"
          ? new Response(new ReadableStream(), { headers: { "content-type": "text/event-stream" } })
          : new Response()
      );
      const ask = (method: string, path: string, headers = {}) =>
        guarded(new Request(`http://localhost${path}`, { method, headers }));
      id = (await ask("POST", "/init")).headers.get("mcp-session-id")!;
      const headers = { "mcp-session-id": id };
      await ask("POST", "/", headers);
      armed = true;
      let over = false;
      ask("GET", "/", headers).then((answer) => answer.text()).then(() => over = true);
      await turns(3);
      assert.ok(over, `${distance} apart`);
      await sessions.close();
    }
  },
);
