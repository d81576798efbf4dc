/** SIGTERM and SIGINT, which `serve` lets do their work once everything has ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Child, run } from "./harness/child.ts";
import { Line } from "./harness/http.ts";
import { posting, request } from "./harness/mcp.ts";
import { type Scope } from "./harness/runtime.ts";

/** What fails here hangs. */
const LIMIT = { timeout: 30_000 };

const pause = (): Promise<void> => new Promise((next) => setTimeout(next, 50));

/** A server whose call is in flight. */
async function calling(
  scope: Scope,
  ...args: readonly string[]
): Promise<{ child: Child; line: Line; port: number }> {
  const child = run(scope, "closing_server.ts", ...args);
  const [, port] = await child.printed(/listening on (\d+)/);
  const line = await Line.dial(Number(port));
  line.send(posting(request(1, "slow"), [["Accept", "application/json"]]));
  await child.printed(/called/);
  return { child, line, port: Number(port) };
}

/** Waits until a server has seen a signal: it takes no connection then. */
async function closing(port: number): Promise<void> {
  for (;;) {
    const line = await Line.dial(port).catch(() => undefined);
    if (line === undefined) return;
    line.cut();
    await pause();
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} lets the calls of a server finish that is closing already`, LIMIT, async (t) => {
    const { child, line } = await calling(t);
    child.say("close");
    await child.printed(/closing/);
    child.kill(signal);
    // Whatever it does to the process, it has done by then.
    await pause();
    child.say("finish");
    assert.deepEqual((await (await line.answer()).json()).result, { finished: true });
    assert.equal(await child.ended, signal);
    line.cut();
  });
}

test("the process ends of its signal also where that takes a while", LIMIT, async (t) => {
  const { child, line } = await calling(t, "late");
  child.kill("SIGTERM");
  await pause();
  child.say("finish");
  await line.answer();
  assert.equal(await child.ended, "SIGTERM");
  line.cut();
});

test("SIGTERM again ends the process, whatever is still going on", LIMIT, async (t) => {
  const { child, line } = await calling(t);
  let over = false;
  const ended = child.ended.finally(() => over = true);
  // One that comes before the last was seen is the same to a process.
  while (!over) {
    child.kill("SIGTERM");
    await pause();
  }
  assert.equal(await ended, "SIGTERM");
  await assert.rejects(line.answer());
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  test(
    `${signal} ends the first process of a container, once its calls are done`,
    LIMIT,
    async (t) => {
      const { child, line } = await calling(t, "first");
      child.kill(signal);
      await pause();
      child.say("finish");
      assert.deepEqual((await (await line.answer()).json()).result, { finished: true });
      assert.equal(await child.ended, code);
      line.cut();
    },
  );

  test(`${signal} again ends the first process of a container at once`, LIMIT, async (t) => {
    const { child, line, port } = await calling(t, "first");
    child.kill(signal);
    await closing(port);
    await pause();
    // Once only: unlike the first process of a container, this one dies of what comes while it exits.
    child.kill(signal);
    assert.equal(await child.ended, code);
    await assert.rejects(line.answer());
  });
}

test(
  "where the program listens to SIGTERM itself, it is told once and ends the process",
  LIMIT,
  async (t) => {
    const { child, line } = await calling(t, "own");
    child.kill("SIGTERM");
    await child.printed(/told/);
    child.say("finish");
    assert.deepEqual((await (await line.answer()).json()).result, { finished: true });
    line.cut();
    const [told] = await child.printed(/told[^]*cleaned up/);
    assert.equal(told.match(/told/g)?.length, 1);
    assert.equal(await child.ended, 7);
  },
);
