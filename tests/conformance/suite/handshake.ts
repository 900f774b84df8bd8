/** R22 and R23: the opening handshake, as far as it can be said without counting bytes. */
import assert from "node:assert/strict";
import {
  AuthnError,
  AuthzError,
  type ServiceConfig,
  type UpgradeAnswer,
  UpgradeError,
  type UpgradeHandler,
  type UpgradeRequest,
} from "../../../mod.ts";
import {
  connect,
  dial,
  type HandshakeOptions,
  HandshakeRefused,
  type HttpResponse,
  request,
  toHandshake,
} from "../../kit/raw_client.ts";
import { gate, type Running, type Setup, type Subject, wait } from "./subject.ts";

/** A handshake that is refused: what is sent, and what comes back. */
type Refusal = readonly [
  what: string,
  send: HandshakeOptions & { body?: string },
  status: number,
  headers?: Record<string, RegExp>,
];

const refusals: readonly Refusal[] = [
  ["a path without a service", { path: "/nowhere" }, 404],
  ["a path that only begins like one", { path: "/service/more" }, 404],
  ["a path with a slash behind it", { path: "/service/" }, 404],
  ["a path with two slashes", { path: "//service" }, 404],
  ["a path in capitals", { path: "/Service" }, 404],
  ["a path with a parameter behind a semicolon", { path: "/service;a=1" }, 404],
  [
    "an ordinary GET",
    { headers: { Upgrade: null, Connection: null } },
    426,
    { upgrade: /^websocket$/i, "sec-websocket-version": /^13$/ },
  ],
  ["another protocol", { headers: { Upgrade: "h2c" } }, 426],
  ["POST", { method: "POST" }, 405, { allow: /^GET$/ }],
  ["version 12", { headers: { "Sec-WebSocket-Version": "12" } }, 426, { "sec-websocket-version": /^13$/ }],
  ["no version", { headers: { "Sec-WebSocket-Version": null } }, 426, { "sec-websocket-version": /^13$/ }],
  ["no key", { headers: { "Sec-WebSocket-Key": null } }, 400],
  ["a key of 15 bytes", { key: "AAAAAAAAAAAAAAAAAAAA" }, 400],
  ["a key that is not base64", { key: "!!!!!!!!!!!!!!!!!!!!!!==" }, 400],
  ["a Host of five numbers", { headers: { Host: "1.2.3.4.5" } }, 400],
  ["no token upgrade in Connection", { headers: { Connection: "keep-alive" } }, 400],
  ["an origin of elsewhere", { headers: { Origin: "https://evil.example" } }, 403],
  ["an opaque origin", { headers: { Origin: "null" } }, 403],
  ["a malformed subprotocol", { headers: { "Sec-WebSocket-Protocol": "a b" } }, 400],
  ["a subprotocol twice", { headers: { "Sec-WebSocket-Protocol": "a, a" } }, 400],
];

const ANY_TOKEN = { "www-authenticate": 'Bearer realm="websocket"' };

