import assert from "node:assert/strict";
import { test } from "node:test";
import { object, string } from "valibot";
import { ask } from "../../src/ask.ts";
import type { Authenticator } from "../../src/authenticator.ts";
import { contract } from "../../src/contract/contract.ts";
import { AuthError, HandshakeTimedOut } from "../../src/errors.ts";
import type { Service } from "../../src/service.ts";
import type { ServiceConfig } from "../../src/service_config.ts";
import { Upgrade, UpgradeSlot } from "../../src/slot.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { isUpgradeService, rulesOf, type UpgradeHandler, type UpgradeService, upgrade } from "../../src/upgrade.ts";
import { AuthnError, AuthzError, UpgradeError } from "../../src/upgrade_errors.ts";
import type { UpgradeContext } from "../../src/upgrade_request.ts";
import { RecordingSocket, silent, toHost } from "./support.ts";

const handshake = {
  host: "example.com",
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** Makes the context that an upgrade service gets from Hono. */
function toContext(request: Request, env: unknown, params: unknown = {}): UpgradeContext {
  const headers = new Headers();
  return {
    req: { raw: request, param: () => params },
    env,
    header: (name, value) => (value === undefined ? headers.delete(name) : headers.set(name, value)),
    body: () => new Response(null, { headers }),
    get: () => undefined,
  };
}

/** Asks an upgrade service about a request, as an adapter does; `null` leaves a header out. */
function knock(
  service: UpgradeService,
  more: Record<string, string | null> = {},
  host = toHost(silent(), new FakeClock()),
) {
  const given = Object.entries({ ...handshake, ...more }).flatMap(([name, value]) =>
    value === null ? [] : [[name, value]],
  );
  const request = new Request("http://example.com/x", { headers: Object.fromEntries(given) });
  const slot = new UpgradeSlot(host, { remoteAddress: "192.0.2.1" }, true);
  const app = { fetch: (raw: Request, env: unknown) => service(toContext(raw, env, { name: "ada" })) };
  return { slot, answer: ask(app, request, slot, {}) };
}

async function refusal(
  service: UpgradeService,
  more: Record<string, string | null> = {},
  host = toHost(silent(), new FakeClock()),
) {
  const answer = await knock(service, more, host).answer;
  assert.ok(answer instanceof Response, "it was accepted");
  return { status: answer.status, body: await answer.text(), headers: answer.headers };
}

test("upgrade() needs a handler, and takes options before it", () => {
  const handler: UpgradeHandler = () => ({});
  assert.ok(isUpgradeService(upgrade(handler)));
  assert.equal(rulesOf(upgrade({ maxFrameSize: 5 }, handler)).maxFrameSize, 5);
  assert.equal(isUpgradeService(handler), false);
  assert.equal(isUpgradeService({}), false);
  for (const wrong of [undefined, {}, "x"]) {
    assert.throws(() => upgrade({}, wrong as unknown as UpgradeHandler), TypeError);
    assert.throws(() => upgrade(wrong as unknown as UpgradeHandler), TypeError);
  }
});

test("an upgrade that passes calls the handler once, with what the request says, and runs the service", async () => {
  const seen: unknown[] = [];
  const service = upgrade<"/:name">({ subProtocols: ["chat"] }, (request) => {
    seen.push(
      request.params.name,
      request.remoteAddress,
      request.headers.get("x-a"),
      request.context.req.raw === request.raw,
    );
    return { onOpen: (caller) => `${caller.negotiatedSubProtocol} ${caller.remoteAddress} ${caller.isSecure}` };
  });
  const answer = await knock(service, { "x-a": "1", "sec-websocket-protocol": "chat" }).answer;
  assert.ok(answer instanceof Upgrade);
  assert.deepEqual(seen, ["ada", "192.0.2.1", "1", true]);
  assert.equal(answer.protocol, "chat");
  assert.deepEqual(answer.headers, []);
  const socket = new RecordingSocket();
  answer.open(socket);
  assert.deepEqual(socket.sent, ["chat 192.0.2.1 true"]);
});

test("a synchronous handler is answered without waiting", () => {
  assert.ok(knock(upgrade(() => ({}))).answer instanceof Upgrade);
});

test("R22 the checks run in their order: stopping, form, origin, subprotocol, handler", async () => {
  const called: string[] = [];
  const service = upgrade({ subProtocols: ["a"], requireSubProtocol: true }, () => {
    called.push("handler");
    return new UpgradeError("no", { status: 418 });
  });
  const stopping = toHost(silent(), new FakeClock());
  stopping.stopping = true;
  const wrong = { "sec-websocket-version": "8", origin: "https://evil.example", "sec-websocket-protocol": "b" };
  const stopped = await refusal(service, wrong, stopping);
  assert.equal(stopped.status, 503);
  assert.equal(stopped.headers.get("retry-after"), "1");
  assert.equal((await refusal(service, wrong)).status, 426);
  assert.equal((await refusal(service, { ...wrong, "sec-websocket-version": "13" })).status, 403);
  for (const list of ["b", "a, a"])
    assert.equal((await refusal(service, { "sec-websocket-protocol": list })).status, 400);
  assert.deepEqual(called, []);
  assert.equal((await refusal(service, { "sec-websocket-protocol": "a" })).status, 418);
  assert.deepEqual(called, ["handler"]);
});

test("R23 a handshake from which a proxy has taken Upgrade away is told so, and once in the log", async () => {
  const logger = silent();
  const host = toHost(logger, new FakeClock());
  const service = upgrade(() => ({}));
  const plain = await refusal(service, { upgrade: null, "sec-websocket-key": null }, host);
  assert.equal(plain.body, "Open this address as a WebSocket\n");
  assert.deepEqual(logger.lines, []);
  for (let i = 0; i < 2; i++) {
    const refused = await refusal(service, { upgrade: null, connection: "close" }, host);
    assert.equal(refused.status, 426);
    assert.equal(refused.body, "A proxy has taken the headers Upgrade and Connection away: let it pass them on\n");
  }
  assert.deepEqual(logger.lines, [["info", "Refused a handshake with 426: a proxy has taken Upgrade away"]]);
});

test("R25 a refused origin is logged once, quoted, with the option that would allow it", async () => {
  const logger = silent();
  const host = toHost(logger, new FakeClock());
  await refusal(
    upgrade(() => ({})),
    { origin: "https://evil.example", host: "inner:9090" },
    host,
  );
  assert.deepEqual(logger.lines, [
    [
      "info",
      'Refused an upgrade from origin "https://evil.example" to host "inner:9090": list it in option origins to allow it',
    ],
  ]);
});

const answers: [title: string, answer: unknown, status: number, body: string][] = [
  ["an UpgradeError", new UpgradeError("Name a room", { status: 422 }), 422, "Name a room\n"],
  ["an AuthnError", new AuthnError("Log in"), 401, "Log in\n"],
  ["an AuthzError", new AuthzError("Not you"), 403, "Not you\n"],
  ["another error", new AuthError("Cannot tell"), 400, "Cannot tell\n"],
  ["undefined", undefined, 500, "Internal server error\n"],
  ["null", null, 500, "Internal server error\n"],
  ["a string", "no", 500, "Internal server error\n"],
  ["a class", class {}, 500, "Internal server error\n"],
];
for (const [title, answer, status, body] of answers) {
  test(`R23 a handler that returns ${title} is answered with ${status}, at once or from a promise`, async () => {
    for (const returned of [answer, Promise.resolve(answer)]) {
      const refused = await refusal(upgrade(() => returned as Service));
      assert.equal(refused.status, status);
      assert.equal(refused.body, body);
      const challenge = refused.headers.get("www-authenticate");
      assert.equal(challenge, status === 401 ? 'Bearer realm="websocket"' : null);
    }
  });
}

test("R23 a Response of the handler is the refusal, as it is", async () => {
  const refused = await refusal(upgrade(() => new Response("Moved", { status: 307, headers: { location: "/y" } })));
  assert.equal(refused.status, 307);
  assert.equal(refused.body, "Moved");
  assert.equal(refused.headers.get("location"), "/y");
});

test("R23 headers of an UpgradeError are headers of the refusal", async () => {
  const error = new UpgradeError("Later", { status: 429, headers: { "Retry-After": "7" } });
  const refused = await refusal(upgrade(() => error));
  assert.equal(refused.headers.get("retry-after"), "7");
});

test("R23 an UpgradeError of 401 has a challenge: its own, else those of the authenticators, else that of a bearer", async () => {
  const headers = { "x-why": "expired" };
  const anybody: Authenticator = {
    scheme: "Basic",
    challenge: 'realm="ours"',
    authenticate: () => Promise.resolve({ scopes: [], claims: {} }),
  };
  const auth = [anybody];
  const table: readonly (readonly [Record<string, string>, ServiceConfig, string])[] = [
    [headers, {}, 'Bearer realm="websocket"'],
    [headers, { auth }, 'Basic realm="ours"'],
    [{ ...headers, "WWW-Authenticate": "Negotiate" }, { auth }, "Negotiate"],
  ];
  for (const [given, config, challenge] of table) {
    const refused = await refusal(
      upgrade(config, () => new UpgradeError("Again", { status: 401, headers: given })),
      { authorization: "Basic YTpi" },
    );
    assert.deepEqual([refused.status, refused.body], [401, "Again\n"]);
    assert.deepEqual([refused.headers.get("www-authenticate"), refused.headers.get("x-why")], [challenge, "expired"]);
  }
});

test("R23 a handler that throws or rejects is answered with 500, logged, and tells nothing", async () => {
  const failing: UpgradeHandler[] = [
    () => {
      throw new Error("secret");
    },
    () => Promise.reject(new Error("secret")),
    () => new UpgradeError("x", { headers: { "bad name": "secret" } }),
    () => Promise.resolve(new UpgradeError("x", { headers: { "bad name": "secret" } })),
  ];
  for (const handler of failing) {
    const logger = silent();
    const clock = new FakeClock();
    const refused = await refusal(upgrade(handler), {}, toHost(logger, clock));
    assert.equal(refused.status, 500);
    assert.doesNotMatch(refused.body, /secret/);
    assert.equal(logger.lines.length, 1);
    assert.equal(logger.lines[0]?.[0], "error");
    assert.equal(clock.pending, 0);
  }
});

test("upgradeTimeout answers 503, aborts the signal, and ignores what comes late", async () => {
  for (const late of ["a service", "an error"]) {
    const { promise, resolve, reject } = Promise.withResolvers<Service>();
    const logger = silent();
    const clock = new FakeClock();
    const signals: AbortSignal[] = [];
    const service = upgrade({ upgradeTimeout: 2 }, ({ signal }) => {
      signals.push(signal);
      return promise;
    });
    const { slot, answer } = knock(service, {}, toHost(logger, clock));
    await clock.advance(1.9);
    assert.equal(signals[0]?.aborted, false);
    await clock.advance(0.1);
    const response = await answer;
    assert.ok(response instanceof Response);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(signals[0]?.aborted, true);
    assert.ok(signals[0].reason instanceof HandshakeTimedOut);
    if (late === "a service") resolve({});
    else reject(new Error("late"));
    await clock.advance(0);
    assert.equal(slot.upgrade, undefined);
    assert.deepEqual(
      logger.lines.map(([level]) => level),
      ["warn"],
    );
  }
});

test("a handler that answers in time leaves no timer, and its signal alone", async () => {
  const clock = new FakeClock();
  const signals: AbortSignal[] = [];
  const service = upgrade(async ({ signal }) => {
    signals.push(signal);
    return {};
  });
  assert.ok((await knock(service, {}, toHost(silent(), clock)).answer) instanceof Upgrade);
  assert.equal(clock.pending, 0);
  await clock.advance(100);
  assert.equal(signals[0]?.aborted, false);
});

test("the signal of an upgrade aborts no more once its handler has answered or failed, at once or later", async () => {
  const fail = (): Service => {
    throw new Error("out of order");
  };
  for (const handler of [() => ({}), fail, async () => ({}), async () => fail()]) {
    const peer = new AbortController();
    const signals: AbortSignal[] = [];
    const service = upgrade(({ signal }) => {
      signals.push(signal);
      return handler();
    });
    const request = new Request("http://example.com/x", { headers: handshake, signal: peer.signal });
    const slot = new UpgradeSlot(toHost(silent(), new FakeClock()), {}, false);
    await ask({ fetch: (raw: Request, env: unknown) => service(toContext(raw, env)) }, request, slot, {});
    peer.abort();
    assert.equal(signals[0]?.aborted, false);
  }
});

test("a handler may return a promise-like that is no promise", async () => {
  // biome-ignore lint/suspicious/noThenProperty: that is the subject
  const promiseLike = { then: (settle: (value: Service) => void) => void settle({}) };
  const service = upgrade(() => promiseLike as unknown as Promise<Service>);
  assert.ok((await knock(service).answer) instanceof Upgrade);
});

test("responseHeaders are added to the 101, from a record, from pairs or from a function of the request", () => {
  const pairs = [
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
  ] as const;
  const give = (request: Request) => ({ "x-path": new URL(request.url).pathname });
  const headersOf = (responseHeaders: ServiceConfig["responseHeaders"]) => {
    const { answer } = knock(upgrade(responseHeaders === undefined ? {} : { responseHeaders }, () => ({})));
    return answer instanceof Upgrade ? answer.headers : answer;
  };
  assert.deepEqual(headersOf(undefined), []);
  assert.deepEqual(headersOf({ "X-A": "1" }), [["x-a", "1"]]);
  assert.deepEqual(headersOf(pairs), [
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
  assert.deepEqual(headersOf(give), [["x-path", "/x"]]);
});

test("a function for responseHeaders that throws or gives what is not allowed is answered with 500", async () => {
  const functions = [
    () => ({ upgrade: "x" }),
    () => ({ a: "b\r\nc: d" }),
    () => undefined as never,
    () => {
      throw new Error("no");
    },
  ];
  for (const responseHeaders of functions) {
    assert.equal((await refusal(upgrade({ responseHeaders }, () => ({})))).status, 500);
  }
});

test("R28 a service that requires what the engine lacks is refused with 500, naming the engine that has it", async () => {
  const logger = silent();
  const host = toHost(logger, new FakeClock(), { engine: "deno", ping: false });
  assert.equal(
    (
      await refusal(
        upgrade({ requires: ["ping"] }, () => ({})),
        {},
        host,
      )
    ).status,
    500,
  );
  assert.match(String(logger.lines[0]?.[2]), /UnsupportedError: .*use engine "node" or "bun"/);
});

for (const name of ["onPing", "onPong"]) {
  test(`R28 ${name} on an engine without it is warned of once, and on another not at all`, () => {
    const logger = silent();
    const able = toHost(logger, new FakeClock());
    const host = toHost(logger, new FakeClock(), { engine: "deno", ping: false });
    const service = upgrade(() => ({ [name]: () => {} }));
    assert.ok(knock(service, {}, able).answer instanceof Upgrade);
    assert.ok(
      knock(
        upgrade(() => ({})),
        {},
        host,
      ).answer instanceof Upgrade,
    );
    assert.deepEqual(logger.lines, []);
    for (let i = 0; i < 3; i++) assert.ok(knock(service, {}, host).answer instanceof Upgrade);
    assert.equal(logger.lines.length, 1);
    assert.match(logger.lines[0]?.[1] ?? "", /onPing and onPong are never called on engine "deno"/);
  });
}

test("R28 maxFrameSize over what Deno takes in a frame is warned of once, on the engine deno alone", () => {
  for (const engine of ["deno", "node"] as const) {
    const logger = silent();
    const host = toHost(logger, new FakeClock(), { engine });
    for (const maxFrameSize of [2 ** 26 - 1, 2 ** 26, 2 ** 27]) {
      const service = upgrade({ maxFrameSize }, () => ({}));
      assert.ok(knock(service, {}, host).answer instanceof Upgrade);
    }
    assert.equal(logger.lines.length, engine === "deno" ? 1 : 0);
    if (engine === "deno") assert.match(logger.lines[0]?.[1] ?? "", /64 MiB.*maxFrameSize.*use engine "node"/);
  }
});

test("without an adapter the service answers 426 and names what serves it; a malformed request is told its fault", async () => {
  const service = upgrade(() => ({}));
  for (const env of [undefined, null, {}, "x"]) {
    const response = await service(toContext(new Request("http://x/", { headers: handshake }), env));
    assert.equal(response.status, 426);
    assert.match(await response.text(), /Serve this app with @switchboard\/websocket/);
  }
  const plain = await service(toContext(new Request("http://x/"), {}));
  assert.equal(plain.status, 426);
  assert.match(await plain.text(), /Open this address as a WebSocket/);
});

test("R23 a handler that returns a contract in place of its service is answered with 500, and told what to return", async () => {
  const said = contract({
    dispatcherKey: "event",
    messages: { say: { message: object({ text: string() }) } },
  });
  const logger = silent();
  const refused = await refusal(
    upgrade(() => said as unknown as Service),
    {},
    toHost(logger, new FakeClock()),
  );
  assert.equal(refused.status, 500);
  assert.match(String(logger.lines[0]?.[2]), /returned a contract, not contract\.service/);
});
