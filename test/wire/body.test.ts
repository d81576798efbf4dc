/** WIRE.md, section 1, rules 6, 11, 12 and 13: what a body may be, and what its errors look like. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { describe, test } from "node:test";
import { nodeListener } from "../../adapters/runtimes/node.ts";
import { createMcpHandler, createSessions } from "../../core/engine/mod.ts";
import { type Answer, ask, type Fields, Line } from "./harness/http.ts";
import {
  initialize,
  join,
  merged,
  notification,
  POST_FIELDS,
  posting,
  request,
} from "./harness/mcp.ts";
import { type Refusal, refused } from "./harness/refusal.ts";
import { app, runtime, serveGuarded, serveListener, up } from "./harness/runtime.ts";

const LIMIT = 100_000;
const LIMITS = { limits: { bodyBytes: LIMIT } };
const PARSE: Refusal = { status: 400, code: -32700 };
const ENVELOPE: Refusal = { status: 400, code: -32600 };

const PING = JSON.stringify(request(1, "ping"));

/** A ping of so many bytes. */
const padded = (bytes: number): string => PING + " ".repeat(bytes - PING.length);

/** Text in pieces. */
function pieces(text: string, size: number): string[] {
  const all = [];
  for (let at = 0; at < text.length; at += size) all.push(text.slice(at, at + size));
  return all;
}

describe("a body of as many bytes as allowed is served, one more is not", () => {
  const over: Refusal = { status: 413, code: -32000, says: `${LIMIT} bytes` };

  test("with its length declared", async (t) => {
    const peer = await join(await up(t, app(), LIMITS));
    assert.equal((await peer.post(padded(LIMIT))).status, 200);
    refused(await peer.post(padded(LIMIT + 1)), over);
  });

  test("in chunks", async (t) => {
    const server = await up(t, app(), LIMITS);
    const { fields } = await join(server);
    const chunked = (bytes: number) => ({
      method: "POST",
      fields: merged(POST_FIELDS, fields),
      chunks: pieces(padded(bytes), 1_000),
    });
    assert.equal((await ask(server.port, chunked(LIMIT))).status, 200);
    refused(await ask(server.port, chunked(LIMIT + 1)), over);
  });

  test("of a GET and a DELETE too", async (t) => {
    const peer = await join(await up(t, app(), LIMITS));
    for (const method of ["GET", "DELETE"]) {
      const fields: Fields = [["Accept", "text/event-stream"], ...peer.fields];
      const answer = await ask(peer.port, { method, fields, body: "x".repeat(LIMIT + 1) });
      refused(answer, { ...over, says: `Content-Length "${LIMIT + 1}"` });
    }
  });

  test("counted in bytes, not in characters", async (t) => {
    const peer = await join(await up(t, app(), LIMITS));
    const text = (letters: number) =>
      JSON.stringify(request(1, "x", { text: "é".repeat(letters) }));
    assert.equal((await peer.post(text(LIMIT / 2 - 100))).status, 200);
    refused(await peer.post(text(LIMIT / 2)), over);
  });

  test("a body without end is refused while it comes", { timeout: 30_000 }, async (t) => {
    const server = await up(t, app(), LIMITS);
    const { fields } = await join(server);
    const line = await Line.dial(server.port);
    line.send({
      method: "POST",
      fields: [...merged(POST_FIELDS, fields), ["Transfer-Encoding", "chunked"]],
    });
    let answered: Answer | undefined;
    const answer = line.answer().then((one) => answered = one);
    const piece = "x".repeat(1_000);
    while (answered === undefined) {
      line.chunk(piece);
      await new Promise((next) => setTimeout(next, 1));
    }
    assert.equal((await answer).status, 413);
    line.cut();
  });
});

/** What a client gets that writes all of 10 MiB before it reads. */
async function refusedLate(
  port: number,
  fields: Fields,
  chunked = false,
  path = "/mcp",
): Promise<number> {
  const line = await Line.dial(port);
  line.pause();
  const text = "x".repeat(10 << 20);
  line.send({
    method: "POST",
    path,
    fields: merged(POST_FIELDS, fields),
    ...(chunked ? { chunks: pieces(text, 1 << 20) } : { body: text }),
  });
  await line.flushed();
  line.resume();
  const { status } = await line.answer();
  line.cut();
  return status;
}

// As proxies such as nginx ask for it with every request, unless they are told otherwise.
const CLOSE: Fields = [["Connection", "close"]];

const LARGE = { limits: { bodyBytes: 20 << 20 } };

