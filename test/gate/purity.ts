import { dirname, join, normalize } from "node:path/posix";
import { type Token, tokenize } from "./tokens.ts";

/** One place where a file reaches for something its folder must not have. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** Folders without clock, randomness, timer, I/O or import from outside: what they need comes in as values. */
export const PURE_FOLDERS = ["core/protocol", "core/inbound", "core/session", "core/outbound"];

/** What is written for people about the rules: whoever ships code would ship it too. */
const CLAUSES = "core/inbound/clauses.ts";

/** Everything a pure function could reach the world or the time through, by the name it would use. */
const REFUSED = new Map<string, string>([
  ...words("asynchrony", "async await Promise queueMicrotask Atomics"),
  ...words("a clock", "Date Temporal performance"),
  ...words("a timer", "setTimeout setInterval setImmediate clearTimeout clearInterval scheduler"),
  ...words("randomness", "crypto"),
  ...words("I/O", "fetch console WebSocket EventSource BroadcastChannel MessageChannel"),
  ...words("the environment", "globalThis process navigator Deno Bun Buffer require Intl"),
  ...words("the garbage collector", "WeakRef FinalizationRegistry"),
  ...words("code from text", "eval Function"),
  ...words("a global the type check cannot see", "declare"),
]);

/** Checks one file by the rules of the folder it is in. `file` is relative to the root, with slashes. */
export function checkFile(file: string, source: string): Violation[] {
  let tokens: Token[];
  try {
    tokens = tokenize(source);
  } catch (error) {
    return [{ file, line: 1, what: `cannot be read: ${(error as Error).message}` }];
  }
  const found = imports(file, tokens);
  if (within(file, PURE_FOLDERS)) found.push(...reaches(file, tokens));
  return found.sort((a, b) => a.line - b.line);
}

function reaches(file: string, all: readonly Token[]): Violation[] {
  const found: Violation[] = [];
  const report = (token: Token, what: string): void => {
    found.push({ file, line: token.line, what });
  };
  for (const token of all) {
    // A suppressed type error would hide a global from the type check.
    if (
      token.kind === "comment" && /@ts-(ignore|expect-error|nocheck)|<reference/.test(token.text)
    ) {
      report(token, "a comment that changes the type check");
    }
  }
  const tokens = all.filter((token) => token.kind !== "comment");
  let depth = 0;
  tokens.forEach((token, i) => {
    const before = tokens[i - 1]?.text;
    const after = tokens[i + 1]?.text;
    if (token.kind === "punctuator" || token.kind === "template") {
      if (/[{([]$/.test(token.text)) depth++;
      if (/^[})\]]/.test(token.text)) depth--;
    }
    if (token.kind !== "word" || before === "." || before === "?.") return;
    const reach = REFUSED.get(token.text);
    if (reach !== undefined) report(token, `${token.text} (${reach})`);
    if (token.text === "Math" && (after !== "." || tokens[i + 2]?.text === "random")) {
      report(token, "Math.random (randomness)");
    }
    if (token.text === "import" && after === "(") report(token, "import() (a dynamic import)");
    if (token.text === "import" && after === ".") report(token, "import.meta (the environment)");
    if ((token.text === "let" || token.text === "var") && depth === 0) {
      report(token, `${token.text} outside a function (state that outlives the call)`);
    }
  });
  return found;
}

function imports(file: string, all: readonly Token[]): Violation[] {
  const tokens = all.filter((token) => token.kind !== "comment");
  const found: Violation[] = [];
  tokens.forEach((token, i) => {
    const previous = tokens[i - 1];
    // `import("…")` counts wherever it is allowed at all, so that it cannot lead out of the folder either.
    const dynamic = previous?.text === "(" && tokens[i - 2]?.text === "import";
    const named = previous?.kind === "word" && /^(from|import)$/.test(previous.text);
    if (token.kind !== "string" || !(named || dynamic)) return;
    const specifier = token.text.slice(1, -1);
    const refusal = refuseImport(file, specifier);
    if (refusal !== undefined) {
      found.push({ file, line: token.line, what: `import of ${specifier} (${refusal})` });
    }
  });
  return found;
}

function refuseImport(file: string, specifier: string): string | undefined {
  const relative = /^\.\.?\//.test(specifier);
  const target = relative ? normalize(join(dirname(file), specifier)) : "";
  if (target === CLAUSES) return "only the README and tests need it";
  if (within(file, PURE_FOLDERS) || file === "core/mod.ts") {
    return within(target, PURE_FOLDERS) ? undefined : "outside the pure folders";
  }
  if (within(file, ["core"])) return within(target, ["core"]) ? undefined : "outside core/";
  if (relative) return within(target, ["core", "adapters"]) ? undefined : "outside what ships";
  return /^(node|bun):/.test(specifier) ? undefined : "a dependency; there are none";
}

function within(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => file.startsWith(`${folder}/`));
}

function words(reach: string, list: string): [string, string][] {
  return list.split(" ").map((word) => [word, reach]);
}
