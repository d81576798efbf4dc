/**
 * Where the examples listen, and what they say where they cannot.
 *
 * @module
 */

import process from "node:process";

/** From the environment, where an empty value counts as absent; 0 takes any port that is free. */
export const port: number = Number(process.env["PORT"] || 3000);

/** Says in one line why there is no server, and ends with 1. */
export function explain(error: unknown): void {
  const { name, code, message } = error as Error & { code?: string };
  const inUse = code === "EADDRINUSE" || name === "AddrInUse";
  console.error(
    inUse
      ? `Port ${port} is in use; stop what uses it or take another, such as PORT=${
        port === 3000 ? 3001 : 3000
      }`
      : `Cannot serve on port ${process.env["PORT"] || port}: ${message}`,
  );
  process.exitCode = 1;
}