describe("a client that writes all of 10 MiB before it reads", () => {
  for (const chunked of [false, true]) {
    test(`gets its 413, chunked ${chunked}`, async (t) => {
      const server = await up(t, app(), LIMITS);
      const { fields } = await join(server);
      assert.equal(await refusedLate(server.port, fields, chunked), 413);
    });

    test(`gets its 413 where the connection ends with it, chunked ${chunked}`, async (t) => {
      const server = await up(t, app(), LIMITS);
      const { fields } = await join(server);
      assert.equal(await refusedLate(server.port, merged(fields, CLOSE), chunked), 413);
    });
  }

  test("gets its 401 where the connection ends with it", async (t) => {
    const authenticate = () => new Response(null, { status: 401 });
    const { port } = await up(t, app(), { ...LARGE, authenticate });
    assert.equal(await refusedLate(port, CLOSE), 401);
  });

  test("gets that of Node's listener on every runtime", async (t) => {
    const authenticate = () => new Response(null, { status: 401 });
    const listener = await serveListener(createMcpHandler(app(), { ...LARGE, authenticate }));
    t.after(() => listener.close());
    assert.equal(await refusedLate(listener.port, CLOSE), 401);
  });

  test("gets the 404 of another path where the connection ends with it", async (t) => {
    const { port } = await up(t, app());
    assert.equal(await refusedLate(port, CLOSE, false, "/mcp/"), 404);
  });

  test("gets what a guard refuses where the connection ends with it", async (t) => {
    const sessions = createSessions({ opens: () => false, ...LARGE });
    const server = await serveGuarded(sessions);
    t.after(() => server.close());
    assert.equal(await refusedLate(server.port, CLOSE), 400);
  });

  test("gets the 500 of a guarded handler that fails where the connection ends with it", async (t) => {
    const sessions = createSessions({ opens: () => true, ...LARGE, onEvent() {} });
    const server = await serveGuarded(sessions, () => {
      throw new Error("it fails");
    });
    t.after(() => server.close());
    assert.equal(await refusedLate(server.port, CLOSE), 500);
  });
});

describe("a client that sends no more of its body, where the connection ends with the answer", () => {
  const declared: Fields = [["Content-Length", String(LIMIT + 1)]];
  const parts: Record<string, { fields: Fields; text?: string; status: number }> = {
    "nothing of one that declares too much": { fields: declared, status: 413 },
    "a part of that": { fields: declared, text: "x".repeat(1_000), status: 413 },
    "too much of one in chunks": {
      fields: [["Transfer-Encoding", "chunked"]],
      text: `${(LIMIT + 1).toString(16)}\r\n${"x".repeat(LIMIT + 1)}\r\n`,
      status: 413,
    },
    "nothing of one of another type": {
      fields: [["Content-Length", "2"], ["Content-Type", "text/plain"]],
      status: 415,
    },
  };
  for (const [what, { fields, text = "", status }] of Object.entries(parts)) {
    test(`${what}: gets its ${status}, and the end`, { timeout: 10_000 }, async (t) => {
      const peer = await join(await up(t, app(), LIMITS));
      const line = await Line.dial(peer.port);
      line.send({
        method: "POST",
        fields: merged(merged(POST_FIELDS, peer.fields), [...fields, ...CLOSE]),
      });
      line.write(text);
      assert.equal((await line.answer()).status, status);
      // Deno waits for the rest for as long as it takes.
      if (runtime !== "deno") await line.ended();
      line.cut();
    });
  }
});

describe("a body that is no text or no JSON", () => {
  const bytes: Record<string, Uint8Array> = {
    "a lone continuation byte": Uint8Array.of(0x22, 0x80, 0x22),
    "an overlong form": Uint8Array.of(0x22, 0xc0, 0xaf, 0x22),
    "a surrogate": Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
    "a character cut short": Uint8Array.of(0x22, 0xe2, 0x82),
    "UTF-16": Uint8Array.of(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00),
  };
  for (const [name, body] of Object.entries(bytes)) {
    test(`${name}: 400 -32700`, async (t) => {
      const server = await up(t, app());
      refused(await ask(server.port, { method: "POST", fields: POST_FIELDS, body }), PARSE);
      const chunks = [...body].map((one) => Uint8Array.of(one));
      refused(await ask(server.port, { method: "POST", fields: POST_FIELDS, chunks }), PARSE);
    });
  }

  for (const text of ["", " ", "{", "{]", "hello", '{"a":1}{"b":2}', "{'a':1}", "[1,]", "NaN"]) {
    test(`${JSON.stringify(text)}: 400 -32700`, async (t) => {
      refused(await ask((await up(t, app())).port, posting(text)), PARSE);
    });
  }
});

test("U+FFFD may stand in a text, and a byte order mark before it", async (t) => {
  const server = await up(t, app());
  const { fields } = await join(server);
  const message = JSON.stringify({ jsonrpc: "2.0", id: "\ufffd", method: "ping" });
  for (const body of [message, `\ufeff${message}`]) {
    const answer = await ask(server.port, {
      method: "POST",
      fields: merged(POST_FIELDS, fields),
      body,
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.id, "\ufffd");
  }
});

describe("a body that is JSON but no message: 400 -32600", () => {
  const messages: readonly (readonly [string, (string | number)?])[] = [
    ["null"],
    ["1"],
    ['"text"'],
    ["[]"],
    ["[1]"],
    ["{}"],
    ['{"jsonrpc":"1.0","id":7,"method":"ping"}', 7],
    ['{"id":"a","method":"ping"}', "a"],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ['{"jsonrpc":"2.0","id":7}', 7],
    ['{"jsonrpc":"2.0","id":7,"method":5}', 7],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}', 7],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","params":"x"}', 7],
    ['{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}', 7],
    ['{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"x"}}'],
    ['{"jsonrpc":"2.0","id":7,"result":3}'],
    ['{"jsonrpc":"2.0","result":{}}'],
  ];
  for (const [text, id] of messages) {
    test(`${text}: the id ${id === undefined ? "is absent" : `is ${JSON.stringify(id)}`}`, async (t) => {
      refused(await ask((await up(t, app())).port, posting(text)), { ...ENVELOPE, id });
    });
  }
});

