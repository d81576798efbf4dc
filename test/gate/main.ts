/**
 * The purity gate: fails when a pure folder reaches for a clock, randomness, a timer, I/O or an import from
 * outside, or when `core/` as a whole needs more than the Web's globals.
 */
import { checkTree } from "./tree.ts";

const { files, problems } = await checkTree(process.cwd());
for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0
    ? `${files} files are what their folder promises`
    : `${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
