import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Application,
  createMcpHandler,
  createSessions,
  LIMITS,
  type McpOptions,
  memory,
  OptionError,
} from "../../core/engine/mod.ts";
import { readOptions } from "../../core/engine/options/read_options.ts";

const application: Application = {
  serverInfo: { name: "test", version: "1" },
  request: () => ({}),
};

/** An option that cannot be, its name, how its value is shown, and what would be accepted. */
type Wrong = readonly [options: object, name: string, shown: string, accepted: RegExp];

const circular: Record<string, unknown> = {};
circular.self = circular;

const wrong: readonly Wrong[] = [
  [{ session: "off" }, "session", "", /no such option.*sessions/],
  [{ sessions: "sometimes" }, "sessions", '"sometimes"', /required, optional, off/],
  [{ sessions: null }, "sessions", "null", /required, optional, off/],
  [{ sessions: true }, "sessions", "true", /required, optional, off/],
  [{ response: "xml" }, "response", '"xml"', /auto, json, sse/],
  [{ eras: "all" }, "eras", '"all"', /both, legacy, modern/],
  [{ staleInitialize: "adopt" }, "staleInitialize", '"adopt"', /reject, fresh/],
  [{ termination: "yes" }, "termination", '"yes"', /true or false/],
  [{ cors: 1 }, "cors", "1", /true or false/],
  [{ resumable: null }, "resumable", "null", /true or false/],
  [{ authenticate: "alice" }, "authenticate", '"alice"', /function/],
  [{ authenticate: { then: 1 } }, "authenticate", "an object", /function/],
  [{ onEvent: console }, "onEvent", "an object", /function/],
  [{ allowedHosts: "localhost" }, "allowedHosts", '"localhost"', /list of strings or "\*"/],
  [{ allowedHosts: ["a", 5] }, "allowedHosts", "5", /list of strings or "\*"/],
  [{ allowedHosts: ["http://a"] }, "allowedHosts", '"http://a"', /host name, or host:port/],
  [{ allowedHosts: ["a/b"] }, "allowedHosts", '"a/b"', /host name, or host:port/],
  [{ allowedHosts: ["*.a"] }, "allowedHosts", '"*.a"', /host name, or host:port/],
  [{ allowedHosts: ["*"] }, "allowedHosts", '"*"', /"\*" in place of the list is for all/],
  [{ allowedOrigins: 5 }, "allowedOrigins", "5", /list of strings or "\*"/],
  [{ allowedOrigins: ["http://a/"] }, "allowedOrigins", '"http://a/"', /origin.*host name/],
  [{ allowedOrigins: ["null"] }, "allowedOrigins", '"null"', /origin.*host name/],
  [{ keepAliveMs: -1 }, "keepAliveMs", "-1", /at least 0/],
  [{ keepAliveMs: "5" }, "keepAliveMs", '"5"', /at least 0/],
  [{ autoSseMs: NaN }, "autoSseMs", "NaN", /at least 0/],
  [{ limits: 5 }, "limits", "5", /object/],
  [{ limits: [] }, "limits", "an array", /object/],
  [{ limits: "many" }, "limits", '"many"', /object/],
  [{ limits: { session: 1 } }, "limits.session", "", /no such limit.*sessions/],
  [{ limits: { sessions: -Infinity } }, "limits.sessions", "-Infinity", /at least 1/],
  [{ limits: { sessions: 10n } }, "limits.sessions", "10", /at least 1/],
  [{ limits: { sessions: null } }, "limits.sessions", "null", /at least 1/],
  [{ limits: { sessions: circular } }, "limits.sessions", "an object", /at least 1/],
  [{ stateKeys: [new Uint8Array(31)] }, "stateKeys", "", /32 bytes/],
  [{ stateKeys: [] }, "stateKeys", "", /at least one key, a Uint8Array of 32 bytes/],
  [{ stateKeys: "secret" }, "stateKeys", "", /32 bytes/],
  [{ backend: {} }, "backend", "an object", /sessions, logs and bus/],
  [{ backend: "redis" }, "backend", '"redis"', /sessions, logs and bus/],
  [{ backend: { ...memory(), bus: undefined } }, "backend", "an object", /sessions, logs and bus/],
  [{ backend: memory }, "backend", "a function", /sessions, logs and bus/],
  [{ clock: Date }, "clock", "a function", /now and after/],
  [{ clock: { now: () => 0 } }, "clock", "an object", /now and after/],
];

