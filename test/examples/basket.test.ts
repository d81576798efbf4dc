import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { createShop } from "../../examples/basket/shop.ts";
import { exec } from "../runner/exec.ts";
import { root, runtimes } from "../runner/runtimes.ts";
import { start } from "./started.ts";

const { node, deno, bun } = runtimes;

const PLAYED = `\
old -> add_item apples
old <- Put into the basket: apples.
new -> add_item pears
new <- Invalid params: basket is missing; open_basket gives one
new -> open_basket
new <- Here is your basket.
new -> add_item <handle> pears
new <- Put into the basket: pears.
new -> check_out <handle>
new <- Where shall we send 1 pears?
new -> 1 Main Street
new <- Ordered: 1 pears, to 1 Main Street.
new -> show_basket <handle>
new <- Invalid params: unknown handle
old -> check_out
old <- Where shall we send 1 apples?
old -> 1 Main Street
old <- Ordered: 1 apples, to 1 Main Street.
old -> add_item plums
old <- Put into the basket: plums.
old -> show_basket
old <- In the basket: 1 plums.
new -> add_item <handle> plums
new <- Put into the basket: plums.
new -> check_out <handle>
new <- Where shall we send 2 plums?
new -> 1 Main Street
new <- Ordered: 2 plums, to 1 Main Street.
`;

async function play(...args: readonly string[]): Promise<string> {
  const command = [node.binary, ...node.run, "examples/basket/play.ts", ...args];
  const { code, output } = await exec(command, { cwd: root, seconds: 20 });
  assert.equal(code, 0, output);
  return output;
}

test("an old and a new client play in one shop, and what they say is printed", async () => {
  assert.equal(await play(), PLAYED);
});

for (const runtime of [node, deno, bun]) {
  test(`the shop is open on ${runtime.name}`, async (t) => {
    const shop = await start(t, runtime, `examples/basket/${runtime.name}.ts`);
    assert.equal(await play(shop.url.href), PLAYED);
  });
}

describe("the shop", () => {
  const open = (capabilities: object = { elicitation: {} }) => {
    const handler = createMcpHandler(createShop());
    const client = testClient(handler, {
      capabilities: capabilities as never,
      request: () => ({ action: "accept", content: { address: "here" } }),
    });
    const say = async (name: string, given: object = {}): Promise<string> => {
      const { content } = await client.call("tools/call", { name, arguments: given });
      return (content as { text: string }[])[0]!.text;
    };
    return { handler, client, say };
  };

  test("keeps the baskets of sessions apart", async (t) => {
    const { handler, client, say } = open();
    t.after(() => handler.close());
    const other = testClient(handler);
    await client.initialize();
    await other.initialize();
    await say("add_item", { item: "tea" });
    const { content } = await other.call("tools/call", { name: "show_basket" });
    assert.deepEqual(content, [{ type: "text", text: "In the basket: nothing." }]);
    assert.equal(await say("show_basket"), "In the basket: 1 tea.");
  });

  test("orders a basket once, however often it is checked out at once", async (t) => {
    const { handler, client, say } = open();
    t.after(() => handler.close());
    await client.initialize();
    await say("add_item", { item: "tea" });
    const orders = await Promise.allSettled([1, 2, 3].map(() => say("check_out")));
    const fulfilled = orders.filter(({ status }) => status === "fulfilled");
    assert.equal(fulfilled.length, 1);
  });

  test("says so where an old client cannot be asked", async (t) => {
    const { handler, client, say } = open({});
    t.after(() => handler.close());
    await client.initialize();
    await say("add_item", { item: "tea" });
    assert.equal(await say("check_out"), "Your client cannot ask you for an address.");
    assert.equal(await say("show_basket"), "In the basket: 1 tea.");
  });

  test("takes what a prototype has for an item like any other", async (t) => {
    const { handler, client, say } = open();
    t.after(() => handler.close());
    await client.initialize();
    for (const item of ["constructor", "__proto__", "constructor"]) await say("add_item", { item });
    assert.equal(await say("show_basket"), "In the basket: 2 constructor, 1 __proto__.");
  });
});
