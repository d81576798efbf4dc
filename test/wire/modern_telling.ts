import assert from "node:assert/strict";
import { memory } from "../../core/engine/mod.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";

/** Says in which era it was asked, and with which session. */
export const TELLING = app((_, { era, version, session }) => ({
  era,
  version,
  session: session?.id ?? null,
}));

/** An endpoint whose backend counts what is put into it. */
export async function counted(scope: Scope, eras: "both" | "legacy" | "modern") {
  const backend = memory();
  let created = 0;
  const counting = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const found = Reflect.get(target, name);
        if (typeof found !== "function") return found;
        if (["create", "open", "append", "put"].includes(String(name))) created++;
        return found.bind(target);
      },
    });
  const { sessions, logs, handles } = backend;
  const server = await up(scope, TELLING, {
    eras,
    backend: {
      ...backend,
      sessions: counting(sessions),
      logs: counting(logs),
      handles: counting(handles!),
    },
  });
  return { server, created: () => created };
}

/** Fails where the handler holds anything. */
export async function nothingWasMade(server: Server): Promise<void> {
  const { sessions, streams, inFlight } = await server.mcp.stats();
  assert.deepEqual({ sessions, streams, inFlight }, { sessions: 0, streams: 0, inFlight: 0 });
}
