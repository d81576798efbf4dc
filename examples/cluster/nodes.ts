/**
 * Starts nodes, kills them, and starts them again.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A node that runs. */
export interface ClusterNode {
  readonly url: string;
  readonly pid: number;
  /** Ends it with a signal; resolves once it has ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** The program of a node. */
const NODE = fileURLToPath(new URL("node.ts", import.meta.url));

/** Starts a node and waits until it listens. */
export function startNode(
  env: { readonly [name: string]: string },
  program: string = NODE,
): Promise<ClusterNode> {
  const child: ChildProcess = spawn(process.execPath, [program], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Whatever becomes of this process, its nodes do not outlive it.
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) =>
    child.once("exit", () => {
      process.off("exit", kill);
      resolve();
    })
  );
  return new Promise((resolve, reject) => {
    let output = "";
    child.once("error", reject);
    child.once(
      "exit",
      (code) => reject(new Error(`the node ended with ${code} before it listened`)),
    );
    child.stdout!.on("data", (bytes) => {
      output += `${bytes}`;
      const line = /^(http:\S+)\n/m.exec(output);
      if (line === null) return;
      resolve({
        url: line[1]!,
        pid: child.pid!,
        end(signal) {
          child.kill(signal);
          return ended;
        },
      });
    });
  });
}
