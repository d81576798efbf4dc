import { test } from "node:test";
import { type Backend, memory } from "../../core/engine/mod.ts";
import { later, type Pace, Paced, soon } from "../doubles/later.ts";
import { turns } from "../doubles/turns.ts";

/** A backend, and a way to wait until nothing happens in it any more. */
export interface World {
  readonly name: string;
  readonly backend: Backend;
  quiet(): Promise<void>;
}

/** The same backend, answering at once, in microtasks, and in turns of the event loop. */
export const WORLDS: readonly (() => World)[] = [
  () => ({ name: "at once", backend: memory(), quiet: () => turns(3) }),
  () => paced("soon", soon),
  () => paced("later", later),
];

function paced(name: string, pace: Pace): World {
  const inner = new Paced(memory(), pace);
  return { name, backend: inner.backend, quiet: () => inner.quiet() };
}

/** What a test registers its ends with. */
export interface Scope {
  after(fn: () => Promise<void> | void): void;
}

/** A test that has to pass whatever the backend's pace is. */
export function testInWorlds(
  name: string,
  run: (scope: Scope, world: World) => Promise<void>,
): void {
  for (const make of WORLDS) {
    const world = make();
    test(
      `${name}, backend ${world.name}`,
      { timeout: 30_000 },
      (t) => run(t as unknown as Scope, world),
    );
  }
}
