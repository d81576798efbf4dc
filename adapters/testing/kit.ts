/**
 * What every backend has to do, as checks that any test runner can run.
 *
 * @module
 */

import type { Awaitable, Backend } from "../../core/engine/ports.ts";
import { busChecks } from "./kit_bus.ts";
import { capacityChecks } from "./kit_capacity.ts";
import { largeChecks } from "./kit_large.ts";
import { limitChecks } from "./kit_limits.ts";
import { logChecks } from "./kit_logs.ts";
import { nameChecks } from "./kit_names.ts";
import { nodeChecks } from "./kit_nodes.ts";
import { onceChecks } from "./kit_once.ts";
import { sessionChecks } from "./kit_sessions.ts";
import { timeChecks } from "./kit_times.ts";

/** One thing that a backend has to do, as a test. */
export interface Check {
  /** What it checks, as the name of a test. */
  readonly name: string;
  /**
   * Runs the check on a backend of its own. Rejects with a {@linkcode KitError} where the backend does something else,
   * and with what the backend threw.
   */
  readonly run: () => Promise<void>;
}

/** What a check is given. */
interface Given {
  readonly backend: Backend;
  /** The same store as another node has it; the backend itself where there is no other way to it. */
  readonly peer: Backend;
  /** Makes the backend miss messages; undefined where nobody knows how. */
  readonly interrupt: (() => Awaitable<void>) | undefined;
}

/** What a check of the kit is made of. */
export interface KitCheck {
  readonly name: string;
  readonly check: (given: Given) => Promise<void>;
}

/** Options of {@linkcode backendKit}. Both may be left out. */
export interface KitOptions {
  /**
   * Opens the store of a backend once more, as another node does; it is closed at the end of the check. Default: the
   * backend itself is used, as by two handlers of one process.
   */
  readonly peer?: ((backend: Backend) => Awaitable<Backend>) | undefined;
  /**
   * Makes a backend miss messages, such as by cutting its connection, which then comes back by itself. Default: whether
   * the backend says so (`Bus.missed`) is not checked.
   */
  readonly interrupt?: ((backend: Backend) => Awaitable<void>) | undefined;
}

/**
 * Gives the checks that a backend of one's own has to pass, for any test runner. Parts that the backend leaves out,
 * such as `handles` and `nodes`, are not checked.
 *
 * A failure names what was looked at, what was found and what was expected. What was read of a log stands there as its
 * positions, with `+` where there are more and `.` where it has ended; `?` is an `undefined` of `LogStore.read`.
 *
 * @param make Makes a backend that is empty. It is called once for each check, and the backend is closed at its end.
 *
 * @example
 * ```ts
 * import { test } from "node:test"; // or that of any other runner
 * import { type Backend, memory } from "mcp-session";
 * import { backendKit } from "mcp-session/testing";
 *
 * const mine = (): Backend => memory(); // yours
 *
 * for (const { name, run } of backendKit(() => mine())) test(name, run);
 * ```
 */
export function backendKit(
  make: () => Awaitable<Backend>,
  options: KitOptions = {},
): readonly Check[] {
  const checks = [
    ...sessionChecks,
    ...capacityChecks,
    ...limitChecks,
    ...logChecks,
    ...onceChecks,
    ...busChecks,
    ...nodeChecks,
    ...nameChecks,
    ...largeChecks,
    ...timeChecks,
  ];
  return checks.map(({ name, check }) => ({
    name,
    async run() {
      const backend = await make();
      try {
        const peer = await options.peer?.(backend);
        const { interrupt } = options;
        try {
          await check({
            backend,
            peer: peer ?? backend,
            interrupt: interrupt && (() => interrupt(backend)),
          });
        } finally {
          if (peer !== backend) await peer?.close?.();
        }
      } finally {
        await backend.close?.();
      }
    },
  }));
}
