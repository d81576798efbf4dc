/**
 * The README's tables, made from the rows that the code runs on. `node test/project/readme_tables.ts` writes them
 * between the README's markers; a test fails where they differ.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIMITS } from "../../core/engine/mod.ts";
import * as core from "../../core/mod.ts";
import { clauseOf } from "../../core/inbound/clauses.ts";
import { exec } from "../runner/exec.ts";
import { root, runtimes } from "../runner/runtimes.ts";
import * as bench from "./bench_tables.ts";
import { grouped } from "./numbers.ts";

type Row = readonly string[];

const { REJECTIONS, TRANSITIONS } = core;

const GUARD = "core/engine/guard/guard_options.ts";

/** Functions with options of their own, the interface of those, and where it is. */
const FURTHER = [
  ["serve", "ServeOptions", "adapters/runtimes/serving.ts"],
  ["sdkServer", "SdkOptions", "adapters/servers/sdk_options.ts"],
  ["sqlite", "SqliteOptions", "adapters/backends/sqlite.ts"],
  ["redis", "RedisOptions", "adapters/backends/redis.ts"],
  ["sealed", "SealedOptions", "adapters/backends/sealed.ts"],
] as const;

/** The tables, by the name in their markers: `<!-- rules -->` to `<!-- /rules -->`. */
const tables: Record<string, () => string> = {
  ...{ rules, refusals, states, options, limits, further },
  ...{ machine: bench.machine, calls, costs, growth, sizes, rooms },
};

/** The ladder: what is asked, in order. The session table is asked on the way. */
function rules(): string {
  const before = [
    ...[core.HEAD_RULES, core.HEADER_RULES, core.MESSAGE_RULES, core.LEGACY_BODY_RULES],
  ].flat();
  const after = [
    ...[core.ADMISSION_RULES, core.OPENING_RULES, core.MODERN_RULES, core.MIRROR_RULES],
    ...[core.LISTEN_RULES, core.CALL_RULES],
  ].flat();
  const ladder: readonly Pick<core.Rule<never>, "id" | "of">[] = [
    ...before,
    ...after,
  ];
  for (const [name, list] of Object.entries(core)) {
    if (!name.endsWith("_RULES")) continue;
    for (const rule of list as typeof ladder) {
      if (!ladder.includes(rule)) throw new Error(`${name} is not in the README's ladder`);
    }
  }
  const rows = ladder.map((rule, i): Row => {
    const { id } = rule;
    const { era, checks, clause } = clauseOf(rule);
    return [
      ...[String(i + 1), checks, `\`${id}\``, String(REJECTIONS[id].status), codes(id, era)],
      ...[era, clause],
    ];
  });
  rows.splice(before.length, 0, [
    ...["", "the session, see below", "", "400, 404, 405", "", "legacy", "see below"],
  ]);
  return table(["", "refused", "rule", "status", "code", "era", "where it comes from"], rows);
}

/** The codes of a rule. One that is asked in both eras may answer with another row in the modern one. */
function codes(id: core.RuleId, era: string): string {
  const { code } = REJECTIONS[id];
  const modern = id === "malformed-header" && era === "any"
    ? `, modern ${REJECTIONS["malformed-modern-header"].code}`
    : "";
  return `${code}${modern}`;
}

/** Every refusal and what it looks like on the wire. */
function refusals(): string {
  const rows = Object.entries(REJECTIONS).map(([id, { status, code, message, retry, allow }]) => {
    const header = retry ? " + `Retry-After`" : allow ? " + `Allow`" : "";
    return [`\`${id}\``, `${status}${header}`, String(code), message];
  });
  return table(["rule", "status", "code", "message"], rows);
}

/** What each request does to a session in each state. */
function states(): string {
  const rows = TRANSITIONS.map(({ state, event, when, answer, next, effects }) => [
    state,
    when === undefined ? event : `${event}, ${when}`,
    Object.hasOwn(REJECTIONS, answer)
      ? `${REJECTIONS[answer as core.RuleId].status} \`${answer}\``
      : answer,
    next,
    effects.join(", "),
  ]);
  return table(["state", "event", "answer", "next", "effects"], rows);
}