describe("a number that is refused is named, and what would be accepted", () => {
  const messages: readonly (readonly [string, string])[] = [
    ['{"jsonrpc":"2.0","id":1e400,"method":"ping"}', "id is Infinity"],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":-1e400}', "params is -Infinity"],
    [
      '{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
      "a string or an integer from -9007199254740991 to",
    ],
    ['{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}', "to 9007199254740991"],
  ];
  for (const [text, says] of messages) {
    test(text, async (t) => {
      const got = await ask((await up(t, app())).port, posting(text));
      assert.ok(got.json.error.message.includes(says), got.body);
    });
  }
});

describe("Content-Type", () => {
  const types: readonly (readonly [string | undefined, number])[] = [
    ["application/json", 200],
    ["Application/JSON", 200],
    ["application/json;charset=utf-8", 200],
    ["application/json ; charset=utf-8; x=y", 200],
    [undefined, 415],
    ["", 415],
    ["text/plain", 415],
    ["application/jsonx", 415],
    ["application/json-rpc", 415],
    ["text/application/json", 415],
    ["text/plain; application/json", 415],
    ["application/json, text/plain", 415],
  ];
  for (const [type, status] of types) {
    test(`${type ?? "none"}: ${status}`, async (t) => {
      const out = initialize();
      const rest = out.fields!.filter(([name]) => name !== "Content-Type");
      const fields: Fields = type === undefined ? rest : [...rest, ["Content-Type", type]];
      assert.equal((await ask((await up(t, app())).port, { ...out, fields })).status, status);
    });
  }

  test("is not asked of GET and DELETE", async (t) => {
    const peer = await join(await up(t, app()));
    const answer = await peer.get(undefined, [["Content-Type", "text/plain"]]);
    assert.equal(answer.status, 200);
    answer.line.cut();
    assert.equal((await peer.end()).status, 204);
  });
});

test("a client that leaves in the middle of its body costs nothing", async (t) => {
  const events: string[] = [];
  const server = await up(t, app(), { onEvent: (event) => void events.push(event.type) });
  const line = await Line.dial(server.port);
  line.send({ method: "POST", fields: [...POST_FIELDS, ["Content-Length", "1000"]], body: "{" });
  const peer = await join(server);
  line.cut();
  while (!events.includes("rejected")) await peer.post(notification("x"));
  assert.deepEqual(await server.mcp.stats(), { sessions: 1, streams: 0, inFlight: 0, aborted: 0 });
});

describe("Node's listener, on any runtime, takes a body whole", () => {
  for (const bytes of [60_000, 66_000, 100_000, 130_000, 200_000, 1_000_000]) {
    test(`of ${bytes} bytes`, async (t) => {
      const handler = createMcpHandler(
        app((one) => ({ length: (one.params!.text as string).length })),
        {
          sessions: "optional",
        },
      );
      const listener = await serveListener(handler);
      t.after(() => listener.close());
      const text = "x".repeat(bytes);
      for (let i = 0; i < 3; i++) {
        const got = await ask(listener.port, posting(request(1, "x", { text })));
        assert.deepEqual(got.json.result, { length: bytes }, got.body);
      }
    });
  }
});

describe("a body that something before Node's listener has read", () => {
  const taps: { readonly [what: string]: (request: IncomingMessage) => Promise<void> | void } = {
    "as it comes": (request) => void request.on("data", () => {}),
    "to its end": async (request) => void await once(request.resume(), "end"),
  };
  for (const [what, tap] of Object.entries(taps)) {
    for (const chunked of [false, true]) {
      test(`${what} is never taken for an empty one, chunked ${chunked}`, async (t) => {
        const listener = nodeListener(createMcpHandler(app(), { sessions: "optional" }));
        const server = createServer(async (incoming, response) => {
          const read = tap(incoming);
          if (read !== undefined) await read;
          listener(incoming, response);
        });
        await once(server.listen(0, "127.0.0.1"), "listening");
        t.after(() => void server.close());
        const { port } = server.address() as { port: number };
        const body = chunked ? { chunks: [PING] } : { body: PING };
        const got = await ask(port, { method: "POST", fields: POST_FIELDS, ...body });
        // What came after both had asked for it, both have got.
        if (got.status !== 200) refused(got, { ...PARSE, says: "something before this handler" });
      });
    }
  }
});
