/** One backend under a guard and an MCP endpoint. */
import assert from "node:assert/strict";
import { createSessions } from "../../core/engine/mod.ts";
import { Endpoint, initialize, refusal } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

testInWorlds("a session that a guard opened is none of MCP's", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const sessions = createSessions({
    opens: ({ url }) => url.endsWith("/init"),
    backend: world.backend,
    clock: endpoint.clock,
  });
  scope.after(() => sessions.close());
  const guarded = sessions.guard(() => Response.json({}));
  const opened = await guarded(new Request("http://localhost/init", { method: "POST" }));
  const session = opened.headers.get("mcp-session-id")!;
  const asked = [
    endpoint.get({ session }),
    endpoint.get({ session, lastEventId: "a_1" }),
    endpoint.call("tools/list", { session }),
    endpoint.post(initialize(), { session }),
    endpoint.delete({ session }),
  ];
  for (const answer of asked) {
    const { status, code } = await refusal(await answer);
    assert.deepEqual([status, code], [404, -32001]);
  }
  assert.equal((await endpoint.handler.stats()).streams, 0);
  await world.quiet();
  for await (const { held } of world.backend.sessions.list()) assert.equal(held, false);
  assert.equal(await sessions.end(session), true);
});
