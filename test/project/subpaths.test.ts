import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../runner/runtimes.ts";

const npm = read("package.json");
const jsr = read("deno.json");

describe("npm and JSR offer the same", () => {
  test("subpaths, from the same sources", () => {
    const fromNpm = Object.entries<{ types: string; default: string }>(npm.exports).map(
      ([subpath, target]) => {
        const source = target.default.replace(/^\.\/dist\/(.+)\.js$/, "./$1.ts");
        assert.equal(target.types, target.default.replace(/\.js$/, ".d.ts"), subpath);
        assert.deepEqual(Object.keys(target), ["types", "default"], subpath);
        return [subpath, source];
      },
    );
    assert.deepEqual(fromNpm, Object.entries(jsr.exports));
  });

  test("sources that exist", () => {
    for (const source of Object.values<string>(jsr.exports)) {
      assert.ok(existsSync(join(root, source)), source);
    }
  });

  test("version and license", () => {
    assert.equal(npm.version, jsr.version);
    assert.equal(npm.license, jsr.license);
    const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    assert.ok(changelog.includes(`## [${npm.version}]`), `CHANGELOG.md has no ${npm.version}`);
  });
});

test("nothing is installed with the package", () => {
  for (const kind of ["dependencies", "optionalDependencies", "bundleDependencies"]) {
    assert.equal(Object.keys(npm[kind] ?? {}).length, 0, kind);
  }
  const required = Object.keys(npm.peerDependencies ?? {}).filter((name) =>
    npm.peerDependenciesMeta?.[name]?.optional !== true
  );
  assert.deepEqual(required, []);
});

test("the lock file names no registry", () => {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  assert.doesNotMatch(lock, /"resolved"/);
  assert.match(
    readFileSync(join(root, ".npmrc"), "utf8"),
    /^omit-lockfile-registry-resolved=true$/m,
  );
});

test("the lock file has every platform of what runs natively", () => {
  const { packages } = read("package-lock.json");
  for (const name of ["bun", "deno", "typescript"]) {
    const platforms = Object.keys(packages[`node_modules/${name}`].optionalDependencies);
    const missing = platforms.filter((platform) => !packages[`node_modules/${platform}`]);
    assert.deepEqual(missing, [], `${name}: npm ci refuses a lock file without them`);
  }
});

test("every package that must run an install script may", () => {
  const { packages } = read("package-lock.json");
  const scripted = Object.entries<{ name?: string; hasInstallScript?: true; optional?: true }>(
    packages,
  )
    .filter(([, entry]) => entry.hasInstallScript && !entry.optional)
    .map(([path, entry]) => entry.name ?? path.replace(/^.*node_modules\//, ""));
  assert.deepEqual([...new Set(scripted)].sort(), Object.keys(npm.allowScripts).sort());
});

// deno-lint-ignore no-explicit-any -- package files are read, not modelled
function read(file: string): any {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}
