/**
 * A shop. Its baskets once belonged to sessions; now a handle names each, so that clients without sessions
 * have one too. Old clients, which know nothing of handles, notice no difference.
 *
 * @module
 */

import {
  type Application,
  ClientRequestError,
  type Exchange,
  type JsonObject,
  RpcError,
} from "../../core/engine/mod.ts";

/** How many of each item. */
type Basket = { readonly [item: string]: number };

const DAY_MS = 24 * 60 * 60_000;
const INVALID_PARAMS = -32602;

const basket = {
  type: "string",
  description: "What open_basket gave; a client with a session may leave it out",
};

const tools = [
  {
    name: "open_basket",
    description: "Opens an empty basket",
    inputSchema: { type: "object", properties: {} },
  },
  {
    name: "add_item",
    description: "Puts something into the basket",
    inputSchema: {
      type: "object",
      properties: { basket, item: { type: "string" } },
      required: ["item"],
    },
  },
  {
    name: "show_basket",
    description: "Tells what is in the basket",
    inputSchema: { type: "object", properties: { basket } },
  },
  {
    name: "check_out",
    description: "Asks where to send it, and orders what is in the basket",
    inputSchema: { type: "object", properties: { basket } },
  },
];

/** Opens a shop. */
export function createShop(): Application {
  // All that is left of session state: which basket an old client means when it names none.
  const ofSessions = new Map<string, string>();

  /** The handle that a call means. */
  async function handleOf(given: JsonObject, { handles, session }: Exchange): Promise<unknown> {
    if (given["basket"] !== undefined) return given["basket"];
    if (session === undefined) {
      throw new RpcError(
        INVALID_PARAMS,
        "Invalid params: basket is missing; open_basket gives one",
      );
    }
    const own = ofSessions.get(session.id);
    // It may have been ordered meanwhile, here or by another client.
    if (own !== undefined && await handles.resolve(own).then(() => true, () => false)) return own;
    const handle = await handles.mint({}, { ttlMs: DAY_MS });
    ofSessions.set(session.id, handle);
    return handle;
  }

  async function call(tool: unknown, given: JsonObject, exchange: Exchange): Promise<object> {
    const { handles } = exchange;
    if (tool === "open_basket") {
      const handle = await handles.mint({}, { ttlMs: DAY_MS });
      return { ...said("Here is your basket."), structuredContent: { basket: handle } };
    }
    const handle = await handleOf(given, exchange);
    const items = await handles.resolve(handle) as Basket;
    switch (tool) {
      case "add_item": {
        const item = String(given["item"]);
        const more = new Map(Object.entries(items));
        more.set(item, (more.get(item) ?? 0) + 1);
        await handles.update(handle, Object.fromEntries(more), { ttlMs: DAY_MS });
        return said(`Put into the basket: ${item}.`);
      }
      case "show_basket":
        // The handle goes with it: an old client, too, can hand its basket on.
        return {
          ...said(`In the basket: ${listed(items)}.`),
          structuredContent: { basket: handle },
        };
      case "check_out":
        return await checkOut(handle, items, exchange);
      default:
        throw new RpcError(INVALID_PARAMS, `Unknown tool: ${tool}`);
    }
  }

  return {
    serverInfo: { name: "basket", version: "1.0.0" },
    capabilities: { tools: {} },
    cache: { ttlMs: 60_000, scope: "public" },
    request({ method, params = {} }, exchange) {
      if (method === "tools/list") return { tools };
      if (method !== "tools/call") return undefined;
      return call(params["name"], (params["arguments"] ?? {}) as JsonObject, exchange);
    },
    ended: (session) => void ofSessions.delete(session),
  };
}

async function checkOut(handle: unknown, items: Basket, exchange: Exchange): Promise<object> {
  let answer: JsonObject;
  try {
    // For a new client this function runs twice: what must happen once comes after the question.
    answer = await exchange.elicit({
      message: `Where shall we send ${listed(items)}?`,
      requestedSchema: {
        type: "object",
        properties: { address: { type: "string" } },
        required: ["address"],
      },
    });
  } catch (error) {
    // Only old clients: a new one that cannot be asked gets its error from the library.
    if (!(error instanceof ClientRequestError)) throw error;
    return { ...said("Your client cannot ask you for an address."), isError: true };
  }
  if (answer["action"] !== "accept") return said("Nothing was ordered.");
  // Of two who check out at once, one is told that it is gone.
  if (!await exchange.handles.revoke(handle)) {
    throw new RpcError(INVALID_PARAMS, "Invalid params: unknown handle");
  }
  const { address } = answer["content"] as { address: string };
  return said(`Ordered: ${listed(items)}, to ${address}.`);
}

function listed(items: Basket): string {
  return Object.entries(items).map(([item, count]) => `${count} ${item}`).join(", ") || "nothing";
}

function said(text: string): { readonly content: readonly object[] } {
  return { content: [{ type: "text", text }] };
}
