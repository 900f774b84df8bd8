/** Opening handshakes, right and wrong: RFC 6455, section 4.2, and R22 to R25. */
import assert from "node:assert/strict";
import type { ServiceConfig } from "../../mod.ts";
import {
  ACCEPT,
  dial,
  type HandshakeOptions,
  type HttpResponse,
  request,
  toHandshake,
  turn,
} from "../kit/raw_client.ts";
import type { Define, WireServer } from "./harness.ts";

/** A handshake, the status that answers it, and the gap of an engine that answers otherwise. */
type Case = readonly [title: string, handshake: HandshakeOptions, status: number, key?: string];

const form: readonly Case[] = [
  ["that is right", {}, 101],
  ["with the key missing", { headers: { "Sec-WebSocket-Key": null } }, 400],
  ["with an empty key", { key: "" }, 400],
  [
    "with a key twice",
    { headers: { "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="] } },
    400,
  ],
  ["with a key of 15 bytes", { key: "dGhlIHNhbXBsZSBub25j" }, 400],
  ["with a key of 17 bytes", { key: "dGhlIHNhbXBsZSBub25jZWU=" }, 400],
  ["with a key without filler", { key: "dGhlIHNhbXBsZSBub25jZQ" }, 400],
  ["with a key that is not canonical base64", { key: "dGhlIHNhbXBsZSBub25jZR==" }, 400],
  ["with a key that is not base64", { key: "dGhlIHNhbXBsZSBub25jZ-==" }, 400],
  ["with the version missing", { headers: { "Sec-WebSocket-Version": null } }, 426],
  ["with version 8", { headers: { "Sec-WebSocket-Version": "8" } }, 426],
  ["with version 12", { headers: { "Sec-WebSocket-Version": "12" } }, 426],
  ['with version "13, 12"', { headers: { "Sec-WebSocket-Version": "13, 12" } }, 426],
  ["with version 13 and 12 in two lines", { headers: { "Sec-WebSocket-Version": ["13", "12"] } }, 426],
  ["with version 013", { headers: { "Sec-WebSocket-Version": "013" } }, 426],
  ["with Connection missing", { headers: { Connection: null } }, 400],
  ["with Connection: keep-alive", { headers: { Connection: "keep-alive" } }, 400],
  ["with Connection: keep-alive, Upgrade", { headers: { Connection: "keep-alive, Upgrade" } }, 101],
  ["with Connection: UPGRADE", { headers: { Connection: "UPGRADE" } }, 101],
  ["with Connection in two lines", { headers: { Connection: ["keep-alive", "Upgrade"] } }, 101],
  ["with Connection: Upgraded", { headers: { Connection: "Upgraded" } }, 400],
  ["with Upgrade missing", { headers: { Upgrade: null } }, 426],
  ["with Upgrade: WebSocket", { headers: { Upgrade: "WebSocket" } }, 101],
  ["with Upgrade: h2c", { headers: { Upgrade: "h2c" } }, 426],
  ["with Upgrade: websocket, h2c", { headers: { Upgrade: "websocket, h2c" } }, 426],
  ["with neither Upgrade nor Connection", { headers: { Upgrade: null, Connection: null } }, 426],
  ["by POST", { method: "POST" }, 405],
  ["by DELETE", { method: "DELETE" }, 405],
  ["by HEAD", { method: "HEAD" }, 405],
  ["by POST with a body of no bytes", { method: "POST", headers: { "Content-Length": "0" } }, 405, "upgradeBody"],
  ["by PUT with a body", { method: "PUT", headers: { "Content-Length": "5" } }, 405, "upgradeBody"],
  ["in HTTP/1.0", { version: "HTTP/1.0" }, 400, "http10"],
  ["with Content-Length: 0, as Java writes it", { headers: { "Content-Length": "0" } }, 101, "upgradeBody"],
  ["with Content-Length: 5", { headers: { "Content-Length": "5" } }, 400, "upgradeBody"],
  ["with a chunked body", { headers: { "Transfer-Encoding": "chunked" } }, 400, "upgradeBody"],
  ["to a path without a service", { path: "/nowhere" }, 404],
  ["by POST to a path without a service", { path: "/nowhere", method: "POST" }, 404],
  ["with an empty subprotocol", { headers: { "Sec-WebSocket-Protocol": "" } }, 400],
  ["with a subprotocol missing between commas", { headers: { "Sec-WebSocket-Protocol": "a,,b" } }, 400],
  ["with a subprotocol of two words", { headers: { "Sec-WebSocket-Protocol": "a b" } }, 400],
  ["with a quoted subprotocol", { headers: { "Sec-WebSocket-Protocol": '"a"' } }, 400],
  ["with a subprotocol twice", { headers: { "Sec-WebSocket-Protocol": "a, a" } }, 400],
  ["with a subprotocol in each of two lines", { headers: { "Sec-WebSocket-Protocol": ["a", "a"] } }, 400],
  ["with extensions in two lines", { headers: { "Sec-WebSocket-Extensions": ["a; b=1", "c,, d"] } }, 101],
  ["with an extension without a name", { headers: { "Sec-WebSocket-Extensions": "a, ;b=1" } }, 400],
];

