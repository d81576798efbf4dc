/** The smallest piece of TypeScript the gate looks at. */
export interface Token {
  readonly kind: "comment" | "string" | "number" | "word" | "regexp" | "template" | "punctuator";
  readonly text: string;
  readonly line: number;
}

/**
 * Splits TypeScript source into tokens, so that a word in a comment or a string is never taken for code.
 *
 * The compiler's own scanner is not used: its package exports one only as unstable, and telling a
 * regular expression from a division needs the same look at the previous token either way.
 *
 * @throws {SyntaxError} where the source cannot be split with certainty; the gate then fails, it does not guess.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  // One entry per open `${`: how many braces are open inside it.
  const substitutions: number[] = [];
  let at = 0;
  let line = 1;

  const take = (kind: Token["kind"] | "space", pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (!text) return false;
    if (kind !== "space") tokens.push({ kind, text, line });
    line += text.split("\n").length - 1;
    at += text.length;
    return true;
  };

  while (at < source.length) {
    const char = source[at];
    if (take("space", SPACE) || take("comment", COMMENT)) continue;
    if (char === "`") {
      if (!take("template", TEMPLATE_START)) throw unsplittable("an unterminated template", line);
      if (tokens.at(-1)?.text.endsWith("${")) substitutions.push(0);
      continue;
    }
    if (char === "}" && substitutions.at(-1) === 0) {
      if (!take("template", TEMPLATE_REST)) throw unsplittable("an unterminated template", line);
      if (!tokens.at(-1)?.text.endsWith("${")) substitutions.pop();
      continue;
    }
    if (char === "{" || char === "}") {
      const open = substitutions.length - 1;
      if (open >= 0) substitutions[open] = (substitutions[open] ?? 0) + (char === "{" ? 1 : -1);
    }
    if (char === "/" && !endsValue(tokens)) {
      if (!take("regexp", REGEXP)) throw unsplittable("an unterminated regular expression", line);
      continue;
    }
    if (char === '"' || char === "'") {
      if (!take("string", STRING)) throw unsplittable("an unterminated string", line);
      continue;
    }
    if (take("number", NUMBER) || take("word", WORD)) continue;
    if (char === "\\") throw unsplittable("an escape outside a string", line);
    take("punctuator", PUNCTUATOR);
  }
  if (substitutions.length > 0) throw unsplittable("an unterminated template", line);
  return tokens;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const NUMBER = /(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*)n?/y;
const WORD = /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_START = /`(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const TEMPLATE_REST = /\}(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const PUNCTUATOR = /\+\+|--|\?\.|=>|\.\.\.|[\s\S]/y;

/** Words after which a slash starts a regular expression, although a word usually ends a value. */
const OPERATORS = new Set(
  "return typeof case in of delete void throw new else do instanceof yield await".split(" "),
);

function endsValue(tokens: readonly Token[]): boolean {
  const last = tokens.findLast((token) => token.kind !== "comment");
  switch (last?.kind) {
    case undefined:
      return false;
    case "word":
      return !OPERATORS.has(last.text);
    case "template":
      return last.text.endsWith("`");
    case "punctuator":
      return [")", "]", "}", "++", "--"].includes(last.text);
    default:
      return true;
  }
}

function unsplittable(what: string, line: number): SyntaxError {
  return new SyntaxError(`line ${line}: ${what}`);
}
