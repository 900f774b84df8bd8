/** Credentials and the time that an attempt may take (rule L8, G5, G6), on a fake clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientConfig } from "../../../src/client/client_config.ts";
import type { ClientCredential, CredentialRequest } from "../../../src/client/client_credential.ts";
import { AuthError, HandshakeTimedOut, InvalidHandshakeError } from "../../../src/errors.ts";
import { connected, type Fixture, isFrom, outcome, STEADY, start } from "./fixture.ts";

const refusal = (status: number): InvalidHandshakeError => new InvalidHandshakeError("Refused", { status });

/** Notes what it is asked, and gives a token that counts. */
class Issuer {
  readonly requests: CredentialRequest[] = [];
  readonly auth = (request: CredentialRequest): ClientCredential => {
    this.requests.push(request);
    return { token: `t${this.requests.length}` };
  };

  get renews(): boolean[] {
    return this.requests.map(({ renew }) => renew);
  }
}

test("a credential is asked for every attempt, and travels with it", async () => {
  const issuer = new Issuer();
  const fixture = await start({ auth: issuer.auth, retryConfig: STEADY });
  fixture.socket.refuse(refusal(503));
  (await fixture.again()).open();
  fixture.socket.end();
  await fixture.again();
  assert.deepEqual(
    fixture.transport.sockets.map(({ dial }) => dial.credential),
    [{ token: "t1" }, { token: "t2" }, { token: "t3" }],
  );
  assert.deepEqual(issuer.renews, [false, false, false]);
});

test("whatever a credential is and however it travels, the rest of what is dialled stays", async () => {
  const user = { username: "ann", password: "secret" };
  for (const [config, url, protocols, credential] of [
    [{}, "ws://localhost/path", ["chat"], undefined],
    [{ auth: user }, "ws://localhost/path", ["chat"], user],
    [{ auth: { token: "t" } }, "ws://localhost/path", ["chat"], { token: "t" }],
    [
      { auth: { token: "t" }, credentials: { subProtocol: "bearer" } },
      "ws://localhost/path",
      ["bearer", "t", "chat"],
      undefined,
    ],
    [{ auth: { token: "t" }, credentials: { query: "key" } }, "ws://localhost/path?key=t", ["chat"], undefined],
  ] as const) {
    const { socket } = await start({ maxFrameSize: 1000, subProtocols: ["chat"], ...config });
    assert.deepEqual({ credential: undefined, ...socket.dial }, { url, protocols, maxFrameSize: 1000, credential });
  }
});

test("auth that gives no credential is final, however it travels", async () => {
  for (const credentials of ["header", { query: "token" }, { subProtocol: "bearer" }] as const) {
    for (const nothing of [null, undefined, "token", 5, {}, { token: undefined }, { token: null }, { token: 5 }]) {
      for (const auth of [(): unknown => nothing, async (): Promise<unknown> => nothing, Object(nothing)]) {
        const fixture = await start({ auth, credentials, retryConfig: STEADY });
        const error = await outcome(fixture.session.first);
        assert.ok(error instanceof AuthError, `${nothing}: ${error}`);
        assert.equal(error.message, "Option auth gave no credential");
        assert.equal(error.status, 401);
        assert.equal(fixture.attempts, 0);
      }
    }
  }
});

test("a token travels as a subprotocol or in the query, where that is asked for", async () => {
  const auth = { token: "a.b-c" };
  const first = await start({ auth, credentials: { subProtocol: "bearer" }, subProtocols: ["chat"] });
  assert.deepEqual(first.socket.dial.protocols, ["bearer", "a.b-c", "chat"]);
  const second = await start({ auth, credentials: { query: "access_token" } });
  assert.equal(second.socket.dial.url, "ws://localhost/path?access_token=a.b-c");
  for (const { dial } of [first.socket, second.socket]) assert.equal(dial.credential, undefined);
  const wrong: ClientConfig[] = [
    { auth: { username: "ann", password: "secret" }, credentials: { query: "access_token" } },
    { auth: { token: "two words" }, credentials: { subProtocol: "bearer" } },
    { auth: { token: "" }, credentials: { subProtocol: "bearer" }, retryConfig: STEADY },
  ];
  for (const config of wrong) {
    const fixture = await start(config);
    const error = await outcome(fixture.session.first);
    assert.ok(error instanceof AuthError);
    assert.doesNotMatch(error.message, /secret|two words/);
    assert.equal(fixture.attempts, 0);
  }
});

for (const [name, refuse] of [
  ["401", (fixture: Fixture) => fixture.socket.refuse(refusal(401))],
  ["4401", (fixture: Fixture) => fixture.socket.open() && fixture.socket.end(4401)],
] as const) {
  test(`L8 G5 ${name} renews the credential once, then it is final`, async () => {
    const issuer = new Issuer();
    const fixture = await start({ auth: issuer.auth, retryConfig: STEADY });
    refuse(fixture);
    assert.equal(fixture.waits.length, 1);
    await fixture.again();
    assert.deepEqual(issuer.renews, [false, true]);
    refuse(fixture);
    assert.equal(fixture.session.state, "closed");
    await fixture.clock.advance(3600);
    assert.equal(issuer.requests.length, 2);
    assert.equal(fixture.clock.pending, 0);
  });

  test(`L8 ${name} is final for a credential that cannot be another one`, async () => {
    for (const config of [{ auth: { token: "t" } }, {}]) {
      const fixture = await start({ ...config, retryConfig: STEADY });
      refuse(fixture);
      assert.equal(fixture.session.state, "closed");
      assert.equal(fixture.attempts, 1);
    }
  });
}

