/** Sessions and principals that share one backend: nothing of one is ever served to the other. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Exchange, memory } from "../../core/engine/mod.ts";
import { ask, type Fields, open } from "./harness/http.ts";
import { join, merged, notification, type Peer, posting, request } from "./harness/mcp.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";
import { type Block, Events } from "./harness/sse.ts";

interface Tenant {
  readonly name: string;
  readonly peer: Peer;
  readonly server: Server;
}

/** `work` says who it works for, asks its client, and says what the client answered. */
const application = app(async (one, exchange: Exchange) => {
  const tag = `${exchange.principal}/${exchange.session?.id}`;
  if (one.method !== "work") return { tag };
  for (let i = 0; i < 10; i++) {
    exchange.notify("notifications/message", { tag, i });
    await new Promise((next) => setImmediate(next));
  }
  const answer = await exchange.request("roots/list", { tag });
  return { tag, answer };
});

const as = (name: string): { fields: Fields } => ({ fields: [["Authorization", name]] });

/** Two servers on one backend; two principals, each with a session that began on either server. */
async function house(scope: Scope): Promise<Tenant[]> {
  const backend = memory();
  const options = {
    backend,
    authenticate: ({ headers }: { headers: { get(name: string): string | null } }) =>
      headers.get("authorization") ?? undefined,
  };
  const servers = [await up(scope, application, options), await up(scope, application, options)];
  const tenants: Tenant[] = [];
  for (const name of ["alice", "bob"]) {
    for (const server of servers) {
      tenants.push({ name, server, peer: await join(server, as(name)) });
    }
  }
  return tenants;
}

/** Everything that a session can be known by. */
interface Trail {
  readonly tenant: Tenant;
  readonly eventIds: string[];
  readonly requestIds: string[];
  readonly tags: Set<string>;
}

async function follow(
  trail: Trail,
  events: Events,
  each?: (block: Block) => Promise<void>,
): Promise<void> {
  for (let one = await events.block(); one !== undefined; one = await events.block()) {
    if (one.id !== undefined) trail.eventIds.push(one.id);
    if (!one.data) continue;
    const message = JSON.parse(one.data);
    trail.tags.add(message.params?.tag ?? message.result.tag);
    if (message.method === "roots/list") trail.requestIds.push(message.id);
    await each?.(one);
  }
}

/** All tenants work at once, twice each, and listen; what each came to know. */
async function worked(tenants: readonly Tenant[]): Promise<Trail[]> {
  return await Promise.all(tenants.map(async (tenant) => {
    const { name, peer, server } = tenant;
    const trail: Trail = { tenant, eventIds: [], requestIds: [], tags: new Set() };
    const standalone = await peer.listen();
    const handle = (await server.mcp.sessions.get(peer.id))!;
    const listening = follow(trail, standalone);
    const calls = [1, 2].map(async (id) => {
      const events = new Events(await peer.call("work", {}, { id }));
      await follow(trail, events, async (block) => {
        const message = JSON.parse(block.data!);
        handle.notify("notifications/message", { tag: `${name}/${peer.id}` });
        if (message.method !== "roots/list") return;
        const result = { from: `${name}/${peer.id}` };
        await peer.post({ jsonrpc: "2.0", id: message.id, result });
      });
    });
    await Promise.all(calls);
    standalone.cut();
    await listening;
    return trail;
  }));
}

describe("two principals with two sessions each, on two servers with one backend", () => {
  test("each sees its own messages only, and no id twice", async (t) => {
    const trails = await worked(await house(t));
    for (const { tenant, tags } of trails) {
      assert.deepEqual([...tags], [`${tenant.name}/${tenant.peer.id}`]);
    }
    const eventIds = trails.flatMap((one) => [...new Set(one.eventIds)]);
    assert.ok(eventIds.length > 4 * 20);
    assert.equal(new Set(eventIds).size, eventIds.length);
    const requestIds = trails.flatMap((one) => one.requestIds);
    assert.equal(requestIds.length, 8);
    assert.equal(new Set(requestIds).size, 8);
  });

  test("no event id of one is resumed by another", async (t) => {
    const tenants = await house(t);
    const trails = await worked(tenants);
    for (const { tenant, eventIds } of trails) {
      const id = eventIds.at(-1)!;
      for (const other of tenants) {
        for (const { port } of [tenants[0]!.server, tenants[1]!.server]) {
          const fields: Fields = [...other.peer.fields, ["Accept", "text/event-stream"]];
          const { status } = await probe(port, [...fields, ["Last-Event-ID", id]]);
          assert.equal(
            status,
            other === tenant ? 200 : 400,
            `${tenant.name}'s ${id} to ${other.name}`,
          );
        }
      }
    }
  });

  test("no session of one is found by another, on any server, with any verb", async (t) => {
    const tenants = await house(t);
    for (const { name, peer } of tenants) {
      for (const { port } of tenants.map((one) => one.server)) {
        const fields = merged(peer.fields, as(name === "alice" ? "bob" : "alice").fields);
        const stream: Fields = [...fields, ["Accept", "text/event-stream"]];
        assert.equal((await ask(port, posting(request(1, "x"), fields))).status, 404);
        assert.equal((await ask(port, posting(notification("x"), fields))).status, 404);
        assert.equal((await ask(port, { fields: stream })).status, 404);
        assert.equal((await ask(port, { method: "DELETE", fields })).status, 404);
        assert.equal((await ask(port, posting(request(1, "x"), peer.fields))).status, 200);
      }
    }
  });

  test("no request to one is answered by another, on any server", async (t) => {
    const tenants = await house(t);
    for (const tenant of tenants) {
      const events = new Events(await tenant.peer.call("work", {}, { id: 1 }));
      let message = await events.next();
      while (message.method !== "roots/list") message = await events.next();
      const reply = (from: string) => ({ jsonrpc: "2.0", id: message.id, result: { from } });
      for (const other of tenants) {
        if (other === tenant) continue;
        for (const { port } of tenants.map((one) => one.server)) {
          const got = await ask(port, posting(reply("a stranger"), other.peer.fields));
          assert.equal(got.status, 202);
        }
      }
      // Its own answer may take either way.
      const port = tenants.find((one) => one.server !== tenant.server)!.server.port;
      await ask(port, posting(reply("its client"), tenant.peer.fields));
      const { result } = await events.next();
      assert.deepEqual(result.answer, { from: "its client" });
    }
  });
});

/** The status of a GET that may not end. */
async function probe(port: number, fields: Fields): Promise<{ status: number }> {
  const answer = await open(port, { fields });
  answer.line.cut();
  return answer;
}
