/** A Redis that runs in a language: to its scripts, the order of texts is not that of their bytes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { redis } from "../../../adapters/backends/redis.ts";
import { record, ROOM } from "../../../adapters/testing/kit_data.ts";
import { clients, commanding, noRedis, startRedis } from "./redis_server.ts";

const SOURCES = "/usr/share/i18n/locales/en_US";

/** For `{ skip }`: false where a language can be made, else why not. */
const noLanguage = existsSync(SOURCES) ? false : `no ${SOURCES} (apt-get install locales)`;

test("a list misses none, and gives none twice, whatever the language of Redis", {
  skip: noRedis || noLanguage,
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "language-"));
  execFileSync("localedef", ["-i", "en_US", "-f", "UTF-8", join(folder, "en_US.UTF-8")]);
  const server = await startRedis({ LOCPATH: folder, LC_ALL: "en_US.UTF-8" });
  const { client, end } = await clients[0]!.connect(server.port);
  const backend = redis(client);
  try {
    const plain = commanding(client);
    assert.equal(await plain.sendCommand(["EVAL", "return 'a' < 'B' and 1 or 0", "0"]), 1);
    const { sessions } = backend;
    // Opened at once, under names whose order by their bytes is another.
    const expected = Array.from({ length: 250 }, (_, i) => `${"Aa_-"[i % 4]}${"bBcC"[i % 3]}${i}`);
    for (const id of expected) {
      await sessions.create(record(id), ROOM, { idleMs: Infinity, maxAgeMs: Infinity });
    }
    const found: string[] = [];
    for await (const { id } of sessions.list()) {
      if (found.push(id) > expected.length) break;
    }
    assert.deepEqual(found.sort(), expected.sort());
  } finally {
    backend.close!();
    end();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