test("L7 L8 after a connection that was stable, the credential may be renewed again", async () => {
  const issuer = new Issuer();
  const fixture = await connected({ auth: issuer.auth, retryConfig: STEADY });
  for (let i = 0; i < 3; i++) {
    await fixture.clock.advance(5);
    fixture.socket.end(4401, "Token expired");
    (await fixture.again()).open();
  }
  await fixture.clock.advance(4.9);
  fixture.socket.end(4401);
  assert.equal(fixture.session.state, "closed");
  assert.deepEqual(issuer.renews, [false, true, true, true]);
});

test("L8 a renewal is asked for once, not again by the attempts that follow for another reason", async () => {
  const issuer = new Issuer();
  const fixture = await start({ auth: issuer.auth, retryConfig: STEADY });
  fixture.socket.refuse(refusal(401));
  (await fixture.again()).refuse(refusal(503));
  await fixture.again();
  assert.deepEqual(issuer.renews, [false, true, false]);
});

test("L8 403 is not a matter of another credential", async () => {
  const issuer = new Issuer();
  const fixture = await start({ auth: issuer.auth, retryConfig: STEADY });
  fixture.socket.refuse(refusal(403));
  assert.equal(fixture.session.state, "closed");
  assert.equal(issuer.requests.length, 1);
});

test("an auth that fails is an AuthError with its cause, and nothing is dialled", async () => {
  const fault = new Error("The issuer is on fire");
  for (const auth of [
    () => Promise.reject(fault),
    () => {
      throw fault;
    },
  ]) {
    const fixture = await start({ auth });
    const error = await outcome(fixture.session.first);
    assert.ok(error instanceof AuthError && isFrom(error, fault), `${error}`);
    assert.equal(fixture.attempts, 0);
  }
});

test("an AuthError of auth says itself whether another attempt may help, and when", async () => {
  let asked = 0;
  const later = await start({
    retryConfig: STEADY,
    auth: () => {
      asked += 1;
      if (asked > 1) return { token: "t" };
      throw new AuthError("The issuer rests", { status: 503, retryAfter: 20 });
    },
  });
  assert.ok(later.wait >= 20 && later.wait <= 25, `${later.wait}`);
  await later.again();
  assert.equal(later.attempts, 1);

  const never = new AuthError("Wrong secret", { status: 401 });
  const final = await start({ retryConfig: STEADY, auth: () => Promise.reject(never) });
  assert.equal(await outcome(final.session.first), never);
});

test("G6 an attempt may take handShakeTimeout, then it is given up and another follows", async () => {
  for (const cuts of [true, false]) {
    const fixture = await start({ handShakeTimeout: 10, retryConfig: STEADY }, { cuts });
    const { socket } = fixture;
    await fixture.clock.advance(9.99);
    assert.equal(fixture.waits.length, 0);
    await fixture.clock.advance(0.01);
    assert.ok(fixture.waits[0]?.cause instanceof HandshakeTimedOut);
    assert.equal(cuts ? socket.isTerminated : socket.closes.length === 1, true, "it is given up");
    socket.open();
    assert.equal(fixture.session.state, "connecting", "and not heard any more");
    (await fixture.again()).open();
    assert.equal(fixture.session.state, "open");
    await fixture.clock.advance(60);
    assert.equal(fixture.session.state, "open", "the time ends with the handshake");
  }
});

test("handShakeTimeout is 300 s by default, and 0 is no limit", async () => {
  const usual = await start();
  await usual.clock.advance(299.9);
  assert.equal(usual.session.state, "connecting");
  await usual.clock.advance(0.1);
  assert.ok((await outcome(usual.session.first)) instanceof HandshakeTimedOut);
  const patient = await start({ handShakeTimeout: 0 });
  await patient.clock.advance(100_000);
  assert.equal(patient.session.state, "connecting");
});

test("G5 handShakeTimeout counts slow credentials, which are told by their signal and not used any more", async () => {
  const signals: AbortSignal[] = [];
  const gives: ((credential: ClientCredential) => void)[] = [];
  const fixture = await start({
    handShakeTimeout: 10,
    retryConfig: STEADY,
    auth: ({ signal }) => {
      signals.push(signal);
      return new Promise((resolve) => gives.push(resolve));
    },
  });
  await fixture.clock.advance(10);
  assert.ok(fixture.waits[0]?.cause instanceof HandshakeTimedOut);
  assert.equal(signals[0]?.aborted, true);
  gives[0]?.({ token: "late" });
  await fixture.clock.advance(0);
  assert.equal(fixture.attempts, 0, "a late credential is not dialled with");

  await fixture.clock.advance(fixture.wait);
  await fixture.clock.advance(4);
  gives[1]?.({ token: "t2" });
  await fixture.clock.advance(5.9);
  assert.deepEqual(fixture.socket.dial.credential, { token: "t2" });
  assert.equal(fixture.waits.length, 1);
  await fixture.clock.advance(0.1);
  assert.equal(fixture.waits.length, 2, "the credential's time is the handshake's");
});

test("L11 close() and signal end an attempt that waits for its credential", async () => {
  const aborter = new AbortController();
  const ends: ((fixture: Fixture) => void)[] = [
    (fixture) => void fixture.session.close(1000, "", 60),
    () => aborter.abort(),
  ];
  for (const end of ends) {
    let asked: AbortSignal | undefined;
    const fixture = await start({
      retryConfig: STEADY,
      signal: aborter.signal,
      auth: ({ signal }) => {
        asked = signal;
        return new Promise(() => {});
      },
    });
    end(fixture);
    assert.equal(asked?.aborted, true);
    assert.equal(fixture.session.state, "closed");
    assert.equal(fixture.clock.pending, 0);
    assert.equal(fixture.attempts, 0);
  }
});
