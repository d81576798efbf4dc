/**
 * A process that measures the engine without HTTP: `handle` against its JSON work alone, in turns. Prints the median
 * and the processor time of a call, in microseconds.
 */
import { contender } from "../contenders/mcp_session.ts";
import type { Options } from "../contenders/contender.ts";
import { CALL, INITIALIZE, MODERN_CALL } from "../load/requests.ts";
import { median } from "../workloads/workload.ts";
import { bodyOf, headOf } from "./plain.ts";

const CALLS = 5_000;
const ROUNDS = 40;

const options = JSON.parse(process.argv[2] ?? "") as Options;
const { handle } = await contender(options);
const opened = await handle(headOf(INITIALIZE), bodyOf(INITIALIZE.body));
const session = opened.headers["mcp-session-id"] ?? "";
const request = options.modern ? MODERN_CALL : CALL;
const head = headOf(request, session);
const body = bodyOf(request.body.replaceAll("{id}", "17"));

const ours: number[] = [];
const bare: number[] = [];
let used = 0;
for (let round = -5; round < ROUNDS; round++) {
  const before = process.cpuUsage();
  const took = await timed(async () => {
    const { status } = await handle(head, body);
    if (status !== 200) throw new Error(`answered ${status}`);
  });
  const { user, system } = process.cpuUsage(before);
  const alone = await timed(async () => {
    const { id, params } = JSON.parse(await body.text());
    const content = [{ type: "text", text: `You said: ${params.arguments.text}` }];
    return JSON.stringify({ jsonrpc: "2.0", id, result: { content } });
  });
  if (round < 0) continue;
  ours.push(took);
  bare.push(alone);
  used += (user + system) / CALLS / ROUNDS;
}
console.log(JSON.stringify({ ours: median(ours), bare: median(bare), processor: used }));
process.exit(0);

async function timed(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < CALLS; i++) await call();
  return (performance.now() - started) * 1_000 / CALLS;
}
