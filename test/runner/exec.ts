import { spawn } from "node:child_process";

export interface Ended {
  /** The exit code, or `null` where a signal ended the process. */
  readonly code: number | null;
  /** Standard output and error, in the order they came. */
  readonly output: string;
  readonly timedOut: boolean;
}

export interface ExecOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** After so many seconds the process and everything it started is killed. */
  readonly seconds: number;
  /** Called with each piece of output as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

/** Runs a command to its end, bounded in time. Never throws for what the command does. */
export function exec(command: readonly string[], options: ExecOptions): Promise<Ended> {
  const [binary = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(binary, args, {
      cwd: options.cwd,
      env: { ...environment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: what a test started must not outlive the test.
      detached: process.platform !== "win32",
    });
    live.add(child.pid);
    let output = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill(child.pid);
    }, options.seconds * 1000);
    const collect = (chunk: string): void => {
      output += chunk;
      options.onOutput?.(chunk);
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    const end = (code: number | null): void => {
      clearTimeout(timer);
      live.delete(child.pid);
      resolve({ code, output, timedOut });
    };
    // Also after a clean exit: a grandchild may still run, keep a port, and hold the output open.
    child.on("exit", () => kill(child.pid));
    child.on("error", (error) => {
      output += `${binary}: ${error.message}\n`;
      end(null);
    });
    child.on("close", end);
  });
}

const live = new Set<number | undefined>();

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // Nothing of the group is left.
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const pid of live) kill(pid);
    process.kill(process.pid, signal);
  });
}

/** The caller's environment without what npm tells its scripts: a nested npm would take it for its own settings. */
function environment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_COLOR: "1",
    RUST_BACKTRACE: "0",
    DENO_NO_UPDATE_CHECK: "1",
  };
}
