/** When a client tries again, and when it does not (rules L6 to L8, G2 to G7), on a fake clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RetryConfig } from "../../../src/client/client_config.ts";
import { toClientRules } from "../../../src/client/client_rules.ts";
import { toWait } from "../../../src/client/retry.ts";
import {
  AuthError,
  ConnectionClosureError,
  ConnectionError,
  CorruptedFrameError,
  HandshakeTimedOut,
  InvalidHandshakeError,
  PayloadTooLargeError,
  SslError,
  UnsupportedError,
} from "../../../src/errors.ts";
import { Random } from "../../kit/random.ts";
import { connected, type FakeSocket, isFrom, outcome, STEADY, start } from "./fixture.ts";

function waitOf(config: RetryConfig, n: number, random: number): number {
  const { retry } = toClientRules("ws://localhost", { retryConfig: config });
  assert.ok(retry);
  return toWait(retry, n, random);
}

test("L6 without jitter the wait before attempt n is min(maxWaitInterval, interval × backOffFactor^n)", () => {
  const table: [RetryConfig, number[]][] = [
    [{}, [1, 1, 1, 1, 1, 1, 1]],
    [{ backOffFactor: 2 }, [1, 2, 4, 8, 16, 30, 30]],
    [{ interval: 0.2, backOffFactor: 3, maxWaitInterval: 5 }, [0.2, 0.6, 1.8, 5, 5, 5, 5]],
    [{ interval: 90 }, [30, 30, 30, 30, 30, 30, 30]],
  ];
  for (const [config, expected] of table) {
    const waits = expected.map((_, n) => waitOf({ ...config, jitter: 0 }, n, 0.123));
    assert.deepEqual(
      waits.map((wait) => Math.round(wait * 1e6) / 1e6),
      expected,
    );
  }
  assert.equal(waitOf({ backOffFactor: 2, jitter: 0 }, 5000, 0.5), 30, "no overflow after days");
});

test("L6 G7 in 100,000 draws the wait is spread by ±jitter, evenly, and never beyond", () => {
  const random = new Random(20261121);
  const rest = { interval: 2, backOffFactor: 1.5, maxWaitInterval: 30 };
  for (const jitter of [0.1, 0.5, 1]) {
    const { retry } = toClientRules("ws://localhost", { retryConfig: { ...rest, jitter } });
    assert.ok(retry);
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 34_000; i++) {
      const n = random.integer(0, 12);
      const base = Math.min(30, 2 * 1.5 ** n);
      const wait = toWait(retry, n, random.next());
      const place = (wait / base - (1 - jitter)) / (2 * jitter);
      assert.ok(place > -1e-9 && place < 1, `${wait} before attempt ${n}`);
      const tenth = Math.max(0, Math.floor(place * 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const share of tenths) assert.ok(share > 3000 && share < 3800, `${tenths}`);
  }
});

test("L6 G1 of 500 clients that are cut at once at most a fifth come back in any 100 ms, for each seed", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const waits = Array.from({ length: 500 }, () => waitOf({}, 0, random.next())).sort((a, b) => a - b);
    const most = Math.max(...waits.map((wait, i) => waits.filter((other) => other < wait + 0.1).length - i));
    assert.ok(most <= 100, `${most} of them, with the seed ${seed}`);
    assert.ok((waits[0] ?? 0) >= 0.5 && (waits.at(-1) ?? 2) <= 1.5, `${waits[0]} to ${waits.at(-1)} s`);
  }
});

test("L6 G2 each attempt is made at its time and not before, and waits longer than the one before", async () => {
  const { clock, session, transport, waits, events } = await start({
    retryConfig: { ...STEADY, backOffFactor: 2, maxWaitInterval: 10 },
  });
  for (const [i, wait] of [1, 2, 4, 8, 10, 10].entries()) {
    transport.sockets.at(-1)?.refuse();
    assert.equal(waits.at(-1)?.wait, wait);
    assert.equal(waits.at(-1)?.attempt, i + 1);
    assert.ok(waits.at(-1)?.cause instanceof ConnectionError);
    await clock.advance(wait - 0.01);
    assert.equal(transport.sockets.length, i + 1);
    await clock.advance(0.01);
    assert.equal(transport.sockets.length, i + 2);
  }
  assert.equal(session.state, "connecting");
  assert.deepEqual(
    events,
    [1, 2, 3, 4, 5, 6].map((attempt) => `reconnecting ${attempt}`),
  );
});

test("L7 G7 attempts are forgotten after a connection of stableAfter, and not 0.1 s before", async () => {
  const fixture = await connected({ retryConfig: { ...STEADY, backOffFactor: 2, maxCount: 4 } });
  const { clock, waits } = fixture;
  const flap = async (seconds: number): Promise<void> => {
    await clock.advance(seconds);
    fixture.socket.end();
    (await fixture.again()).open();
  };
  for (const seconds of [0, 1, 4.9]) await flap(seconds);
  await flap(5);
  await flap(4.9);
  await flap(500);
  assert.deepEqual(
    waits.map(({ wait, attempt }) => [attempt, wait]),
    [
      [1, 1],
      [2, 2],
      [3, 4],
      [1, 1],
      [2, 2],
      [1, 1],
    ],
  );
});

test("L7 the time that attempts take is not that of a connection", async () => {
  const fixture = await start({ retryConfig: { ...STEADY, backOffFactor: 2 }, handShakeTimeout: 20 });
  for (let i = 0; i < 3; i++) {
    await fixture.clock.advance(20);
    await fixture.again();
  }
  assert.deepEqual(
    fixture.waits.map(({ wait }) => wait),
    [1, 2, 4],
  );
});

test("maxCount is of the attempts after the first, then the last error is final", async () => {
  const fixture = await start({ retryConfig: { ...STEADY, maxCount: 3 } });
  for (let i = 0; i < 3; i++) {
    fixture.socket.refuse();
    await fixture.again();
  }
  const last = new ConnectionError("The last");
  fixture.socket.refuse(last);
  assert.equal(await outcome(fixture.session.first), last);
  assert.deepEqual(await fixture.session.closed, { code: 1006, reason: "" });
  await fixture.clock.advance(3600);
  assert.equal(fixture.attempts, 4);
  assert.equal(fixture.clock.pending, 0);
});

test("maxCount 0 is no limit", async () => {
  const fixture = await start({ retryConfig: STEADY });
  for (let i = 0; i < 100; i++) {
    fixture.socket.refuse();
    await fixture.again();
  }
  assert.equal(fixture.session.state, "connecting");
  assert.equal(fixture.waits.at(-1)?.attempt, 100);
});

test("without retryConfig nothing is tried again", async () => {
  const refused = await start();
  refused.socket.refuse();
  assert.ok((await outcome(refused.session.first)) instanceof ConnectionError);
  const lost = await connected();
  lost.socket.end(1012, "restart");
  assert.deepEqual(await lost.session.closed, { code: 1012, reason: "restart" });
  for (const { clock, waits } of [refused, lost]) assert.deepEqual([waits.length, clock.pending], [0, 0]);
});

const retriedCodes = [1001, 1005, 1006, 1012, 1013, 1014, 4408, 4429, 4503];
const finalCodes = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4400, 4401, 4403, 4404, 4499];

for (const [codes, isRetried] of [
  [retriedCodes, true],
  [finalCodes, false],
] as const) {
  test(`L8 G3 closed with ${codes.join(", ")}: ${isRetried ? "tried again" : "final"}`, async () => {
    for (const code of codes) {
      const fixture = await connected({ retryConfig: STEADY });
      fixture.socket.end(code, "why");
      assert.equal(fixture.session.state, isRetried ? "reconnecting" : "closed", `${code}`);
      await fixture.clock.advance(60);
      assert.equal(fixture.attempts, isRetried ? 2 : 1, `${code}`);
      if (!isRetried) assert.deepEqual(await fixture.session.closed, { code, reason: "why" });
    }
  });
}

test("L8 G3 the HTTP status of a refusal decides", async () => {
  const retried = [408, 425, 429, 500, 502, 503, 504, 599];
  for (const status of [...retried, 101, 200, 204, 301, 302, 400, 401, 403, 404, 405, 409, 410, 418, 426, 431]) {
    const fixture = await start({ retryConfig: STEADY });
    const refusal = new InvalidHandshakeError("Refused", { status });
    fixture.socket.refuse(refusal);
    const isRetried = retried.includes(status);
    assert.equal(fixture.waits.length, isRetried ? 1 : 0, `${status}`);
    assert.equal(await outcome(fixture.session.first), isRetried ? "pending" : refusal, `${status}`);
  }
});

test("L8 L13 the kind of an error decides where there is no status", async () => {
  const table: [Error, boolean][] = [
    [new ConnectionError("Refused, unknown, reset"), true],
    [new HandshakeTimedOut("Too late"), true],
    [new InvalidHandshakeError("No HTTP"), true],
    [new SslError("Not of this CA"), false],
    [new AuthError("No credential now"), true],
    [new AuthError("No credential ever", { status: 401 }), false],
    [new TypeError("A mistake"), false],
  ];
  for (const [error, isRetried] of table) {
    const fixture = await start({ retryConfig: STEADY });
    fixture.socket.refuse(error);
    assert.equal(fixture.waits.length === 1, isRetried, `${error}`);
  }
  for (const cause of [new PayloadTooLargeError("Too large"), new CorruptedFrameError("Broken")]) {
    for (const code of [1006, 1009, 1002]) {
      const fixture = await connected({ retryConfig: STEADY });
      fixture.socket.end(code, "", cause);
      assert.equal(fixture.waits[0]?.cause.cause, cause, "met with a back-off");
    }
  }
});

test("L8 retryOn decides first, and undefined leaves it to the rules", async () => {
  const asked: Error[] = [];
  const verdicts = [true, false, undefined, undefined];
  const codes = [1000, 1006, 1000, 1006];
  const ends = [];
  for (const [i, code] of codes.entries()) {
    const retryOn = (cause: Error): boolean | undefined => {
      asked.push(cause);
      return verdicts[i];
    };
    const fixture = await connected({ retryConfig: { ...STEADY, retryOn } });
    fixture.socket.end(code);
    ends.push(fixture.session.state);
  }
  assert.deepEqual(ends, ["reconnecting", "closed", "closed", "reconnecting"]);
  assert.ok(asked.every((cause) => cause instanceof ConnectionClosureError));
});

test("a retryOn that throws ends the client, and only it", async () => {
  const fault = new Error("A fault of the program");
  const retryOn = (): boolean => {
    throw fault;
  };
  const fixture = await start({ retryConfig: { ...STEADY, retryOn } });
  fixture.socket.refuse();
  assert.ok(isFrom(await outcome(fixture.session.first), fault));
  assert.equal(fixture.clock.pending, 0);
});

test("L8 G4 Retry-After is obeyed, and not for much more than five minutes", async () => {
  for (const [retryAfter, least, most] of [
    [8, 8, 10],
    [0.2, 1, 1],
    [300, 300, 375],
    [86_400, 300, 375],
  ] as const) {
    for (const status of [503, 429]) {
      const fixture = await start({ retryConfig: STEADY });
      fixture.socket.refuse(new InvalidHandshakeError("Later", { status, retryAfter }));
      assert.ok(fixture.wait >= least && fixture.wait <= most, `${fixture.wait}`);
      await fixture.clock.advance(least - 0.01);
      assert.equal(fixture.attempts, 1);
      await fixture.clock.advance(most - least + 0.01);
      assert.equal(fixture.attempts, 2);
    }
  }
});

test("L8 G4 who is told the same Retry-After comes back spread over a quarter more", () => {
  const { retry } = toClientRules("ws://localhost", { retryConfig: {} });
  assert.ok(retry);
  const toWaits = (hint: number): number[] => [0, 0.25, 0.5, 1].map((random) => toWait(retry, 0, random, hint));
  assert.deepEqual(toWaits(100), [100, 106.25, 112.5, 125]);
  // What is more than five minutes is cut before it is spread.
  for (const hint of [300, 86_400]) assert.deepEqual(toWaits(hint), [300, 318.75, 337.5, 375]);
});

test("L8 Retry-After asks for nothing where the refusal is final", async () => {
  const fixture = await start({ retryConfig: STEADY });
  fixture.socket.refuse(new InvalidHandshakeError("Never", { status: 403, retryAfter: 1 }));
  assert.equal(fixture.session.state, "closed");
});

test("a first refusal whose reason is hidden is final, a later one is not", async () => {
  const hidden = { refusals: false };
  const first = await start({ retryConfig: STEADY }, hidden);
  first.socket.refuse();
  assert.equal(first.session.state, "closed");
  assert.equal(first.attempts, 1);

  const late = await start({ retryConfig: STEADY, handShakeTimeout: 1 }, hidden);
  await late.clock.advance(1);
  assert.equal(late.waits.length, 1, "what took too long was refused by nobody");

  const later = await connected({ retryConfig: STEADY }, hidden);
  later.socket.end();
  for (let i = 0; i < 3; i++) (await later.again()).refuse();
  assert.equal(later.waits.length, 4);
  assert.equal(later.session.state, "reconnecting");
});

test("an error of ours that dial throws is the end as it is", async () => {
  const fault = new UnsupportedError("This transport cannot");
  const fixture = await start({ retryConfig: STEADY }, { fault });
  assert.equal(await outcome(fixture.session.first), fault);
});

test("what dial throws is final, for it would be thrown again", async () => {
  const fault = new TypeError("The runtime does not like it");
  const fixture = await start({ retryConfig: STEADY }, { fault });
  assert.ok(isFrom(await outcome(fixture.session.first), fault));
  assert.equal(fixture.clock.pending, 0);
});

test("L11 nothing that an old socket says is heard, and there is one live socket at most", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const old: FakeSocket = fixture.socket;
  old.end();
  const { waits, events } = fixture;
  for (const late of [() => old.deliver("late"), () => old.end(1000), () => old.refuse(), () => old.open()]) late();
  assert.equal(waits.length, 1);
  (await fixture.again()).open();
  const before = [...events];
  for (const late of [() => old.deliver("late"), () => old.end(1000), () => old.refuse(), () => old.open()]) late();
  assert.deepEqual(events, before);
  assert.equal(fixture.session.state, "open");
  const read = fixture.session.read(undefined);
  fixture.socket.deliver("fresh");
  assert.equal(await read, "fresh");
});
