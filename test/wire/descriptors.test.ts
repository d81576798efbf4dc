/** A server that has more connections than its process may have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runLimited } from "./harness/child.ts";
import { ask, Line } from "./harness/http.ts";
import { posting, request } from "./harness/mcp.ts";

const DESCRIPTORS = 100;

const pause = (): Promise<void> => new Promise((next) => setTimeout(next, 50));

test(
  "is there again once they are fewer, and what went on goes on",
  { timeout: 60_000, skip: process.platform === "win32" && "no ulimit" },
  async (t) => {
    const child = runLimited(t, "closing_server.ts", DESCRIPTORS);
    const port = Number((await child.printed(/listening on (\d+)/))[1]);
    const calling = await Line.dial(port);
    calling.send(posting(request(1, "slow"), [["Accept", "application/json"]]));
    await child.printed(/called/);
    const lines: Line[] = [];
    // Of those that it cannot take the system keeps some, lets others wait, and refuses them once nobody listens.
    for (let i = 0; i < 2 * DESCRIPTORS; i++) {
      Line.dial(port).then((line) => lines.push(line), () => {});
    }
    for (let i = 0; i < 20; i++) await pause();
    for (const line of lines) line.cut();
    const served = (): Promise<boolean> =>
      ask(port, posting(request(2, "ping"))).then(({ status }) => status === 200, () => false);
    while (!(await served())) await pause();
    child.say("finish");
    assert.deepEqual((await (await calling.answer()).json()).result, { finished: true });
    calling.cut();
    child.kill("SIGTERM");
    assert.equal(await child.ended, "SIGTERM");
  },
);
