import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type AllowedOrigin,
  type Authority,
  hostAllowed,
  LOOPBACK_HOSTS,
  originAllowed,
  parseAuthority,
  parseOrigin,
} from "../../core/mod.ts";

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address.toLowerCase()}]`),
  fc.constantFrom(...LOOPBACK_HOSTS),
);
const port = fc.option(fc.integer({ min: 0, max: 65535 }), { nil: undefined });
const scheme = fc.constantFrom("http", "https", "chrome-extension", "a", "web+app", "x-1.5");

/** What an attacker would put before, into or behind a name that is allowed. */
const evil = fc.oneof(
  fc.constantFrom("@", "/", "\\", "?", "#", " ", "\t", "\n", "\0", "%", "%40", ":", "::", ".", ","),
  fc.constantFrom(
    "evil.com",
    ".evil.com",
    "@evil.com",
    "/evil.com",
    "evil.com/",
    "user:pass@",
    "-",
  ),
  fc.constantFrom("\u3002", "\u0130", "\u212a", "\uff0e", "\u200b", "ı", "ſ"),
  fc.string({ minLength: 1, maxLength: 4 }),
);

/** A text that is nearly one that would be accepted. */
function tampered(original: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(original, evil, fc.nat(80)).map(([text, inserted, at]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + inserted + text.slice(place);
  });
}

const hosts: readonly Authority[] = LOOPBACK_HOSTS.map((name) => parseAuthority(name)!);
const origins: readonly AllowedOrigin[] = hosts.map((one) => ({ scheme: undefined, ...one }));

describe("an authority", () => {
  test("is read back from how it is written, in any case", () => {
    fc.assert(fc.property(host, port, fc.boolean(), (host, port, upper) => {
      const text = port === undefined ? host : `${host}:${port}`;
      assert.deepEqual(parseAuthority(upper ? text.toUpperCase() : text), { host, port });
    }));
  });

  test("is nothing but a host and a port, whatever the text", () => {
    const written = fc.tuple(host, port).map(([host, port]) =>
      port === undefined ? host : `${host}:${port}`
    );
    fc.assert(
      fc.property(fc.oneof(tampered(written), fc.string()), (text) => {
        const found = parseAuthority(text);
        if (found === undefined) return;
        assert.doesNotMatch(text, /[@/\\?#%\s,]/);
        // Printable ASCII only: no character that a browser would fold into another.
        assert.match(text, /^[\x21-\x7e]+$/);
        const colon = found.port === undefined ? "" : text.slice(text.lastIndexOf(":"));
        assert.equal(found.host + colon, text.toLowerCase());
      }),
      { numRuns: 2000 },
    );
  });

  test("has a port of at most 65535, or none", () => {
    assert.deepEqual(parseAuthority("a:65535"), { host: "a", port: 65535 });
    for (const text of ["a:65536", "a:", "a:x", "a:-1", "a:1:2", ":80", "a:123456"]) {
      assert.equal(parseAuthority(text), undefined, text);
    }
  });

  test("of a hostile length is read in no time", { timeout: 5_000 }, () => {
    for (const piece of ["a", "a.", "a-", "-", ".", "[", ":", "1:"]) {
      assert.equal(parseAuthority(piece.repeat(60_000) + "!"), undefined);
    }
  });
});

describe("an origin", () => {
  test("is read back from how it is written", () => {
    fc.assert(fc.property(scheme, host, port, (scheme, host, port) => {
      const text = `${scheme}://${host}${port === undefined ? "" : `:${port}`}`;
      assert.deepEqual(parseOrigin(text), { scheme, host, port });
    }));
  });

  test("never is what is no origin", () => {
    for (
      const text of [
        ...["null", "", "localhost", "//localhost", "http:localhost", "http:/localhost"],
        ...["http://", "http://localhost/", "http://localhost/x", "http://localhost?x"],
        ...[
          "http://localhost#x",
          "http://u@localhost",
          "http://u:p@localhost",
          "http://localhost:",
        ],
        ...["http://localhost http://localhost", "http://localhost, http://localhost"],
        "http://localhost\nevil.com",
        ...["http://local host", "http://localhost\t", " http://localhost", "1http://localhost"],
        ...["http://[::1", "http://::1", "http://[::1]x", "http://localhost.", "http://.localhost"],
      ]
    ) assert.equal(parseOrigin(text), undefined, JSON.stringify(text));
  });

  test("that is allowed is one whose host the platform's URL parser finds allowed too", () => {
    const written = fc.tuple(scheme, fc.constantFrom(...LOOPBACK_HOSTS), port).map((
      [scheme, host, port],
    ) => `${scheme}://${host}${port === undefined ? "" : `:${port}`}`);
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(tampered(written), written), (text) => {
        if (!originAllowed(text, origins)) return;
        accepted++;
        const url = new URL(text);
        assert.ok(LOOPBACK_HOSTS.includes(url.hostname.toLowerCase()), text);
        assert.equal(url.username + url.password + url.search + url.hash, "", text);
        assert.match(url.pathname, /^\/?$/, text);
      }),
      { numRuns: 5000 },
    );
    assert.ok(accepted > 100, `only ${accepted} texts were accepted at all`);
  });

  test("of an attacker is refused", () => {
    for (
      const text of [
        ...["http://localhost.evil.com", "http://localhost:80@evil.com", "http://evil.com"],
        ...["http://127.0.0.1.evil.com", "http://127.0.0.12", "http://evillocalhost"],
        ...[
          "http://localhost@evil.com",
          "http://[::1].evil.com",
          "http://[::11]",
          "http://x.localhost",
        ],
      ]
    ) assert.equal(originAllowed(text, origins), false, text);
  });
});

