/** Sessions that count through a proxy while somebody kills the nodes behind it. */
import assert from "node:assert/strict";
import { CountingClient, type Outcome } from "../../examples/cluster/client.ts";
import { type ClusterNode, startNode } from "../../examples/cluster/nodes.ts";
import { type Proxy, startProxy } from "../../examples/cluster/proxy.ts";
import { readEvents } from "../../adapters/testing/sse.ts";

/** What is done. */
export interface KillingOptions {
  /** The backend's name, see `examples/cluster/backend.ts`. */
  readonly backend: string;
  readonly nodes: number;
  readonly sessions: number;
  readonly kills: number;
  /** A node that is killed has lived at most so long after the one before it. Random, milliseconds. */
  readonly pauseMs: number;
  readonly leaseMs: number;
  /** Milliseconds within which a call has to end once its last event came. */
  readonly withinMs: number;
}

/** What was seen. */
export interface KillingReport {
  readonly calls: number;
  readonly done: number;
  readonly died: number;
  readonly lost: number;
  readonly resumed: number;
  readonly events: number;
  readonly longestWaitMs: number;
  readonly seconds: number;
}

const COUNT_TO = 12;

/**
 * Kills nodes at random moments.
 *
 * Fails where a session is lost, where what a client got is not exactly its stream's log in order, where a
 * finished call misses a number, or where a call takes longer to end than is stated.
 */
export async function killNodes(options: KillingOptions): Promise<KillingReport> {
  const began = performance.now();
  const env = { BACKEND: options.backend, LEASE_MS: `${options.leaseMs}` };
  const nodes = await Promise.all(Array.from({ length: options.nodes }, () => startNode(env)));
  const proxy = await startProxy(nodes.map((node) => node.url));
  try {
    const sessions = Array.from({ length: options.sessions }, () => new CountingClient(proxy.url));
    await Promise.all(sessions.map((one) => one.open()));
    const state = { working: true };
    const work = Promise.all(sessions.map((one) => countOn(one, state, options)));
    // Its failure is told once the killing has stopped.
    work.catch(() => state.working = false);
    for (let kill = 0; kill < options.kills && state.working; kill++) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * options.pauseMs));
      await replace(nodes, Math.floor(Math.random() * nodes.length), proxy, env);
    }
    state.working = false;
    const outcomes = (await work).flat();
    for (const one of sessions) assert.ok(await one.lives(), `${one.client.sessionId} is lost`);
    const all = (end: Outcome["end"]) => outcomes.filter((one) => one.end === end).length;
    return {
      calls: outcomes.length,
      done: all("done"),
      died: all("died"),
      lost: all("lost"),
      resumed: outcomes.filter((one) => one.resumed > 0).length,
      events: outcomes.reduce((sum, one) => sum + one.got.length, 0),
      longestWaitMs: Math.round(Math.max(...outcomes.map((one) => one.waitedMs))),
      seconds: Math.round((performance.now() - began) / 100) / 10,
    };
  } finally {
    await Promise.all(nodes.map((node) => node.end("SIGKILL")));
    await proxy.close();
  }
}

async function replace(
  nodes: ClusterNode[],
  at: number,
  proxy: Proxy,
  env: { readonly [name: string]: string },
): Promise<void> {
  const { url, end } = nodes[at]!;
  await end("SIGKILL");
  nodes[at] = await startNode(env);
  proxy.nodes[proxy.nodes.indexOf(url)] = nodes[at]!.url;
}

async function countOn(
  session: CountingClient,
  state: { readonly working: boolean },
  options: KillingOptions,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (state.working) {
    const outcome = await session.count(COUNT_TO, 10 + Math.random() * 20);
    outcomes.push(outcome);
    await check(session, outcome, options);
    // Where no node answers there is nothing to hurry for.
    if (outcome.end === "lost") await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return outcomes;
}

async function check(
  session: CountingClient,
  { got, end, lastEventId, waitedMs }: Outcome,
  { withinMs }: KillingOptions,
): Promise<void> {
  const expected = Array.from({ length: got.length }, (_, i) => i + 1);
  assert.deepEqual(got, expected, "once, in order, without a gap");
  if (end === "done") assert.equal(got.length, COUNT_TO, "a finished call is complete");
  assert.ok(waitedMs <= withinMs, `${Math.round(waitedMs)} ms from the last event to "${end}"`);
  if (lastEventId === undefined) return;
  const log = await readLog(session, `${lastEventId.slice(0, lastEventId.indexOf("_"))}_0`);
  assert.deepEqual(log.numbers, got, "what is in the log is what came");
  assert.equal(log.answers, 1, "one answer");
}

async function readLog(session: CountingClient, from: string) {
  for (;;) {
    const numbers: number[] = [];
    let answers = 0;
    const response = await session.client.send("GET", undefined, { "last-event-id": from })
      .catch(() => undefined);
    if (response?.status === 200) {
      try {
        for await (const { message } of readEvents(response.body!)) {
          if (message === undefined) continue;
          if (message.method === undefined) answers++;
          else numbers.push((message.params as { data: { i: number } }).data.i);
        }
        // An end without the answer is a node that was killed while it sent.
        if (answers > 0) return { numbers, answers };
      } catch {
        // The node was killed while it sent: read again, on another.
      }
    } else if (response !== undefined) {
      await response.body?.cancel();
      assert.ok(response.status >= 500, `HTTP ${response.status} for ${from}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
