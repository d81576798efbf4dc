/**
 * A process that measures what grows: the engine without HTTP, each thing it does among few and among many, in turns.
 * Prints a line of JSON for each, with the median of each in microseconds and the median of the rounds' ratios.
 */
import type * as Library from "../../../core/engine/mod.ts";
import { growths } from "./growths.ts";
import { median } from "../workloads/workload.ts";

/** How long one of the turns takes about. */
const TURN_MICROS = 10_000;
const ROUNDS = 31;

const [location = "", divisor = "1"] = process.argv.slice(2);
const library: typeof Library = await import(`${location}/core/engine/mod.js`);

for (const { what, among, few, many: all, each, prepare } of growths(library)) {
  const many = Math.max(few * 10, all / Number(divisor));
  const sides = [];
  for (const count of [few, many]) {
    const step = await prepare(count);
    sides.push({ step, per: each ? count : 1, turns: await turnsOf(step), times: [] as number[] });
  }
  const ratios: number[] = [];
  for (let round = -3; round < ROUNDS; round++) {
    const [least, most] = [await timed(sides[0]!), await timed(sides[1]!)];
    if (round < 0) continue;
    sides[0]!.times.push(least);
    sides[1]!.times.push(most);
    ratios.push(most / least);
  }
  const [least, most] = sides.map(({ times }) => median(times));
  console.log(JSON.stringify({ what, among, few, many, least, most, ratio: median(ratios) }));
}
process.exit(0);

type Step = () => unknown;

/** Processor time, which other work on the machine disturbs less, in microseconds. */
async function run(step: Step, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await step();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** How many steps a turn has: once they are warm. */
async function turnsOf(step: Step): Promise<number> {
  let times = 1;
  while (await run(step, times) < TURN_MICROS) times *= 2;
  const took = await run(step, times);
  return Math.max(1, Math.round(times * TURN_MICROS / took));
}

async function timed(
  { step, turns, per }: { step: Step; turns: number; per: number },
): Promise<number> {
  return await run(step, turns) / turns / per;
}
