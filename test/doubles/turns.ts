import { setImmediate } from "node:timers";

/** Lets everything run that can run now, and what that makes possible, `count` times over. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
