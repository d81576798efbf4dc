import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const collect = collector();

/** Bytes of the heap that something still refers to. */
export function heapInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(now: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
