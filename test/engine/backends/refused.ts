/** Backends that are wrong in one thing, and the check of the kit that has to say so. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { backendKit, type KitOptions } from "../../../adapters/testing/mod.ts";
import type { Backend } from "../../../core/engine/mod.ts";
import type { instead } from "../../doubles/instead.ts";
import { turns } from "../../doubles/turns.ts";

/** What an operation does instead. */
export type Way = Parameters<typeof instead>[2];

/** A backend that is wrong, the check that is to fail, and with what. */
export type Refused = readonly [
  what: string,
  check: string,
  make: () => Backend,
  message: RegExp,
  options?: KitOptions,
];

/** Tests that the check refuses the backend. */
export function refuses([what, name, make, message, options]: Refused): void {
  test(`a backend is refused where ${what}`, { timeout: 30_000 }, async () => {
    const check = backendKit(make, options).find((one) => one.name === name);
    assert.ok(check !== undefined, name);
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      let failure: unknown;
      let over = false;
      check.run().catch((error) => failure = error).finally(() => over = true);
      for (; !over; await turns()) mock.timers.tick(5);
      assert.match((failure as Error | undefined)?.message ?? "it passed", message);
    } finally {
      mock.timers.reset();
    }
  });
}

/** A port that is given other arguments. */
export function given<Port extends object>(
  port: Port,
  change: (args: unknown[]) => unknown[],
): Port {
  return new Proxy(port, {
    get(target, key) {
      const member = target[key as keyof Port];
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => member.apply(target, change(args));
    },
  });
}