export function handshake(subject: Subject): void {
  for (const [what, send, status, headers = {}] of refusals) {
    subject.test(`R23 ${what} is answered with ${status} and a line of advice`, async () => {
      await subject.run(
        ({ journal }) =>
          () => {
            journal.add("handler");
            return {};
          },
        async ({ listener, journal }) => {
          const response = await request(listener.port, toHandshake(listener.port, { path: "/service", ...send }));
          assert.equal(response.status, status);
          for (const [name, value] of Object.entries(headers)) assert.match(response.header(name) ?? "missing", value);
          assert.match(response.body, /^[A-Z"].+\n$/);
          assert.deepEqual(journal.entries, []);
        },
        { path: "/service" },
      );
    });
  }

  const orders: readonly [string, HandshakeOptions, number][] = [
    ["the route before the form", { path: "/nowhere", method: "POST" }, 404],
    ["the form before the origin", { headers: { Origin: "https://evil.example", "Sec-WebSocket-Version": "8" } }, 426],
    [
      "the origin before the subprotocol",
      { headers: { Origin: "https://evil.example", "Sec-WebSocket-Protocol": "b" } },
      403,
    ],
    ["the subprotocol before the handler", { headers: { "Sec-WebSocket-Protocol": "b" } }, 400],
  ];
  for (const [what, send, status] of orders) {
    subject.test(`R22 ${what}`, async () => {
      await refused(
        subject,
        () => new UpgradeError("the handler", { status: 499 }),
        send,
        ({ status: got }) => assert.equal(got, status),
        {
          config: { subProtocols: ["a"], requireSubProtocol: true },
        },
      );
    });
  }

  const answers: readonly [string, UpgradeHandler, number, RegExp, Record<string, string>?][] = [
    ["an UpgradeError", () => new UpgradeError("Name a room"), 400, /^Name a room\n$/],
    [
      "an UpgradeError with a status and headers",
      async () => new UpgradeError("Slow down", { status: 429, headers: { "retry-after": "7" } }),
      429,
      /^Slow down\n$/,
      { "retry-after": "7" },
    ],
    // RFC 9110, section 15.5.2, and RFC 6750, section 3: there is a challenge, and it has a parameter.
    ["an AuthnError", () => new AuthnError("Log in"), 401, /^Log in\n$/, ANY_TOKEN],
    ["an UpgradeError of 401", () => new UpgradeError("Log in", { status: 401 }), 401, /^Log in\n$/, ANY_TOKEN],
    [
      "an UpgradeError of 401 with a challenge of its own",
      () => new UpgradeError("Log in", { status: 401, headers: { "WWW-Authenticate": 'Cookie realm="a"' } }),
      401,
      /^Log in\n$/,
      { "www-authenticate": 'Cookie realm="a"' },
    ],
    ["an AuthzError", () => new AuthzError("Not yours"), 403, /^Not yours\n$/],
    [
      "a Response",
      () => new Response("<p>moved</p>", { status: 410, headers: { "content-type": "text/html", "x-more": "1" } }),
      410,
      /^<p>moved<\/p>$/,
      { "content-type": "text/html", "x-more": "1" },
    ],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "/other" } }),
      302,
      /^$/,
      { location: "/other" },
    ],
    ["a Response of 200", () => new Response("no upgrade"), 200, /^no upgrade$/],
    ["what Response.json makes", () => Response.json({ why: "no" }, { status: 403 }), 403, /^\{"why":"no"\}$/],
    ["what Response.redirect makes", () => Response.redirect("http://e/", 307), 307, /^$/, { location: "http://e/" }],
    // Of another class than the global one, where `@hono/node-server` has replaced that.
    ["what it has fetched", () => fetch("data:text/plain,no"), 200, /^no$/],
  ];
  for (const [what, handler, status, body, headers = {}] of answers) {
    subject.test(`R23 a handler refuses with ${what}`, async () => {
      await refused(subject, handler, {}, (response) => {
        assert.equal(response.status, status);
        assert.match(response.body, body);
        for (const [name, value] of Object.entries(headers)) assert.equal(response.header(name), value);
      });
    });
  }

  const unsendable: readonly [string, UpgradeHandler][] = [
    ["an UpgradeError", () => new UpgradeError("x", { headers: { "bad name": "x" } })],
    ["a Response", () => new Response("x", { status: 403, headers: { "bad name": "x" } })],
  ];
  for (const [what, handler] of unsendable) {
    subject.test(`R23 ${what} with a header that is not allowed is answered with 500, and logged`, async () => {
      await refused(subject, handler, {}, ({ status }) => assert.equal(status, 500), {
        logs: /handler failed.*header/i,
      });
    });
  }

  subject.test(
    "R23 a handler that takes longer than upgradeTimeout is answered with 503, and its signal aborts",
    async () => {
      const aborted = gate();
      await refused(
        subject,
        async ({ signal }) => {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          aborted.resolve();
          return {};
        },
        {},
        async (response) => {
          assert.equal(response.status, 503);
          assert.match(response.header("retry-after") ?? "", /^\d+$/);
          await subject.within("the abort", aborted.promise);
        },
        { config: { upgradeTimeout: 0.1 }, logs: /upgradeTimeout/ },
      );
    },
  );

  for (const [how, waits] of [
    ["at once", false],
    ["late", true],
  ] as const) {
    subject.test(`R22 the signal of a request aborts no more, once a handler has answered ${how}`, async () => {
      const before: AbortSignal[] = [];
      const after: AbortSignal[] = [];
      await subject.run(
        ({ journal }) => {
          const decide = (asked: UpgradeRequest): UpgradeAnswer => {
            before.push(asked.signal);
            if (asked.url.searchParams.has("refuse")) return new UpgradeError("No");
            return { onOpen: () => void after.push(asked.signal), onClose: () => journal.add("close") };
          };
          return waits ? (asked) => wait(5).then(() => decide(asked)) : decide;
        },
        async ({ connect: open, listener, journal }) => {
          const { status } = await request(listener.port, toHandshake(listener.port, { path: "/?refuse" }));
          assert.equal(status, 400);
          const client = await open();
          await wait(30);
          assert.deepEqual([before.length, after.length], [2, 1]);
          assert.equal(after[0], before[1]);
          assert.ok(!before.some(({ aborted }) => aborted), "while the connection is open");
          await client.send.close(1000);
          await client.ended();
          await journal.until("close");
          await wait(30);
          assert.ok(!before.some(({ aborted }) => aborted), "when the connection is down");
        },
      );
    });
  }

  subject.test("R22 the signal of a request aborts when the peer leaves while the handler waits", async () => {
    await subject.run(
      ({ journal }) =>
        async ({ signal }) => {
          signal.addEventListener("abort", () => journal.add("abort"));
          journal.add("handler");
          await journal.until("abort");
          return {};
        },
      async ({ listener, journal }) => {
        const socket = await dial(listener.port);
        socket.write(toHandshake(listener.port));
        await journal.until("handler");
        socket.destroy();
        await journal.until("abort");
      },
    );
  });

  subject.test("R23 a peer that leaves while the handler runs leaves nothing behind", async () => {
    const held = gate();
    await subject.run(
      ({ journal }) =>
        async () => {
          journal.add("handler");
          await held.promise;
          return { onOpen: () => journal.add("open"), onClose: () => journal.add("close") };
        },
      async ({ listener, journal, connect }) => {
        const aborted = new AbortController();
        const leaving = connect({ patience: 100 }).catch(() => aborted.abort());
        await journal.until("handler");
        await leaving;
        await wait(30);
        held.resolve();
        await wait(60);
        assert.equal(journal.count("open"), journal.count("close"));
        assert.equal([...listener.connections].length, 0);
      },
      { logs: /left|gone|closed/ },
    );
  });

  subject.test("R22 a handler is told of the request, and what it has read stays readable", async () => {
    let seen: Record<string, unknown> = {};
    await subject.run(
      () => (asked) => {
        const { params, query, headers, cookies, url, remoteAddress } = asked;
        seen = {
          room: params.room,
          q: query.getAll("q"),
          header: headers.get("x-some"),
          cookies: [...cookies],
          path: url.pathname,
          remoteAddress: typeof remoteAddress,
        };
        return {
          onTextMessage: (caller) => [
            headers.get("x-some"),
            query.get("q"),
            params.room ?? "",
            url.pathname,
            caller.remoteAddress ?? "",
          ],
        };
      },
      async ({ connect: open }) => {
        const client = await open({
          path: "/rooms/a%20b?q=1&q=2",
          headers: { "X-Some": "thing", Cookie: 'a=1; b="two"; a=3' },
        });
        assert.deepEqual(seen, {
          room: "a b",
          q: ["1", "2"],
          header: "thing",
          cookies: [
            ["a", "1"],
            ["b", "two"],
          ],
          path: "/rooms/a%20b",
          remoteAddress: "string",
        });
        await client.send.text("");
        const [header, q, room, path, address] = JSON.parse(`${await client.message()}`);
        assert.deepEqual([header, q, room, path], ["thing", "1", "a b", "/rooms/a%20b"]);
        assert.match(address, /127\.0\.0\.1$/);
      },
      { path: "/rooms/:room" },
    );
  });

  for (const first of ["headers", "cookies"] as const) {
    subject.test(`R22 cookies that come in several lines are all there, when ${first} are read first`, async () => {
      const config: ServiceConfig = {
        auth: [{ scheme: "Bearer", authenticate: async () => ({ scopes: [], claims: {} }) }],
        credentials: [{ cookie: "b" }],
      };
      await subject.run(
        () => (asked) => {
          void asked[first];
          const { cookies, headers } = asked;
          return { onOpen: () => [[...cookies.keys()].join(), headers.get("cookie")] };
        },
        async ({ connect: open }) => {
          const headers = { Cookie: ["a=1", "b=2; c=3", "d=4"], "X-Some": ["e=5", "f=6"] };
          const client = await open({ headers });
          assert.deepEqual(JSON.parse(`${await client.message()}`), ["a,b,c,d", "a=1; b=2; c=3; d=4"]);
        },
        // With this the request is made anew, and its headers are read before any of ours.
        { config, listener: { requestLimits: { maxEntityBodySize: first === "headers" ? 1000 : -1 } } },
      );
    });
  }

  subject.test("R22 a handler may read the request only after the upgrade", async () => {
    await subject.run(
      () => (asked) => ({
        onTextMessage: () => {
          try {
            return [asked.query.get("q"), asked.headers.get("x-some"), asked.cookies.get("c") ?? null];
          } catch (error) {
            return `${error}`;
          }
        },
      }),
      async ({ connect: open }) => {
        const client = await open({ path: "/?q=1", headers: { "X-Some": "thing", Cookie: "c=2" } });
        await client.send.text("");
        // Some runtimes void the request; then the error says so, and nothing hangs.
        assert.match(`${await client.message()}`, /^\["1","thing","2"\]$|Error/);
      },
    );
  });
}

/** Runs a handler, expects a refusal, and that no connection was opened. */
async function refused(
  subject: Subject,
  handler: UpgradeHandler,
  send: HandshakeOptions,
  look: (response: HttpResponse, running: Running) => unknown,
  setup: Setup = {},
): Promise<void> {
  await subject.run(
    () => handler,
    async (running) => {
      const { port } = running.listener;
      let response: HttpResponse | undefined;
      try {
        await connect(port, send);
      } catch (error) {
        if (!(error instanceof HandshakeRefused)) throw error;
        response = error.response;
      }
      assert.ok(response !== undefined, "the upgrade was not refused");
      await look(response, running);
      assert.equal([...running.listener.connections].length, 0);
    },
    setup,
  );
}
