import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root, type Runtime } from "../runner/runtimes.ts";

/** An example that listens. */
export interface Server {
  readonly url: string;
  /** Ends it in order; by force after some seconds. */
  stop(): Promise<void>;
}

const START_SECONDS = 20;
const STOP_SECONDS = 5;

/** Starts an example on a runtime, on any free port, and waits for the line in which it says its URL. */
export async function startServer(
  runtime: Runtime,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const child = spawn(runtime.binary, [...runtime.run, script], {
    cwd: root,
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Whatever becomes of this process, the server does not outlive it.
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const over = once(child, "exit").finally(() => process.off("exit", kill));
  const stop = async (): Promise<void> => {
    const timer = setTimeout(kill, STOP_SECONDS * 1000);
    child.kill("SIGTERM");
    await over;
    clearTimeout(timer);
  };
  const late = setTimeout(kill, START_SECONDS * 1000);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (http:\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    clearTimeout(late);
    child.stdout.resume();
    return { url, stop };
  }
  clearTimeout(late);
  await over;
  throw new Error(`${script} on ${runtime.name} ended before it listened`);
}
