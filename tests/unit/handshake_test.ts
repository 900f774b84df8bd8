import assert from "node:assert/strict";
import { test } from "node:test";
import { checkForm, checkOrigin, chooseSubProtocol } from "../../src/handshake.ts";
import type { ReadHeader } from "../../src/http.ts";
import { type ServiceConfig, toServiceRules } from "../../src/service_config.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { silent, toHost } from "./support.ts";
import { takesLinearTime } from "./timing.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const good: Readonly<Record<string, string>> = {
  host: "example.com",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": KEY,
};

function headers(more: Readonly<Record<string, string | null>> = {}): ReadHeader {
  const all = new Map(Object.entries({ ...good, ...more }));
  return (name) => all.get(name) ?? null;
}

function form(more: Readonly<Record<string, string | null>>, method = "GET"): number | undefined {
  return checkForm(method, headers(more))?.status;
}

test("checkForm() passes a handshake as clients send it", () => {
  assert.equal(form({}), undefined);
  for (const upgrade of ["WebSocket", "WEBSOCKET"]) assert.equal(form({ upgrade }), undefined);
  for (const connection of ["upgrade", "keep-alive, Upgrade", "keep-alive,\tUPGRADE ", "a,upgrade,b", ",upgrade"]) {
    assert.equal(form({ connection }), undefined, connection);
  }
  assert.equal(form({ "content-length": "0" }), undefined);
  for (const host of [null, "example.com:8080", "[::1]:8080"]) assert.equal(form({ host }), undefined, String(host));
});

