import process from "node:process";

/** How often each is done: what else this process does, and its compilers, only add to it. */
const ROUNDS = 7;

/**
 * Milliseconds of the processor that some works take in the best of rounds, in turns. A clock would also count what
 * other processes do meanwhile.
 */
export async function processorTimes(...works: readonly (() => unknown)[]): Promise<number[]> {
  const least = works.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, work] of works.entries()) {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      least[at] = Math.min(least[at]!, (user + system) / 1000);
    }
  }
  return least;
}
