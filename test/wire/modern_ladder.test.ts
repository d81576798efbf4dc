/** WIRE.md, section 4: every check of the modern ladder, and that the first of two answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RpcError } from "../../core/engine/mod.ts";
import { ask, type Fields, type Outgoing } from "./harness/http.ts";
import { KEY, MODERN, modern, modernBody } from "./harness/modern.ts";
import { type Refusal, refused } from "./harness/refusal.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { BODY_LIMIT, draft, type Fault, FAULTS, outgoing } from "./modern_faults.ts";

const ROUTE = {
  name: "route",
  inputSchema: {
    type: "object",
    properties: { region: { type: "string", "x-mcp-header": "Region" } },
  },
};

const ends: (() => Promise<void>)[] = [];
/** What reached the application. */
let served: string[] = [];
let server: Server;

before(async () => {
  const application = app(({ method }) => {
    served.push(method);
    if (method === "needs/roots") {
      throw new RpcError(-32021, "roots", { requiredCapabilities: { roots: {} } });
    }
    return method === "x/unknown" ? undefined : {};
  }, {
    tools: () => [ROUTE],
    notification: ({ method }) => void served.push(method),
  });
  server = await up({ after: (end) => void ends.push(end) }, application, {
    limits: { bodyBytes: BODY_LIMIT },
    authenticate: ({ headers }) =>
      headers.get("x-credentials") === "no" ? new Response("who?", { status: 401 }) : undefined,
  });
});
after(async () => {
  for (const end of ends) await end();
});

/** Sends what is wrong; it leaves nothing behind and the application hears nothing of it. */
async function check(out: Outgoing, { answer }: Fault): Promise<void> {
  served = [];
  const got = await ask(server.port, out);
  if ("code" in answer) refused(got, answer);
  else assert.equal(got.status, answer.status);
  assert.equal(got.get("mcp-session-id"), undefined);
  assert.deepEqual(served, []);
  const { sessions, streams, inFlight } = await server.mcp.stats();
  assert.deepEqual({ sessions, streams, inFlight }, { sessions: 0, streams: 0, inFlight: 0 });
}

test("what the faults are made of is served as it is", async () => {
  const got = await ask(server.port, outgoing(draft()));
  assert.equal(got.status, 200, got.body);
  assert.equal(got.json.id, "call-1");
});

describe("a modern request that breaks one rule", () => {
  for (const fault of FAULTS) {
    test(fault.rule, async () => {
      const one = draft();
      fault.breaks(one);
      await check(outgoing(one), fault);
    });
  }
});

describe("of two broken rules the first answers", () => {
  FAULTS.forEach((first, at) => {
    for (const second of FAULTS.slice(at + 1)) {
      if (first.apart?.includes(second.rule)) continue;
      test(`${first.rule}, then ${second.rule}`, async () => {
        const one = draft();
        second.breaks(one);
        first.breaks(one);
        await check(outgoing(one), first);
      });
    }
  });
});

async function refusedWith(out: Outgoing, answer: Refusal): Promise<void> {
  await check(out, { rule: "", breaks: () => {}, answer });
}

describe("the body", () => {
  const one = JSON.parse(modern("tools/list").body);
  test("is no batch, not even of one", async () => {
    for (const batch of [[one], [one, one]]) {
      await refusedWith(modernBody(batch), { status: 400, code: -32600, says: "batch" });
    }
  });

  test("is no error response", async () => {
    const response = { jsonrpc: "2.0", id: 1, error: { code: 1, message: "" } };
    await refusedWith(modernBody(response), { status: 400, code: -32600, says: "response" });
  });

  test("has an id that is no null, no fraction", async () => {
    for (const id of [null, 1.5, {}, true]) {
      await refusedWith(modernBody({ ...one, id }), { status: 400, code: -32600 });
    }
  });
});

describe("_meta", () => {
  const without: readonly (readonly [string, { [key: string]: unknown }])[] = [
    ["no version", { [KEY.version]: undefined }],
    ["a version that is a number", { [KEY.version]: 20260728 }],
    ["no capabilities", { [KEY.capabilities]: undefined }],
    ["capabilities that are a list", { [KEY.capabilities]: [] }],
    ["capabilities that are null", { [KEY.capabilities]: null }],
    ["a log level that is none", { [KEY.logLevel]: "loud" }],
  ];
  for (const [name, meta] of without) {
    test(`with ${name}: 400, -32602`, () =>
      refusedWith(modern("tools/list", {}, { meta }), { status: 400, code: -32602, id: 1 }));
  }

  test("that is absent, or params that are: 400, -32602", async () => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const answer = { status: 400, code: -32602, id: 1 };
    for (const params of [undefined, {}, { _meta: [] }, { _meta: "x" }]) {
      await refusedWith(modernBody({ ...message, params }), answer);
    }
  });

  test("needs no clientInfo", async () => {
    const got = await ask(
      server.port,
      modern("tools/list", {}, { meta: { [KEY.clientInfo]: undefined } }),
    );
    assert.equal(got.status, 200);
  });
});

