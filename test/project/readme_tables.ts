/**
 * The README's tables, made from the rows that the code runs on. `node test/project/readme_tables.ts` writes them
 * between the README's markers; a test fails where they differ.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ADMISSION_RULES,
  BODY_RULES,
  HEAD_RULES,
  HEADER_RULES,
  REJECTIONS,
  type RuleId,
  TRANSITIONS,
} from "../../core/mod.ts";
import { exec } from "../runner/exec.ts";
import { root, runtimes } from "../runner/runtimes.ts";

type Row = readonly string[];

/** The tables, by the name in their markers: `<!-- rules -->` to `<!-- /rules -->`. */
const tables: Record<string, () => string> = { rules, refusals, states };

/** The ladder: what is asked, in order. */
function rules(): string {
  const ladder = [...HEAD_RULES, ...HEADER_RULES, ...BODY_RULES, ...ADMISSION_RULES];
  const rows = ladder.map(({ id, checks, clause, era }, i) => [
    ...[String(i + 1), checks, `\`${id}\``, String(REJECTIONS[id].status), era, clause],
  ]);
  return table(["", "refused", "rule", "status", "era", "where it comes from"], rows);
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
      ? `${REJECTIONS[answer as RuleId].status} \`${answer}\``
      : answer,
    next,
    effects.join(", "),
  ]);
  return table(["state", "event", "answer", "next", "effects"], rows);
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