const refusals: [title: string, more: Record<string, string | null>, status: number][] = [
  ["no Upgrade", { upgrade: null }, 426],
  ["another Upgrade", { upgrade: "h2c" }, 426],
  ["an empty Upgrade", { upgrade: "" }, 426],
  ["no Connection", { connection: null }, 400],
  ["Connection: close", { connection: "close" }, 400],
  ["a Connection that only holds the word", { connection: "xupgrade, upgrade-x" }, 400],
  ["no version", { "sec-websocket-version": null }, 426],
  ["version 8", { "sec-websocket-version": "8" }, 426],
  ["version 013", { "sec-websocket-version": "013" }, 426],
  ["two versions", { "sec-websocket-version": "13, 13" }, 426],
  ["no key", { "sec-websocket-key": null }, 400],
  ["an empty key", { "sec-websocket-key": "" }, 400],
  ["a key of 15 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25j" }, 400],
  ["a key of 17 bytes", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZTE=" }, 400],
  ["a key with bits too many", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZR==" }, 400],
  ["a key in base64url", { "sec-websocket-key": "dGhlIHNhbXBsZSBub25j_A==" }, 400],
  ["two keys", { "sec-websocket-key": `${KEY}, ${KEY}` }, 400],
  ["a key with a line break", { "sec-websocket-key": `${KEY.slice(0, 23)}\n` }, 400],
  ["a Host with a path", { host: "example.com/chat" }, 400],
  ["an empty Host", { host: "" }, 400],
  ["a body", { "content-length": "5" }, 400],
  ["a chunked body", { "transfer-encoding": "chunked" }, 400],
];
for (const [title, more, status] of refusals) {
  test(`checkForm() refuses ${title} with ${status} and one line of advice`, async () => {
    const response = checkForm("GET", headers(more), toHost(silent(), new FakeClock()));
    assert.equal(response?.status, status);
    assert.match(await response.text(), /^[^\n]+\n$/);
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
    if (status === 426) {
      assert.equal(response.headers.get("sec-websocket-version"), "13");
      assert.equal(response.headers.get("upgrade"), "websocket");
    }
  });
}

test("checkForm() passes a list of extensions, known or not, and refuses with 400 what is none (RFC 6455, section 9.1)", () => {
  const lists = [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate;server_max_window_bits=10 ;\tclient_max_window_bits , permessage-deflate",
    'a; b="c"; d=e, f; g="\\h\\i"',
    "a; b = c",
    "x!#$%&'*+-.^_`|~9",
    // Elements that are empty count for nothing.
    "",
    ",",
    " , a,, b\t,",
  ];
  for (const list of lists) assert.equal(form({ "sec-websocket-extensions": list }), undefined, list);
  const others = ["=", ";", "a;", "a;;b", "a; =b", "a; b=", "a b", "a; b c", "a/b", 'a; b="', 'a; b=""', 'a; b="c d"'];
  for (const list of [
    ...others,
    'a; b="c"d',
    'a; b="c\\"',
    '"a"',
    "a=b",
    "é",
    "a\nb",
    "x-webkit- -frame",
    "a; b=(c)",
  ]) {
    assert.equal(form({ "sec-websocket-extensions": list }), 400, list);
  }
});

test("checkForm() refuses other methods with 405 and Allow", () => {
  for (const method of ["POST", "HEAD", "OPTIONS", "CONNECT", "get"]) {
    const response = checkForm(method, headers());
    assert.equal(response?.status, 405);
    assert.equal(response.headers.get("allow"), "GET");
  }
});

test("checkForm() quotes what the peer sent, so that it forges nothing", async () => {
  const response = checkForm("GET", headers({ upgrade: 'x"\u0085<script>' }));
  assert.equal(await response?.text(), 'Upgrade to websocket, not to "x\\"\\u0085<script>"\n');
});

function origin(origins: ServiceConfig["origins"], more: Record<string, string | null>): number | undefined {
  return checkOrigin(toServiceRules(origins === undefined ? {} : { origins }).origins, headers(more))?.status;
}

test("R25 a request without Origin passes, whatever is allowed", () => {
  for (const origins of [undefined, "*", [], ["https://a.example"]] as const)
    assert.equal(origin(origins, {}), undefined);
});

test("R25 the same host and port pass, default ports being none, whatever the scheme", () => {
  for (const [from, host] of [
    ["https://example.com", "example.com"],
    ["http://example.com", "example.com:80"],
    ["https://example.com", "example.com:443"],
    ["https://example.com:443", "EXAMPLE.com"],
    ["http://EXAMPLE.com:8080", "example.com:8080"],
    ["http://[::1]:8080", "[::1]:8080"],
    ["http://127.0.0.1", "127.0.0.1"],
  ] as const) {
    assert.equal(origin(undefined, { origin: from, host }), undefined, `${from} ${host}`);
  }
});

test("R25 any other origin is refused with 403", () => {
  for (const [from, host] of [
    ["https://evil.example", "example.com"],
    ["https://example.com.evil.example", "example.com"],
    ["https://sub.example.com", "example.com"],
    ["https://example.com:8443", "example.com"],
    ["https://example.com", "example.com:8443"],
    ["null", "example.com"],
    ["null", "null"],
    ["null", "ull"],
    ["https://null", null],
    ["https://axample.com", "example.com"],
    ["", "example.com"],
    ["example.com", "example.com"],
    ["https://example.com/", "example.com"],
    ["https://example.com@evil.example", "example.com"],
    ["https://evil.example#example.com", "example.com"],
    ["https://example.com, https://example.com", "example.com"],
    ["file://", ""],
    ["https://example.com", null],
    ["https://example.com", "user@example.com"],
    ["https://example.com", "example.com/path"],
  ] as const) {
    assert.equal(origin(undefined, { origin: from, host }), 403, `${from} ${host}`);
  }
});

test("R25 a list allows what it holds, and not the same origin by itself", () => {
  const list = ["https://a.example", "http://b.example:8080", "null"];
  for (const from of ["https://a.example", "HTTPS://A.example:443", "http://b.example:8080", "null"]) {
    assert.equal(origin(list, { origin: from }), undefined, from);
  }
  for (const from of ["http://a.example", "https://b.example:8080", "https://a.example.", "https://example.com", "x"]) {
    assert.equal(origin(list, { origin: from }), 403, from);
  }
  assert.equal(origin("*", { origin: "https://evil.example" }), undefined);
});

function choose(config: ServiceConfig, list: string | null): string | number {
  const chosen = chooseSubProtocol(toServiceRules(config), headers({ "sec-websocket-protocol": list }));
  return typeof chosen === "string" ? chosen : chosen.status;
}

test("R24 the first that the client lists and the service speaks is chosen, and nothing else is echoed", () => {
  const subProtocols = ["a", "b"];
  assert.equal(choose({ subProtocols }, "b, a"), "b");
  assert.equal(choose({ subProtocols }, "x,\ta"), "a");
  assert.equal(choose({ subProtocols }, "x, y"), "");
  assert.equal(choose({ subProtocols }, "A"), "");
  assert.equal(choose({ subProtocols }, null), "");
  assert.equal(choose({}, "a"), "");
});

test("R24 a list that is none is refused with 400, whether or not the service speaks any", () => {
  for (const list of ["", ",", "a,", ",a", "a,,b", "a b", "a, a", "a;q=1", "é", '"a"']) {
    assert.equal(choose({}, list), 400, list);
    assert.equal(choose({ subProtocols: ["a"] }, list), 400, list);
  }
});

test("R24 a list of 100 is read, one of 101 is refused with 400", () => {
  const list = Array.from({ length: 100 }, (_, i) => `p${i}`);
  assert.equal(choose({ subProtocols: ["p99"] }, list.join()), "p99");
  assert.equal(choose({ subProtocols: ["p99"] }, [...list, "p100"].join()), 400);
});

const LONG = 65_536;
const EXTENSIONS = "sec-websocket-extensions";
const long: [title: string, header: string, value: string][] = [
  ...["a", ",", " ", "\t", "a,", "upgrade", "=", "\u00e9"].flatMap((unit): [string, string, string][] => {
    const value = unit.repeat(LONG / unit.length);
    return [
      "upgrade",
      "connection",
      "sec-websocket-version",
      "sec-websocket-key",
      "sec-websocket-protocol",
      EXTENSIONS,
    ].map((header) => [`${header} of ${JSON.stringify(unit)}`, header, value]);
  }),
  ...["a", "é", "é.", "a.", "1.", ":", "@", "/", "[", "%C3%A9", "xn--", "\t", ":443", "?", "#"].flatMap(
    (unit): [string, string, string][] => [
      [`origin of ${JSON.stringify(unit)}`, "origin", `https://${unit.repeat(LONG / unit.length)}`],
      [`host of ${JSON.stringify(unit)}`, "host", unit.repeat(LONG / unit.length)],
    ],
  ),
  ["distinct protocols", "sec-websocket-protocol", Array.from({ length: 13_000 }, (_, i) => String(i)).join()],
];
for (const [title, header, value] of long) {
  test(`64 KiB do not hold the handshake up: ${title}`, async () => {
    const rules = toServiceRules({ subProtocols: ["a"] });
    const read = headers({ origin: "https://example.com", [header]: value });
    await takesLinearTime(() => {
      checkForm("GET", read);
      checkOrigin(rules.origins, read);
      chooseSubProtocol(rules, read);
    });
  });
}