describe("a required header", () => {
  for (const name of ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Param-Region"]) {
    test(`${name}: absent, empty`, async () => {
      for (const value of [null, ""]) {
        const params = { name: "route", arguments: { region: "eu" } };
        const out = modern("tools/call", params, {
          id: "call-1",
          fields: { "Mcp-Param-Region": "eu", [name]: value },
        });
        const got = await ask(server.port, out);
        assert.equal(got.status, 400, got.body);
        // An empty version header names no era; the body does, but later.
        const code = value === "" && name === "MCP-Protocol-Version" ? -32000 : -32020;
        assert.equal(got.json.error.code, code, got.body);
      }
    });

    test(`${name}: its name in any case`, async () => {
      const { fields, ...out } = modern("tools/call", {
        name: "route",
        arguments: { region: "eu" },
      }, {
        fields: { "Mcp-Param-Region": "eu" },
      });
      const turned = fields.map(([field, value]): [string, string] =>
        field === name ? [field.toUpperCase(), value] : [field, value]
      );
      assert.equal((await ask(server.port, { ...out, fields: turned })).status, 200);
      const lower = fields.map(([field, value]): [string, string] => [field.toLowerCase(), value]);
      assert.equal((await ask(server.port, { ...out, fields: lower })).status, 200);
    });
  }

  const named: readonly (readonly [string, string])[] = [
    ["tools/call", "name"],
    ["prompts/get", "name"],
    ["resources/read", "uri"],
  ];
  for (const [method, param] of named) {
    test(`Mcp-Name of ${method} is params.${param}, decoded`, async () => {
      for (
        const name of [
          "plain",
          "a, b",
          " padded ",
          "日本語 ünï",
          "=?base64?literal?=",
          "line\nbreak",
          "",
        ]
      ) {
        const got = await ask(server.port, modern(method, { [param]: name }));
        assert.equal(got.status, 200, `${name}: ${got.body}`);
      }
      const mismatch = { status: 400, code: -32020, says: "Mcp-Name", id: 1 };
      const wrong = [
        "other",
        "=?base64?b3RoZXI=?=",
        "=?base64?!!!?=",
        "=?base64?bmFtZQ?=",
        "=?base64?/w==?=",
      ];
      for (const value of wrong) {
        await refusedWith(
          modern(method, { [param]: "name" }, { fields: { "Mcp-Name": value } }),
          mismatch,
        );
      }
      await refusedWith(modern(method, {}, { fields: { "Mcp-Name": "name" } }), mismatch);
      await refusedWith(modern(method, {}), mismatch);
      await refusedWith(modern(method, {}, { fields: { "Mcp-Name": "=?base64?!?=" } }), mismatch);
      await refusedWith(modern(method, { [param]: 5 }, { fields: { "Mcp-Name": "5" } }), mismatch);
    });
  }

  test("Mcp-Name with bytes beyond ASCII is malformed", async () => {
    const out = modern("tools/call", { name: "caf\u00e9" }, {
      fields: { "Mcp-Name": "caf\u00e9" },
    });
    await refusedWith(out, { status: 400, code: -32020, says: "Mcp-Name" });
  });

  test("Mcp-Name is not asked for elsewhere", async () => {
    const got = await ask(
      server.port,
      modern("tools/list", {}, { fields: { "Mcp-Name": "whatever" } }),
    );
    assert.equal(got.status, 200);
  });
});

describe("methods", () => {
  const removed = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
  ];
  for (const method of removed) {
    test(`${method} is removed: 404, -32601`, () =>
      refusedWith(modern(method), { status: 404, code: -32601, says: method, id: 1 }));
  }

  test("that the application does not know: 404, -32601, with the id", async () => {
    for (const id of [7, "7", 0, ""]) {
      const got = await ask(server.port, modern("x/unknown", {}, { id }));
      refused(got, { status: 404, code: -32601, says: "x/unknown", id });
    }
  });

  test("that need a capability: 400, -32021, and which", async () => {
    const got = await ask(server.port, modern("needs/roots"));
    refused(got, { status: 400, code: -32021, id: 1 });
    assert.deepEqual(got.json.error.data, { requiredCapabilities: { roots: {} } });
  });
});

test("an unsupported version: what is supported and what was asked for", async () => {
  for (const version of ["1900-01-01", "2099-12-31", "v999.0.0", "2025-11-25", "DRAFT"]) {
    const out = modern("server/discover", {}, {
      meta: { [KEY.version]: version },
      fields: { "MCP-Protocol-Version": version },
    });
    const got = await ask(server.port, out);
    refused(got, { status: 400, code: -32022, says: version, id: 1 });
    assert.deepEqual(got.json.error.data, { supported: [MODERN], requested: version });
  }
});

describe("a notification", () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["notifications/cancelled", false],
    ["notifications/initialized", false],
    ["notifications/progress", false],
    ["notifications/roots/list_changed", false],
    ["notifications/example", true],
  ];
  for (const [method, heard] of cases) {
    test(`${method}: 202, nothing in it${heard ? "" : ", and goes nowhere"}`, async () => {
      served = [];
      const got = await ask(
        server.port,
        modernBody({ jsonrpc: "2.0", method, params: {} }, method),
      );
      assert.equal(got.status, 202);
      assert.equal(got.body, "");
      assert.equal(got.get("content-type"), undefined);
      assert.deepEqual(served, heard ? [method] : []);
    });
  }

  test("needs no _meta and no Mcp-Method", async () => {
    const body = { jsonrpc: "2.0", method: "notifications/example" };
    const got = await ask(server.port, modernBody(body, "", { fields: { "Mcp-Method": null } }));
    assert.equal(got.status, 202);
  });
});

describe("GET and DELETE", () => {
  for (const method of ["GET", "DELETE"]) {
    test(`${method}: 405, Allow: POST`, async () => {
      const fields: Fields = [["MCP-Protocol-Version", MODERN], ["Accept", "text/event-stream"]];
      const answer = { status: 405, code: -32000, fields: { allow: "POST" } };
      await refusedWith({ method, fields }, answer);
      const further: Fields = [["Mcp-Session-Id", "x"], ["Last-Event-ID", "y"]];
      await refusedWith({ method, fields: [...fields, ...further] }, answer);
    });
  }
});
