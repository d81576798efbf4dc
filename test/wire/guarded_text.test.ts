/** What the answers of a guarded Web handler look like on the wire, where fields are added to them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessions } from "../../core/engine/mod.ts";
import { ask } from "./harness/http.ts";
import { runtime, serveWebGuarded } from "./harness/runtime.ts";

const skip = runtime === "node" && "Node serves no Web handlers";

const bodies: Record<string, readonly [body: BodyInit | null, type: string | undefined]> = {
  "a text": ["hello", "text/plain;charset=utf-8"],
  "a blob with a type": [new Blob(["hello"], { type: "image/png" }), "image/png"],
  "nothing": [null, undefined],
};

for (const [what, [body, type]] of Object.entries(bodies)) {
  test(`an answer of ${what} keeps its type and its cookies`, { skip }, async (t) => {
    const sessions = createSessions({ opens: () => true });
    const cookies: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"]];
    const server = await serveWebGuarded(sessions, () => new Response(body, { headers: cookies }));
    t.after(() => server.close());
    const answer = await ask(server.port, { method: "POST" });
    assert.equal(answer.status, 200);
    assert.match(answer.get("mcp-session-id") ?? "", /^[\w-]{24}$/);
    assert.equal(answer.get("content-type")?.toLowerCase(), type);
    assert.equal(answer.get("set-cookie"), "a=1, b=2");
  });
}