describe("a wrong option throws where the handler is made", () => {
  wrong.forEach(([options, name, shown, accepted], i) => {
    test(`${i + 1}: ${name}, which names itself, its value and what is accepted`, () => {
      const thrown = errorOf(() => createMcpHandler(application, options as McpOptions));
      assert.ok(thrown instanceof OptionError, String(thrown));
      assert.ok(thrown instanceof TypeError);
      assert.equal(thrown.option, name);
      assert.ok(thrown.message.startsWith(`${name}: `), thrown.message);
      assert.ok(thrown.message.includes(shown), thrown.message);
      assert.match(thrown.message, accepted);
    });
  });

  for (const [name, { least }] of Object.entries(LIMITS)) {
    test(`limits.${name} below ${least}, no number or not a number`, () => {
      for (const value of [least - 1, "5", NaN, {}]) {
        const limits = { [name]: value };
        const thrown = errorOf(() => createMcpHandler(application, { limits } as McpOptions));
        assert.ok(thrown instanceof OptionError, String(thrown));
        assert.equal(thrown.option, `limits.${name}`);
        assert.match(thrown.message, new RegExp(`at least ${least}`));
      }
      createMcpHandler(application, { limits: { [name]: least } });
      createMcpHandler(application, { limits: { [name]: Infinity } });
    });
  }

  test("options that are none at all", () => {
    for (const options of [null, 5, "off"]) {
      const thrown = errorOf(() => createMcpHandler(application, options as unknown as McpOptions));
      assert.ok(thrown instanceof OptionError, String(thrown));
      assert.equal(thrown.option, "options");
    }
  });

  test("of the guard as of the handler", () => {
    const opens = () => true;
    const cases: readonly (readonly [object | undefined, string])[] = [
      [{}, "opens"],
      [undefined, "opens"],
      [{ opens: "/init" }, "opens"],
      [{ opens, sesions: "off" }, "sesions"],
      [{ opens, limits: { sessions: 0 } }, "limits.sessions"],
      [{ opens, sessions: "required" }, "sessions"],
      [{ opens, response: "json" }, "response"],
      [{ opens, keepAliveMs: 5 }, "keepAliveMs"],
      [{ opens, eras: "both" }, "eras"],
      [{ opens, limits: { inFlight: 5 } }, "limits.inFlight"],
      [{ opens, limits: { logBytes: 5 } }, "limits.logBytes"],
    ];
    for (const [options, name] of cases) {
      const thrown = errorOf(() => createSessions(options as never));
      assert.ok(thrown instanceof OptionError, String(thrown));
      assert.equal(thrown.option, name);
    }
    createSessions({ opens });
  });
});

describe("options that are left out, or undefined", () => {
  test("have the defaults that the limits table names", () => {
    for (const options of [{}, { limits: undefined, sessions: undefined, backend: undefined }]) {
      const settings = readOptions(options as McpOptions);
      const { policy, capacity, lifetime, budget } = settings;
      assert.deepEqual({
        bodyBytes: policy.limits.bodyBytes,
        initializeBytes: policy.limits.initializeBytes,
        sessions: capacity.sessions,
        sessionsPerPrincipal: capacity.perPrincipal,
        idleMs: lifetime.idleMs,
        maxAgeMs: lifetime.maxAgeMs,
        inFlight: policy.limits.inFlight,
        streams: policy.limits.streams,
        inFlightPerPrincipal: policy.limits.inFlightPerPrincipal,
        subscriptions: policy.limits.subscriptions,
        subscriptionsPerPrincipal: policy.limits.subscriptionsPerPrincipal,
        requestStateMs: settings.requestStateMs,
        batch: policy.limits.batch,
        queuedBytes: settings.queuedBytes,
        logEvents: budget.events,
        logBytes: budget.bytes,
        sessionLogBytes: budget.sessionBytes,
        logAgeMs: budget.ageMs,
      }, Object.fromEntries(Object.entries(LIMITS).map(([name, row]) => [name, row.default])));
    }
  });

  test("are strict where the protocol leaves a choice, and answer loopback names only", () => {
    const { policy, resumable, authenticate } = readOptions({});
    const { sessions, termination, staleInitialize, response, cors, eras } = policy;
    assert.deepEqual({ sessions, termination, staleInitialize, response, cors, eras }, {
      sessions: "required",
      termination: true,
      staleInitialize: "reject",
      response: "auto",
      cors: false,
      eras: "both",
    });
    assert.deepEqual(policy.allowedHosts, [
      { host: "localhost", port: undefined },
      { host: "127.0.0.1", port: undefined },
      { host: "[::1]", port: undefined },
    ]);
    assert.deepEqual(
      policy.allowedOrigins,
      (policy.allowedHosts as { host: string; port: undefined }[]).map((one) => ({
        scheme: undefined,
        ...one,
      })),
    );
    assert.equal(resumable, true);
    assert.equal(authenticate, undefined);
  });
});

test("an application without a way to say who it is throws where the handler is made", () => {
  const nameless = { request: () => ({}) } as unknown as Application;
  assert.throws(() => createMcpHandler(nameless), OptionError);
});

function errorOf(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  assert.fail("nothing was thrown");
}