const HOST = "app.example";

/** Origins for the host above, and whether they are its own. */
const origins: readonly (readonly [title: string, origin: string | string[] | null, own: boolean, host?: string])[] = [
  ["the same", "http://app.example", true],
  ["none, as clients that are no browsers send", null, true],
  ["with the default port of http", "http://app.example:80", true],
  ["without the port that Host has by default", "https://app.example", true, "app.example:443"],
  ["with https, as behind a proxy that ends TLS", "https://app.example", true],
  ["in capitals", "HTTP://APP.EXAMPLE", true],
  ["an IDN in punycode", "http://xn--bcher-kva.example", true, "xn--bcher-kva.example"],
  ["an IPv6 address", "http://[::1]:8080", true, "[::1]:8080"],
  ["null", "null", false],
  ["empty", "", false],
  ["with the host as its beginning", "http://app.example.evil.example", false],
  ["with the host as its end", "http://evil-app.example", false],
  ["a subdomain", "http://sub.app.example", false],
  ["with the host as its user", "http://app.example@evil.example", false],
  ["with a user", "http://user@app.example", false],
  ["with a path", "http://app.example/path", false],
  ["with a slash at the end", "http://app.example/", false],
  ["with a query", "http://app.example?", false],
  ["with another port", "http://app.example:8080", false],
  ["without the port of Host", "http://app.example", false, "app.example:8080"],
  ["an IDN that looks alike", "http://xn--pple-43d.example", false, "apple.example"],
  ["twice, one foreign", ["http://app.example", "http://evil.example"], false],
  ["two in one line", "http://app.example, http://evil.example", false],
  ["with a backslash", "http://app.example\\.evil.example", false],
  ["no URL", "app.example", false],
];

/** Registers the tests. */
export function testHandshakes(define: Define): void {
  for (const [title, handshake, status, key] of form) {
    const run = async (server: WireServer) => {
      const answer = await request(server.port, toHandshake(server.port, handshake));
      assert.equal(answer.status, status, answer.body);
      if (status === 101) checkAccepted(answer);
      else checkRefused(answer, handshake.method ?? "GET");
      await server.lives();
    };
    define(`R23: a handshake ${title} is answered with ${status}`, {}, run, key);
  }
  for (const length of ["0", "5"]) {
    define(`A handshake by POST with Content-Length: ${length} is not accepted`, {}, async (server) => {
      const handshake = toHandshake(server.port, { method: "POST", headers: { "Content-Length": length } });
      const answer = await request(server.port, `${handshake}${"x".repeat(Number(length))}`);
      assert.ok([400, 405].includes(answer.status), `${answer.status}`);
      await server.lives();
    });
  }
  define("A handshake without Host is answered with 400", {}, async (server) => {
    const answer = await request(server.port, toHandshake(server.port, { headers: { Host: null } }));
    assert.equal(answer.status, 400);
  });
  define(
    "A handler is not asked about a handshake without Host",
    {},
    async (server) => {
      await request(server.port, toHandshake(server.port, { headers: { Host: null } }));
      assert.equal(server.peers.length, 0);
    },
    "hostless",
  );
  for (const host of ["", "app.example/x", "user:word@app.example", "app.example?x", "app.example#x"]) {
    define(`A handshake whose Host is ${host || "empty"} is refused`, {}, async (server) => {
      const answer = await request(server.port, toHandshake(server.port, { headers: { Host: host } }));
      assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
      await server.lives();
    });
  }
  testOrigins(define);
  testSubProtocols(define);
  testHeaders(define);
  testHandlers(define);
}

