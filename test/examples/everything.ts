/** The conformance fixture, started on a runtime and spoken to over sockets. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { root, type Runtime, runtimes } from "../runner/runtimes.ts";
import { ask, type Fields, type Whole } from "../wire/harness/http.ts";
import { type Peer, posting, request } from "../wire/harness/mcp.ts";
import { start, type Started } from "./started.ts";

/** The runtimes that have an entry file. */
export const RUNTIMES: readonly Runtime[] = [runtimes.node, runtimes.deno, runtimes.bun];

/** The entry file of a runtime. */
export const entry = ({ name }: Runtime): string => `examples/everything/${name}.ts`;

/** A fixture that runs. */
export interface Fixture extends Started {
  readonly port: number;
}

/** Starts it with some variables; it does not outlive the test. */
export async function fixture(
  t: TestContext,
  runtime: Runtime,
  env: Readonly<Record<string, string>> = {},
): Promise<Fixture> {
  const started = await start(t, runtime, entry(runtime), root, env);
  return { ...started, port: Number(started.url.port) };
}

/** Calls a tool and gives its result, out of JSON or of an event stream. */
// deno-lint-ignore no-explicit-any
export async function tool(peer: Peer, name: string, args: object = {}): Promise<any> {
  const answer = await peer.call("tools/call", { name, arguments: args });
  assert.equal(answer.status, 200);
  const { result, error } = lastMessage(await answer.text());
  answer.line.cut();
  return result ?? error;
}

/** The last message of a body, whichever of the two it is. */
// deno-lint-ignore no-explicit-any
export function lastMessage(body: string): any {
  const events = [...body.matchAll(/^data: (.+)$/gm)];
  return JSON.parse(events.at(-1)?.[1] ?? body);
}

/** The text of a tool's result. */
export function textOf(result: { content: { text: string }[] }): string {
  return result.content[0]!.text;
}

const MODERN = "2026-07-28";
const PREFIX = "io.modelcontextprotocol/";

/** Sends a modern request on a connection of its own. */
export function modern(
  port: number,
  method: string,
  params: { readonly name?: string; readonly [key: string]: unknown } = {},
  fields: Fields = [],
): Promise<Whole> {
  return ask(port, modernPost(method, params, fields));
}

/** A modern request as a POST. */
export function modernPost(
  method: string,
  params: { readonly name?: string; readonly [key: string]: unknown } = {},
  fields: Fields = [],
): ReturnType<typeof posting> {
  const _meta = {
    [`${PREFIX}protocolVersion`]: MODERN,
    [`${PREFIX}clientCapabilities`]: {},
    [`${PREFIX}logLevel`]: "debug",
  };
  return posting(request(1, method, { ...params, _meta }), [
    ["MCP-Protocol-Version", MODERN],
    ["Mcp-Method", method],
    ...(params.name === undefined ? [] : [["Mcp-Name", params.name] as const]),
    ...fields,
  ]);
}