/** The options of both ways in, as the code documents them. */
function options(): string {
  const [shared, guard] = [documented("SessionOptions"), documented("GuardOptions", GUARD)];
  const [, leftOut = ""] = /GuardOptions extends Omit<SessionOptions, ([^>]+)>/.exec(read(GUARD)) ??
    [];
  const own = new Set(guard.map(([name]) => name));
  const rows = [
    ...shared.map(([name, text]): Row => {
      const guarded = own.has(name) || !leftOut.includes(`"${name}"`);
      return [`\`${name}\``, guarded ? "both" : "`createMcpHandler`", text];
    }),
    ...documented("McpOptions").map(([name, text]) => [`\`${name}\``, "`createMcpHandler`", text]),
    ...guard.filter(([name]) => !shared.some(([known]) => known === name))
      .map(([name, text]) => [`\`${name}\``, "`createSessions`", text]),
  ];
  return table(["option", "taken by", "what it says"], rows);
}

/** The options of what is no way in. */
function further(): string {
  const rows = FURTHER.flatMap(([taker, name, file]) =>
    documented(name, file).map(([option, text]) => [`\`${taker}\``, `\`${option}\``, text])
  );
  return table(["of", "option", "what it says"], rows);
}

/** The limits: defaults from the code's table, meanings from its documentation. */
function limits(): string {
  const meanings = new Map(documented("Limits"));
  const rows = Object.entries(LIMITS).map(([name, { default: standard }]) => {
    const meaning = meanings.get(name);
    if (meaning === undefined) throw new Error(`options.ts does not say what ${name} is`);
    const [what = "", said = ""] = meaning.split(/ Default:? /);
    const value = amount(name, standard);
    if (value !== said.replace(/\.$/, "")) throw new Error(`${name} is ${value}, not ${said}`);
    return [`\`${name}\``, value, what];
  });
  return table(["limit", "default", "what it bounds"], rows);
}

function calls(): string {
  return table([
    ...["what", "runtime", "requests/s", "to bare", "by processor", "best rounds"],
    ...["to bare, reading", "to the SDK"],
  ], bench.calls());
}

function costs(): string {
  return table(["what", "Node", "Deno", "Bun"], bench.costs());
}

function growth(): string {
  return table(["what, and among how many", "Node", "Deno", "Bun"], bench.growth());
}

function sizes(): string {
  return table(["bundle", "minified and gzipped", "minified"], bench.sizes());
}

function rooms(): string {
  return table(["room", "minified", "of the whole"], bench.rooms());
}

/** A number as people write it. */
function amount(name: string, value: number): string {
  if (value === Infinity) return "no limit of its own";
  if (name.endsWith("ytes")) {
    return value < 2 ** 20 ? `${value / 2 ** 10} KiB` : `${value / 2 ** 20} MiB`;
  }
  if (!name.endsWith("Ms")) return grouped(value);
  const minutes = value / 60_000;
  return minutes < 60 ? `${minutes} minutes` : `${minutes / 60} hours`;
}

/** The members of an interface of options, each with its documentation. */
function documented(name: string, file = "core/engine/options/options.ts"): [string, string][] {
  const [, body] =
    new RegExp(`export interface ${name} [^{]*\\{(.*?)^\\}`, "ms").exec(read(file)) ??
      [];
  if (body === undefined) throw new Error(`${file} has no ${name}`);
  const members = body.matchAll(/(?:\/\*\*((?:(?!\*\/).)*)\*\/\s+)?readonly (\w+)\??:/gs);
  return [...members].map(([, comment = "", member = ""]) => {
    const text = comment.replace(/^\s*\* ?/gm, "").replace(/\s+/g, " ")
      .replace(/\{@linkcode (\w+)\}/g, "$1").trim();
    if (text === "") throw new Error(`${name}.${member} is not documented`);
    return [member, text];
  });
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function table(head: Row, rows: readonly Row[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  );
  return lines.join("\n");
}

/** The README with its tables as they have to be, formatted. */
export async function withTables(readme: string): Promise<string> {
  const filled = Object.entries(tables).reduce((text, [name, make]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = text.indexOf(start);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`README.md has no ${start} … ${end}`);
    return `${text.slice(0, from)}${start}\n\n${make()}\n\n${text.slice(to)}`;
  }, readme);
  return await formatted(filled);
}

async function formatted(markdown: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  try {
    const file = join(folder, "README.md");
    writeFileSync(file, markdown);
    const { code, output } = await exec(
      [runtimes.deno.binary, "fmt", "--quiet", "--config", join(root, "deno.json"), file],
      { seconds: 30 },
    );
    if (code !== 0) throw new Error(output);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const path = join(root, "README.md");
  writeFileSync(path, await withTables(readFileSync(path, "utf8")));
}