/** An answer that accepts, and says no more than it must. */
export function checkAccepted(answer: HttpResponse): void {
  assert.deepEqual(answer.headerAll("sec-websocket-accept"), [ACCEPT]);
  assert.equal(answer.header("upgrade")?.toLowerCase(), "websocket");
  assert.equal(answer.header("connection")?.toLowerCase(), "upgrade");
  assert.deepEqual(answer.headerAll("sec-websocket-protocol"), []);
  assert.deepEqual(answer.headerAll("sec-websocket-extensions"), []);
  assert.deepEqual(answer.headerAll("x-switchboard-upgrade"), []);
}

// What to do, in one line.
function checkRefused(answer: HttpResponse, method: string): void {
  if (method !== "HEAD") assert.match(answer.body, /^[^\n]+\n$/);
  if (answer.status === 405) assert.equal(answer.header("allow"), "GET");
  if (answer.status !== 426) return;
  assert.equal(answer.header("upgrade"), "websocket");
  assert.equal(answer.header("sec-websocket-version"), "13");
}

function testOrigins(define: Define): void {
  for (const [title, origin, own, host = HOST] of origins) {
    const status = own ? 101 : 403;
    define(`R25: an origin ${title} is answered with ${status}`, {}, (server) => ask(server, host, origin, status));
  }
  const some: ServiceConfig = { origins: ["https://app.example", "http://localhost:3000", "null"] };
  for (const [origin, status] of [
    ["https://app.example", 101],
    ["https://app.example:443", 101],
    ["http://app.example", 403],
    ["http://localhost:3000", 101],
    ["http://localhost", 403],
    ["null", 101],
    ["http://other.example", 403],
  ] as const) {
    define(`R25: the origin ${origin} and a list are answered with ${status}`, { config: some }, (server) =>
      ask(server, "other.example", origin, status),
    );
  }
  define('R25: any origin passes with "*"', { config: { origins: "*" } }, async (server) => {
    for (const origin of ["http://evil.example", "null", "nonsense"]) await ask(server, HOST, origin, 101);
  });
}

async function ask(server: WireServer, host: string, origin: string | string[] | null, status: number): Promise<void> {
  const headers = { Host: host, Origin: origin };
  const answer = await request(server.port, toHandshake(server.port, { headers }));
  assert.equal(answer.status, status, answer.body);
  if (status !== 101) checkRefused(answer, "GET");
}

function testSubProtocols(define: Define): void {
  const config: ServiceConfig = { subProtocols: ["chat.v2", "chat.v1"] };
  for (const [title, offer, chosen] of [
    ["the client's first", ["chat.v1", "chat.v2"], "chat.v1"],
    ["the first that the service lists", ["other", "chat.v2", "chat.v1"], "chat.v2"],
    ["none for none in common", ["other", "another"], undefined],
    ["none for one in other case", ["CHAT.V1"], undefined],
    ["none beside a token", ["bearer.eyJhbGciOiJIUzI1NiJ9.e30.sig"], undefined],
    ["not the token", ["bearer.eyJhbGciOiJIUzI1NiJ9.e30.sig", "chat.v1"], "chat.v1"],
  ] as const) {
    define(`R24: the subprotocol that is chosen is ${title}`, { config }, async (server) => {
      const { client, peer } = await server.pair({ protocols: offer });
      assert.deepEqual(client.response.headerAll("sec-websocket-protocol"), chosen === undefined ? [] : [chosen]);
      assert.equal(peer.caller.negotiatedSubProtocol, chosen);
    });
  }
  define("R24: a subprotocol is chosen from two lines", { config }, async (server) => {
    const client = await server.connect({ headers: { "Sec-WebSocket-Protocol": ["other", "chat.v1"] } });
    assert.equal(client.response.header("sec-websocket-protocol"), "chat.v1");
  });
  define("R24: a service that lists no subprotocol echoes none", {}, async (server) => {
    const client = await server.connect({ protocols: ["secret", "token.abc"] });
    assert.ok(!client.response.headers.flat().some((text) => /secret|token/.test(text)));
    assert.deepEqual(client.response.headerAll("sec-websocket-protocol"), []);
  });
  const strict = { config: { ...config, requireSubProtocol: true } };
  define("R24: requireSubProtocol refuses no overlap with 400", strict, async (server) => {
    for (const protocols of [undefined, ["other"]]) {
      const answer = await request(server.port, toHandshake(server.port, protocols === undefined ? {} : { protocols }));
      assert.equal(answer.status, 400);
      assert.match(answer.body, /chat\.v2, chat\.v1/);
      assert.deepEqual(answer.headerAll("sec-websocket-protocol"), []);
    }
    const client = await server.connect({ protocols: ["chat.v2"] });
    assert.equal(client.response.header("sec-websocket-protocol"), "chat.v2");
  });
}

