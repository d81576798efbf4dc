import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { checkFile } from "../gate/purity.ts";
import { checkTree } from "../gate/tree.ts";

const PURE = "core/session/planted.ts";

describe("the gate refuses in a pure folder", () => {
  const planted: Record<string, string> = {
    "async": "export async function f() {}",
    "an async arrow": "export const f = async () => {};",
    "an async method": "export class A { async f() {} }",
    "await": "await 1;",
    "for await": "for await (const x of []) x;",
    "Promise as a value": "export const f = () => Promise.resolve(1);",
    "Promise as a type": "export type F = () => Promise<void>;",
    "Date": "export const now = () => Date.now();",
    "new Date": "export const now = () => new Date();",
    "performance": "export const now = () => performance.now();",
    "Math.random": "export const f = () => Math.random();",
    "Math.random over lines": "export const f = () => Math\n  // why\n  .random();",
    "Math by index": "export const f = () => Math['ran' + 'dom']();",
    "Math taken apart": "const { random } = Math; random();",
    "crypto": "export const f = () => crypto.randomUUID();",
    "setTimeout": "setTimeout(() => {}, 1);",
    "clearTimeout": "clearTimeout(1);",
    "setInterval": "setInterval(() => {}, 1);",
    "setImmediate": "setImmediate(() => {});",
    "queueMicrotask": "queueMicrotask(() => {});",
    "fetch": "export const f = () => fetch('x');",
    "globalThis": "export const f = () => globalThis;",
    "process": "export const f = () => process.env;",
    "console": "console.log(1);",
    "Deno": "export const f = () => Deno.env;",
    "Bun": "export const f = () => Bun.env;",
    "require": "require('fs');",
    "eval": "eval('1');",
    "Function": "new Function('return 1')();",
    "a dynamic import": "import('./other.ts');",
    "a dynamic import of a name": "export const f = (n: string) => import(n);",
    "import.meta": "export const f = () => import.meta.url;",
    "a declared global": "declare const clock: () => number;",
    "a suppressed type error": "// @ts-expect-error\nexport const f = () => clock();",
    "an unchecked file": "// @ts-nocheck\nexport const f = () => clock();",
    "a reference to types": '/// <reference lib="dom" />',
    "state of the module": "let count = 0; export const f = () => count++;",
    "code inside a template": "export const f = () => `${`${Date.now()}`}`;",
    "code after a template": "export const f = () => `${{ a: {} }.a} }` + Date.now();",
    "code after a regular expression":
      "export const f = (s: string) => /['\"`/*]/.test(s) && Date;",
    "code after a division": "export const f = (a: number) => a / 2 + Date.now() / 1;",
    "a word written with an escape": "export const f = () => D\\u0061te.now();",
    "a string without an end": "export const f = 'x\n;Date.now();'",
    "an import of Node": "import { readFileSync } from 'node:fs'; readFileSync;",
    "an import for its types": "import type { A } from 'some_package';",
    "an import for its effect": "import 'some_package';",
    "an import from a URL": "import { a } from 'https://example.com/a.ts'; a;",
    "an import of the engine": "import { a } from '../engine/mod.ts'; a;",
    "an import out of core": "import { a } from '../../adapters/a.ts'; a;",
    "an import over a detour": "import { a } from '../session/../engine/a.ts'; a;",
    "an import of the whole": "import { a } from '../mod.ts'; a;",
    "an export from outside": "export * from 'node:fs';",
    "a named export from outside": "export { a } from '../engine/a.ts';",
  };
  for (const [name, source] of Object.entries(planted)) {
    test(name, () => {
      const found = checkFile(PURE, source);
      assert.notDeepEqual(found, [], "nothing was found");
      assert.ok(found.every(({ file, line }) => file === PURE && line > 0));
    });
  }
});

