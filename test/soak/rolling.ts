/** The official clients of both major versions, calling without a pause while the nodes are replaced. */
import assert from "node:assert/strict";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { startNode } from "../../examples/cluster/nodes.ts";
import { startProxy } from "../../examples/cluster/proxy.ts";

/** What is done. */
export interface RollingOptions {
  /** The backend's name, see `examples/cluster/backend.ts`. */
  readonly backend: string;
  /** The program of a node, where it is not the example's. */
  readonly program?: string;
  readonly clients: number;
  /** How often each of the three nodes is replaced. */
  readonly rounds: number;
}

/** What was seen. */
export interface RollingReport {
  readonly calls: number;
  readonly failed: readonly string[];
  readonly notifications: number;
  readonly seconds: number;
}

interface Calling {
  call(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Replaces three nodes one after the other, each asked to go with SIGTERM, under load. */
export async function rollNodes(options: RollingOptions): Promise<RollingReport> {
  const began = performance.now();
  const env = { BACKEND: options.backend, LEASE_MS: "2000" };
  const start = () => startNode(env, options.program);
  const nodes = await Promise.all([start(), start(), start()]);
  const proxy = await startProxy(nodes.map((node) => node.url));
  const seen = { notifications: 0 };
  const clients = await Promise.all(
    Array.from(
      { length: options.clients },
      (_, i) => i % 2 === 0 ? connectV1(proxy.url, seen) : connectV2(proxy.url, seen),
    ),
  );
  let working = true;
  let calls = 0;
  const failed: string[] = [];
  try {
    const work = Promise.all(clients.map(async (client, i) => {
      while (working) {
        calls++;
        try {
          await client.call();
        } catch (error) {
          failed.push(`v${i % 2 + 1}: ${error}`);
        }
      }
    }));
    for (let at = 0; at < options.rounds * nodes.length; at++) {
      const leaving = nodes[at % nodes.length]!;
      nodes[at % nodes.length] = await start();
      proxy.nodes.push(nodes[at % nodes.length]!.url);
      // As a deploy does it: the new one serves, the old one gets nothing new, and is then asked to go. The
      // system resets a connection that is being made while its listener closes, and nobody can know then
      // whether a call has begun.
      proxy.nodes.splice(proxy.nodes.indexOf(leaving.url), 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await leaving.end("SIGTERM");
    }
    working = false;
    await work;
    assert.ok(calls > clients.length, "calls were made");
  } finally {
    working = false;
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(nodes.map((node) => node.end("SIGKILL")));
    await proxy.close();
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  return { calls, failed, notifications: seen.notifications, seconds };
}

const COUNT = { name: "count", arguments: { to: 5, everyMs: 20 } };
const INFO = { name: "rolling", version: "1" };

async function connectV1(url: string, seen: { notifications: number }): Promise<Calling> {
  const client = new ClientV1(INFO);
  client.fallbackNotificationHandler = () => {
    seen.notifications++;
    return Promise.resolve();
  };
  const transport = new TransportV1(new URL(url));
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return {
    call: () => client.callTool(COUNT),
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

async function connectV2(url: string, seen: { notifications: number }): Promise<Calling> {
  const client = new ClientV2(INFO);
  client.fallbackNotificationHandler = () => {
    seen.notifications++;
    return Promise.resolve();
  };
  const transport = new TransportV2(new URL(url));
  await client.connect(transport);
  return {
    call: () => client.callTool(COUNT),
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}
