/** Both eras at once on one server: 1 000 calls in sessions, 1 000 without, and none gets another's answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, type Whole } from "./harness/http.ts";
import { join, request } from "./harness/mcp.ts";
import { KEY, modern } from "./harness/modern.ts";
import { app, up } from "./harness/runtime.ts";

const CALLS = 1_000;
const SESSIONS = 20;
/** Connections at once, of each era. */
const ABREAST = 50;

/** Runs a task for each number, so many at a time. */
async function all(count: number, task: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await task(at);
  };
  await Promise.all(Array.from({ length: ABREAST }, worker));
}

/** Every message of an answer, whether JSON or an event stream. */
// deno-lint-ignore no-explicit-any -- any JSON
function messagesOf(got: Whole): any[] {
  return got.get("content-type") === "application/json"
    ? [got.json]
    : got.body.split("\n").filter((line) => line.startsWith("data: {")).map((line) =>
      JSON.parse(line.slice("data: ".length))
    );
}

test(
  "no answer crosses, and nothing of one era shows in the other",
  { timeout: 55_000 },
  async (t) => {
    const early: (() => void)[] = [];
    const server = await up(
      t,
      app(async ({ params }, exchange) => {
        const { tag, kind } = params!.arguments as { tag: string; kind: number };
        // Answers come in another order than their requests, and some come as streams.
        if (kind === 1) await new Promise<void>((resolve) => early.push(resolve));
        else for (const go of early.splice(0)) go();
        if (kind === 2) exchange.progress(1, 1, tag);
        if (kind === 3) throw Object.assign(new Error(tag), { name: "Hidden" });
        return { tag, era: exchange.era, session: exchange.session?.id ?? null };
      }, {
        cache: { ttlMs: 1, scope: "public" },
        capabilities: { tools: { listChanged: true } },
      }),
      { onEvent: () => {}, autoSseMs: 10_000 },
    );
    const peers = await Promise.all(Array.from({ length: SESSIONS }, () => join(server)));
    const release = setInterval(() => {
      for (const go of early.splice(0)) go();
    }, 5);
    t.after(() => clearInterval(release));

    const seen = { legacy: 0, modern: 0, streams: 0 };
    // Ids are the same in every session and in both eras: only the connection tells them apart.
    const check = (
      got: Whole,
      id: number,
      tag: string,
      kind: number,
      session: string | null,
    ): void => {
      const era = session === null ? "modern" : "legacy";
      assert.equal(got.status, 200, got.body);
      assert.equal(got.get("mcp-session-id"), undefined);
      const messages = messagesOf(got);
      const answer = messages.pop();
      assert.equal(answer.id, id);
      for (const { method, params } of messages) {
        assert.equal(method, "notifications/progress");
        assert.equal(params.progressToken, tag);
        assert.equal(params.message, tag);
      }
      assert.equal(messages.length, kind === 2 ? 1 : 0);
      if (kind === 3) assert.deepEqual(answer.error, { code: -32603, message: "Internal error" });
      else {
        const { tag: found, era: served, session: of, ...more } = answer.result;
        assert.deepEqual({ found, served, of }, { found: tag, served: era, of: session });
        const fields = era === "legacy" ? [] : ["_meta", "resultType"];
        assert.deepEqual(Object.keys(more).sort(), fields);
      }
      if (era === "legacy") {
        assert.doesNotMatch(
          got.body,
          /resultType|ttlMs|cacheScope|-3202\d|io\.modelcontext/,
        );
      }
      seen[era]++;
      if (messages.length > 0) seen.streams++;
    };

    await Promise.all([
      all(CALLS, async (at) => {
        const peer = peers[at % SESSIONS]!;
        const tag = `legacy ${at}`;
        const kind = at % 4;
        const id = Math.floor(at / SESSIONS);
        const params = { name: "x", arguments: { tag, kind }, _meta: { progressToken: tag } };
        check(await peer.post(request(id, "tools/call", params)), id, tag, kind, peer.id);
      }),
      all(CALLS, async (at) => {
        const tag = `modern ${at}`;
        const kind = at % 4;
        const id = at % SESSIONS;
        const out = modern("tools/call", { name: "x", arguments: { tag, kind } }, {
          id,
          meta: { progressToken: tag },
          // Some bring a live session's id, which must mean nothing.
          fields: at % 3 === 0 ? { "Mcp-Session-Id": peers[at % SESSIONS]!.id } : {},
        });
        assert.equal(KEY.version in JSON.parse(out.body).params._meta, true);
        check(await ask(server.port, out), id, tag, kind, null);
      }),
      // Lists, refusals and unknown methods of both eras in between.
      all(100, async (at) => {
        const list = await ask(server.port, modern("server/discover", {}, { id: at }));
        assert.deepEqual([list.json.id, list.json.result.ttlMs], [at, 1]);
        const wrong = await ask(
          server.port,
          modern("x", {}, { id: at, fields: { "Mcp-Method": "y" } }),
        );
        assert.deepEqual([wrong.json.id, wrong.json.error.code], [at, -32020]);
        const pong = await peers[at % SESSIONS]!.post(request(`ping ${at}`, "ping"));
        assert.deepEqual(pong.json, { jsonrpc: "2.0", id: `ping ${at}`, result: {} });
      }),
    ]);

    assert.deepEqual(seen, { legacy: CALLS, modern: CALLS, streams: CALLS / 2 });
    const { sessions, inFlight } = await server.mcp.stats();
    assert.deepEqual({ sessions, inFlight }, { sessions: SESSIONS, inFlight: 0 });
  },
);
