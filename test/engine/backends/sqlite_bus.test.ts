/** What passes between the processes that share a SQLite file. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sqliteBus } from "../../../adapters/backends/sqlite/bus.ts";
import { Database } from "../../../adapters/backends/sqlite/database.ts";
import { FakeClock } from "../../doubles/clock.ts";
import { instead } from "../../doubles/instead.ts";

const folder = mkdtempSync(join(tmpdir(), "sqlite-"));

after(() => rmSync(folder, { recursive: true, force: true }));

/** Two processes on one file: what is told to `bus` may come from `sender`, whose database is `other`. */
function pair(name: string) {
  const file = join(folder, `${name}.db`);
  const [db, other] = [new Database(file, 100), new Database(file, 100)];
  const clock = new FakeClock();
  const [bus, sender] = [sqliteBus(db, clock), sqliteBus(other, clock)];
  const close = (): void => {
    for (const one of [sender, bus, db, other]) one.close();
  };
  return { bus, sender, clock, other, close };
}

test("messages pass where the clock has fractions of a millisecond", () => {
  const db = new Database(join(folder, "fractions.db"), 100);
  const clock = new FakeClock();
  clock.jump(0.5);
  const [one, other] = [sqliteBus(db, clock), sqliteBus(db, clock)];
  other.subscribe("t", { receive() {} });
  assert.equal(one.publish("t", "1"), 1);
  for (const bus of [one, other]) bus.close();
  db.close();
});

test("messages that could not be read are read at the next look", () => {
  const file = join(folder, "unread.db");
  const [db, other] = [new Database(file, 100), new Database(file, 100)];
  const clock = new FakeClock();
  let broken = false;
  const bus = sqliteBus(
    instead(db, "all", (all, args) => {
      if (broken) throw new Error("disk I/O error");
      return all(...args);
    }),
    clock,
  );
  const got: string[] = [];
  bus.subscribe("t", { receive: (text) => void got.push(text) });
  const sender = sqliteBus(other, clock);
  sender.publish("t", "1");
  broken = true;
  clock.pass(20);
  assert.deepEqual(got, []);
  broken = false;
  clock.pass(20);
  assert.deepEqual(got, ["1"]);
  clock.pass(20);
  assert.deepEqual(got, ["1"]);
  for (const one of [sender, bus]) one.close();
  for (const one of [db, other]) one.close();
});

test("who subscribes gets nothing that was sent before, and nobody anything out of order", () => {
  const { bus, sender, clock, close } = pair("before");
  const got: { [name: string]: string } = { a: "", b: "", c: "" };
  const noting = (name: string) => ({ receive: (text: string) => void (got[name] += text) });
  bus.subscribe("t", {
    receive(text) {
      got.a += text;
      if (text === "2") bus.subscribe("u", noting("c"));
    },
  });
  sender.publish("t", "1");
  bus.subscribe("t", noting("b"));
  for (const text of "234") sender.publish("t", text);
  clock.pass(20);
  assert.deepEqual(got, { a: "1234", b: "234", c: "" });
  close();
});

test("a message of one's own comes after what others sent before it, and after what it is about", () => {
  const { bus, sender, clock, close } = pair("order");
  const [here, there]: [string[], string[]] = [[], []];
  bus.subscribe("t", {
    receive(text) {
      here.push(text);
      if (text === "1") assert.equal(bus.publish("t", "1 came"), 1);
    },
  });
  sender.subscribe("t", { receive: (text) => void there.push(text) });
  sender.publish("t", "1");
  assert.equal(bus.publish("t", "2"), 2);
  sender.publish("t", "3");
  clock.pass(20);
  assert.deepEqual(here, ["1", "2", "1 came", "3"]);
  assert.deepEqual(there, here);
  close();
});

test("a bus that was taken for dead listens again, and says that it may have missed messages", () => {
  const { bus, sender, clock, other, close } = pair("dead");
  const got: string[] = [];
  bus.subscribe("t", { receive: (text) => void got.push(text) });
  bus.missed!(() => got.push("missed"));
  bus.missed!(() => got.push("wants to hear no more"))();
  for (const table of ["listeners", "processes"]) other.run(`DELETE FROM ${table}`);
  assert.equal(sender.publish("t", "1"), 0);
  clock.pass(15_000);
  assert.deepEqual(got, ["missed"]);
  assert.equal(sender.publish("t", "2"), 1);
  clock.pass(20);
  assert.deepEqual(got, ["missed", "2"]);
  close();
});

test("a topic that could not be left is left later, unless somebody listens again", () => {
  const file = join(folder, "left.db");
  const [db, other] = [new Database(file, 100), new Database(file, 100)];
  const clock = new FakeClock();
  let locked = false;
  const bus = sqliteBus(
    instead(db, "run", (run, args) => {
      if (locked) throw new Error("database is locked");
      return run(...args);
    }),
    clock,
  );
  const sender = sqliteBus(other, clock);
  const got: string[] = [];
  const receiver = { receive: (text: string) => void got.push(text) };
  for (const topic of "tu") bus.subscribe(topic, receiver);
  locked = true;
  for (const topic of "tu") bus.unsubscribe(topic, receiver);
  locked = false;
  bus.subscribe("t", receiver);
  clock.pass(5_000);
  assert.deepEqual([..."tu"].map((topic) => sender.publish(topic, topic)), [1, 0]);
  clock.pass(20);
  assert.deepEqual(got, ["t"]);
  for (const one of [sender, bus, db, other]) one.close();
});

test("messages are forgotten once all that live have looked for them, and who lives is known", () => {
  const { bus, sender, clock, other, close } = pair("kept");
  const got: string[] = [];
  bus.subscribe("t", { receive: (text) => void got.push(text) });
  bus.missed!(() => got.push("missed"));
  sender.publish("t", "1");
  const kept = () => other.get<{ found: number }>("SELECT count(*) AS found FROM messages")!.found;
  clock.pass(10_000);
  assert.equal(kept(), 1);
  clock.pass(10_000);
  assert.equal(kept(), 0);
  assert.deepEqual(got, ["1"]);
  close();
});
