/** Where and when it was measured, and what. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { root, runtimes } from "../../runner/runtimes.ts";
import { PEERS } from "../contenders/list.ts";
import { pins } from "../host/pinning.ts";
import { generator } from "../load/load.ts";

/** What a reader of results has to know. */
export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly memory: string;
  readonly system: string;
  readonly generator: string;
  /** By name. */
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    generator: pins ? `${generator}, server and load on a processor each` : generator,
    versions: {
      node: process.version.slice(1),
      deno: versionOf(runtimes.deno.binary, /^deno (\S+)/),
      bun: versionOf(runtimes.bun.binary, /^(\S+)/),
      "mcp-session": packageVersion(`${root}package.json`),
      ...Object.fromEntries(PEERS.map(({ package: name = "" }) => [
        name,
        packageVersion(
          new URL(`../node_modules/${name}/package.json`, import.meta.url),
        ),
      ])),
    },
  };
}

function versionOf(binary: string, pattern: RegExp): string {
  const text = execFileSync(binary, ["--version"], { encoding: "utf8" });
  return pattern.exec(text)?.[1] ?? "unknown";
}

function packageVersion(file: string | URL): string {
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string })
    .version;
}