describe("the gate lets through", () => {
  const harmless: Record<string, string> = {
    "words in comments": "// Date, await\n/* fetch(process) */ export const a = 1;",
    "words in strings": "export const a = ['Date', \"async\", `await Promise`];",
    "words in regular expressions": "export const a = /Date|await fetch/;",
    "members with such names": "export const f = (x: { a: 1 }) => x?.fetch.process.Date;",
    "the rest of Math": "export const f = (a: number) => Math.max(a, Math.min(1, 2));",
    "imports inside the pure folders":
      "export * from './a.ts'; import { b } from '../protocol/b.ts'; b;",
    "a word such as from": "export const f = (from: string) => [from, 'node:fs'];",
    "variables in functions":
      "export function f() { let a = 1; a++; return () => { let b = a; return b; }; }",
    "divisions": "export const f = (a: number, b: number[]) => (a / 2) / b[0] / a++ / 3;",
    "generics": "export const f = new Map<string, Array<number>>();",
  };
  for (const [name, source] of Object.entries(harmless)) {
    test(name, () => assert.deepEqual(checkFile(PURE, source), []));
  }
});

describe("the gate knows the other folders", () => {
  const cases: [name: string, file: string, source: string, refused: boolean][] = [
    ["core/mod.ts imports pure parts", "core/mod.ts", "export * from './session/a.ts';", false],
    ["core/mod.ts not the engine", "core/mod.ts", "export * from './engine/a.ts';", true],
    ["the engine may await", "core/engine/a.ts", "export const f = async () => await 1;", false],
    ["the engine imports pure parts", "core/engine/a.ts", "import '../session/a.ts';", false],
    ["the engine not an adapter", "core/engine/a.ts", "import '../../adapters/a.ts';", true],
    ["the engine not the clauses", "core/engine/a.ts", "import '../inbound/clauses.ts';", true],
    ["nor does the index of core", "core/mod.ts", "export * from './inbound/clauses.ts';", true],
    ["the engine not Node", "core/engine/a.ts", "import 'node:http';", true],
    ["the engine not Node, late", "core/engine/a.ts", "await import('node:http');", true],
    ["an adapter imports core", "adapters/a/a.ts", "import '../../core/engine/mod.ts';", false],
    ["an adapter imports Node", "adapters/a/a.ts", "import 'node:http';", false],
    ["an adapter not a package", "adapters/a/a.ts", "import type { A } from 'express';", true],
    ["an adapter not a test", "adapters/a/a.ts", "import '../../test/a.ts';", true],
  ];
  for (const [name, file, source, refused] of cases) {
    test(name, () => assert.equal(checkFile(file, source).length > 0, refused));
  }
});

describe("the gate checks a whole tree", () => {
  const sound = {
    "core/protocol/a.ts": "export const a: string[] = [];",
    "core/inbound/a.ts": "export const f = (a: Map<string, 1>): number => a.size;",
    "core/session/a.ts": 'export { a } from "../protocol/a.ts";',
    "core/outbound/a.ts": "export const a = 1;",
    "core/engine/a.ts": "export const f = (): Response => new Response();",
    "core/mod.ts": 'export { a } from "./session/a.ts";',
  };
  const cases: [name: string, planted: Record<string, string>, expected: RegExp | undefined][] = [
    ["and accepts a sound one", {}, undefined],
    [
      "and sees a Web global nobody listed",
      { "core/outbound/b.ts": "export const a = new Headers();" },
      /Cannot find name 'Headers'/,
    ],
    [
      "and sees a Node global in the engine",
      { "core/engine/b.ts": "export const a = Buffer.from('a');" },
      /Cannot find name 'Buffer'/,
    ],
    [
      "and names file and line",
      { "core/session/b.ts": "\n\nDate;" },
      /core\/session\/b\.ts:3: Date/,
    ],
    ["and misses an empty folder", { "core/outbound/a.ts": "" }, /core\/outbound\/: no files/],
  ];
  for (const [name, planted, expected] of cases) {
    test(name, async () => {
      const root = mkdtempSync(join(tmpdir(), "tree-"));
      try {
        for (const [file, source] of Object.entries({ ...sound, ...planted })) {
          if (source === "") continue;
          mkdirSync(dirname(join(root, file)), { recursive: true });
          writeFileSync(join(root, file), source);
        }
        const { problems } = await checkTree(root);
        if (expected === undefined) assert.deepEqual(problems, []);
        else assert.match(problems.join("\n"), expected);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    });
  }
});