function testHeaders(define: Define): void {
  const responseHeaders = [
    ["Set-Cookie", "a=1; Path=/"],
    ["Set-Cookie", "b=2; HttpOnly"],
    ["X-Powered-By", "switchboard"],
  ] as const;
  define(
    "responseHeaders are on the 101, Set-Cookie as often as it is given",
    { config: { responseHeaders } },
    async (server) => {
      const { response } = await server.connect();
      assert.deepEqual(response.headerAll("set-cookie"), ["a=1; Path=/", "b=2; HttpOnly"]);
      assert.deepEqual(response.headerAll("x-powered-by"), ["switchboard"]);
      checkAccepted(response);
    },
  );
  define(
    "R23: a header of 20,000 bytes is answered with 431, and the server lives",
    {},
    async (server) => {
      const answer = await request(
        server.port,
        toHandshake(server.port, { headers: { "X-Long": "x".repeat(20_000) } }),
      );
      assert.equal(answer.status, 431);
      await server.lives();
    },
    "headerLimit",
  );
  define("A header of 200,000 bytes does not end the server", {}, async (server) => {
    await request(server.port, toHandshake(server.port, { headers: { "X-Long": "x".repeat(200_000) } })).catch(
      () => {},
    );
    await server.lives();
  });
  define("2,000 headers do not end the server", {}, async (server) => {
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`X-${i}`, "1"]));
    const answer = await request(server.port, toHandshake(server.port, { headers: many })).catch(() => undefined);
    assert.ok(answer === undefined || [101, 400, 431].includes(answer.status), `${answer?.status}`);
    await server.lives();
  });
}

function testHandlers(define: Define): void {
  const fail = () => {
    throw new Error("secret of the house");
  };
  for (const [title, decide] of [
    ["throws", fail],
    ["rejects", async () => fail()],
    ["returns no service", () => 42],
  ] as const) {
    define(`R23: a handler that ${title} is answered with 500, and the server lives`, { decide }, async (server) => {
      const answer = await request(server.port, toHandshake(server.port));
      assert.equal(answer.status, 500);
      assert.match(answer.body, /^[^\n]+\n$/);
      assert.doesNotMatch(answer.body, /secret/);
      assert.equal(server.logged.length, 1);
      assert.equal((await request(server.port, toHandshake(server.port))).status, 500);
    });
  }
  const slow = { config: { upgradeTimeout: 0.05 }, decide: () => new Promise(() => {}) };
  define("R23: a handler that is too slow is answered with 503 and Retry-After", slow, async (server) => {
    const answer = await request(server.port, toHandshake(server.port));
    assert.equal(answer.status, 503);
    assert.match(answer.header("retry-after") ?? "", /^\d+$/);
    checkRefused(answer, "GET");
  });
  for (const how of ["destroy", "reset", "fin"] as const) testLeaver(define, how);
}

function testLeaver(define: Define, how: "destroy" | "reset" | "fin"): void {
  const { promise: called, resolve: call } = Promise.withResolvers<void>();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let first = true;
  const decide = (): unknown => {
    if (!first) return undefined;
    first = false;
    call();
    return gate;
  };
  define(
    `R27: a client that leaves by ${how} while the handler works leaves nothing behind`,
    { decide },
    async (server) => {
      const socket = await dial(server.port);
      socket.write(toHandshake(server.port));
      await called;
      if (how === "destroy") socket.destroy();
      else if (how === "reset") socket.resetAndDestroy();
      else socket.end();
      await turn();
      open();
      const peer = await server.peer(0);
      const { client: other } = await server.pair();
      void other.send.text("x");
      await other.message();
      // Some runtimes notice at once that the client has left, some only when it has been let in.
      if (peer.seen.length > 0) await peer.event("close");
      assert.equal(server.open, 1);
      socket.destroy();
    },
  );
}
