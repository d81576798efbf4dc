/** What a process holds, after what is garbage is gone. */
import process from "node:process";

/** Bytes. */
export interface Memory {
  /** Of the process, as the system counts. Runtimes give little of it back. */
  readonly rss: number;
  /** Of live objects, those outside the heap too. */
  readonly live: number;
}

interface Collectors {
  readonly gc?: () => void;
  readonly Bun?: { gc(full: boolean): void };
}

/** Collects, then measures. */
export async function bytesInUse(): Promise<Memory> {
  const { gc, Bun } = globalThis as unknown as Collectors;
  // What is freed in one round may free more in the next.
  for (let round = 0; round < 4; round++) {
    if (Bun === undefined) gc?.();
    else Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, live: heapUsed + external };
}
