/** What one test file did on one runtime. */
export interface Report {
  /** Names of the innermost tests, comparable between runtimes. */
  readonly tests: readonly string[];
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Reads the JUnit report of any of the three runtimes' test runners.
 *
 * They differ in what they nest and escape: Deno lists a `describe` as a test of its own beside `describe > test`,
 * Node can leave a tag unclosed after a failed hook. Hence patterns instead of an XML parser.
 */
export function readJunit(xml: string): Report {
  const cases = [...xml.matchAll(TESTCASE)].map(([, attributes = "", body = ""]) => ({
    name: /\sname="([^"]*)"/.exec(` ${attributes}`)?.[1] ?? "",
    failed: /<(failure|error)\b/.test(body),
    skipped: /<skipped\b/.test(body),
  }));
  const failed = cases.filter((test) => test.failed && !test.skipped);
  const groups = new Set<string>();
  for (const { name } of cases) {
    const parts = name.split(PARENT);
    for (let i = 1; i < parts.length; i++) groups.add(parts.slice(0, i).join(PARENT));
  }
  const leaves = cases.filter((test) => !groups.has(test.name));
  // A group fails with its tests; it counts on its own only where a hook failed and no test did.
  const alone = failed.filter((test) =>
    groups.has(test.name) && !failed.some((inner) => inner.name.startsWith(test.name + PARENT))
  );
  return {
    tests: leaves.map((test) => comparable(test.name.split(PARENT).at(-1) ?? "")),
    failed: leaves.filter((test) => failed.includes(test)).length + alone.length,
    skipped: leaves.filter((test) => test.skipped).length,
  };
}

const TESTCASE = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** How Deno joins the name of a group and a test, as the report escapes it. */
const PARENT = " &gt; ";

/** Each runner escapes other characters, some twice: only letters and digits compare. */
function comparable(name: string): string {
  return name.replace(/&(?:amp;)?#?\w+;/g, " ").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}
