/**
 * Three nodes over one Redis behind a round-robin proxy, a client that keeps counting, and somebody who kills
 * and restarts the nodes under it. Ends after the number of kills in `KILLS` (default 10).
 *
 *     node examples/cluster/main.ts                       # starts a redis-server of the PATH
 *     REDIS=redis://127.0.0.1:6379 node examples/cluster/main.ts
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import process from "node:process";
import { CountingClient } from "./client.ts";
import { type ClusterNode, startNode } from "./nodes.ts";
import { startProxy } from "./proxy.ts";

const { KILLS = "10", REDIS, LEASE_MS = "2000" } = process.env;

const redis = REDIS === undefined ? await startRedis() : { url: REDIS, stop: () => {} };
const env = { BACKEND: redis.url, LEASE_MS };
const nodes: ClusterNode[] = await Promise.all([0, 1, 2].map(() => startNode(env)));
const proxy = await startProxy(nodes.map((node) => node.url));
console.log(`proxy     ${proxy.url}`);

const client = new CountingClient(proxy.url);
await client.open();
console.log(`session   ${client.client.sessionId}`);

let working = true;
const work = (async () => {
  for (let call = 1; working; call++) {
    const { got, end, resumed } = await client.count(20, 50);
    const what = end === "done" ? "done" : end === "died" ? "died with its node, as told" : "lost";
    console.log(`call ${call}`.padEnd(10), `${got.length} events, resumed ${resumed}x: ${what}`);
  }
})();

for (let kill = 1; kill <= Number(KILLS); kill++) {
  await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 700));
  const at = Math.floor(Math.random() * nodes.length);
  const { pid, url, end } = nodes[at]!;
  // Every other one is asked to go, as in a rolling deploy; the rest get no warning.
  const signal = kill % 2 === 0 ? "SIGTERM" : "SIGKILL";
  console.log(`${signal}   node ${at} (${pid})`);
  const dead = signal === "SIGKILL" ? end(signal) : undefined;
  nodes[at] = await startNode(env);
  proxy.nodes[proxy.nodes.indexOf(url)] = nodes[at]!.url;
  if (dead === undefined) {
    // It gets nothing new any more; what is on its way arrives before it is asked to go.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await end(signal);
  }
  await dead;
}

working = false;
await work;
console.log(`session   ${await client.lives() ? "lives" : "is lost"}`);
await client.client.end();
await Promise.all(nodes.map((node) => node.end("SIGTERM")));
await proxy.close();
redis.stop();

async function startRedis(): Promise<{ url: string; stop: () => void }> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  const child = spawn("redis-server", [
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
  ], { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  return await new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error("no redis-server; name one with REDIS=redis://…")));
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
    child.stdout.on("data", (bytes) => {
      if (!/Ready to accept/.test(`${bytes}`)) return;
      resolve({ url: `redis://127.0.0.1:${port}`, stop: () => void child.kill("SIGTERM") });
    });
  });
}