describe("an allowed origin", () => {
  const full: readonly AllowedOrigin[] = [
    { scheme: "https", host: "app.example", port: undefined },
    { scheme: "http", host: "app.example", port: 8080 },
    { scheme: "http", host: "plain.example", port: undefined },
    { scheme: "app", host: "plain.example", port: undefined },
  ];
  const found: readonly (readonly [string, boolean])[] = [
    ["https://app.example", true],
    ["https://app.example:443", true],
    ["HTTPS://APP.example", true],
    ["http://app.example:8080", true],
    ["http://app.example", false],
    ["https://app.example:8443", false],
    ["http://app.example:443", false],
    ["https://app.example:8080", false],
    ["https://www.app.example", false],
    ["http://plain.example:80", true],
    ["http://plain.example:443", false],
    ["app://plain.example", true],
    ["app://plain.example:80", false],
  ];
  test("in full stands for its scheme, host and port, a default port written or not", () => {
    for (const [text, allowed] of found) assert.equal(originAllowed(text, full), allowed, text);
  });

  test("by name and port stands for that port alone, by name alone for every port", () => {
    const named: readonly AllowedOrigin[] = [
      { scheme: undefined, host: "a.example", port: 3000 },
      { scheme: undefined, host: "b.example", port: undefined },
    ];
    assert.ok(originAllowed("http://a.example:3000", named));
    assert.ok(!originAllowed("http://a.example", named));
    assert.ok(originAllowed("https://b.example:1", named));
  });

  test("`*` allows every origin, and still nothing that is none", () => {
    assert.ok(originAllowed("https://anything.example:1", "*"));
    assert.ok(!originAllowed("null", "*"));
    assert.ok(!originAllowed("https://a, https://b", "*"));
  });
});

describe("a host", () => {
  test("is allowed by name for any port, and by name and port for one", () => {
    const allowed: readonly Authority[] = [
      { host: "a.example", port: undefined },
      { host: "b.example", port: 8080 },
    ];
    for (const field of ["a.example", "A.EXAMPLE:1", "b.example:8080"]) {
      assert.ok(hostAllowed(field, allowed), field);
    }
    for (
      const field of [
        ...["", "b.example", "b.example:80", "c.example", "a.example, a.example"],
        ...["a.example;1", "a.example91", "a.example:000080", "a.example:65536", "a.example:"],
      ]
    ) assert.ok(!hostAllowed(field, allowed), field);
  });

  test("`*` allows every host", () => assert.ok(hostAllowed("anything at all", "*")));

  test("that is tampered with is refused, or is the same host still", () => {
    const written = fc.constantFrom(...LOOPBACK_HOSTS);
    fc.assert(
      fc.property(tampered(written), (text) => {
        if (hostAllowed(text, hosts)) {
          assert.ok(LOOPBACK_HOSTS.includes(text.toLowerCase().replace(/:\d+$/, "")), text);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
