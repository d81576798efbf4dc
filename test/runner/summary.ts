import type { Outcome } from "./suite.ts";

export function printTitle(title: string): void {
  console.log(`\n== ${title} ${"=".repeat(Math.max(0, 70 - title.length))}`);
}

/** Prints a row per step and, as the very last line, the totals. @returns whether everything passed */
export function printSummary(
  outcomes: ReadonlyMap<string, Outcome & { readonly seconds: number }>,
): boolean {
  printTitle("summary");
  console.log(row("step", "passed", "failed", "skipped", "seconds"));
  let passed = 0;
  let failed = 0;
  for (const [name, step] of outcomes) {
    passed += step.passed;
    failed += step.failed;
    console.log(row(name, step.passed, step.failed, step.skipped, step.seconds.toFixed(1)));
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

function row(name: string, ...cells: readonly (string | number)[]): string {
  return name.padEnd(14) + cells.map((cell) => String(cell).padStart(9)).join("");
}
