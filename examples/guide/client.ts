// The guide's client, for Node, Deno and Bun: node examples/guide/client.ts http://127.0.0.1:3000
// It prints the headers that it sets; a runtime's fetch adds others, such as Accept and User-Agent.
import process from "node:process";
import { playGuide } from "./steps.ts";

const given = process.argv[2] ?? "http://127.0.0.1:3000";
try {
  await playGuide({ base: baseOf(given) });
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new Error(`${JSON.stringify(text)} is no base URL; one is http://127.0.0.1:3000`);
}
