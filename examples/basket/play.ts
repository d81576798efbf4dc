// An old and a new client in one shop: node examples/basket/play.ts, or with the URL of a shop that is open.
import process from "node:process";
import { serve } from "../../adapters/runtimes/node.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { type Client, newClient, oldClient, type User } from "./clients.ts";
import { createShop } from "./shop.ts";

const [given] = process.argv.slice(2);
const own = given === undefined
  ? await serve(createMcpHandler(createShop()), { port: 0 })
  : undefined;
const url = new URL(given ?? own!.url);

/** Someone at a client, whose questions and answers are printed. */
function user(name: string): User {
  return (question) => {
    console.log(`${name} <- ${question}`);
    console.log(`${name} -> 1 Main Street`);
    return { address: "1 Main Street" };
  };
}

/** Calls a tool and prints what was said; the basket that it was about. */
async function say(name: string, client: Client, tool: string, args = {}): Promise<string> {
  console.log(
    `${name} -> ${[tool, ...Object.values(args)].join(" ")}`.replace(/[\w-]{24}/, "<handle>"),
  );
  try {
    const { text, basket } = await client.call(tool, args);
    console.log(`${name} <- ${text}`);
    return basket ?? "";
  } catch (error) {
    console.log(`${name} <- ${(error as Error).message}`);
    return "";
  }
}

const old = await oldClient(url, user("old"));
const young = newClient(url, user("new"));
try {
  // The old client has a basket because it has a session.
  await say("old", old, "add_item", { item: "apples" });
  // The new one has neither, until it asks for one.
  await say("new", young, "add_item", { item: "pears" });
  const basket = await say("new", young, "open_basket");
  await say("new", young, "add_item", { basket, item: "pears" });
  // One function asks both: the new client after the call has ended, the old one while it goes on.
  await say("new", young, "check_out", { basket });
  await say("new", young, "show_basket", { basket });
  await say("old", old, "check_out");
  // The old client's basket is a handle, too: it outlives the session, and another client can go on with it.
  await say("old", old, "add_item", { item: "plums" });
  const kept = await say("old", old, "show_basket");
  await old.leave();
  await say("new", young, "add_item", { basket: kept, item: "plums" });
  await say("new", young, "check_out", { basket: kept });
} finally {
  await young.leave();
  await own?.close();
}
