/** The end of a client in every state (rule L11, G8): nothing follows it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionClosureError } from "../../../src/errors.ts";
import { settle } from "../../../src/testing/settle.ts";
import { connected, type Fixture, outcome, STEADY, start } from "./fixture.ts";

const RETRY = { retryConfig: STEADY, handShakeTimeout: 10, readTimeout: 30 };

/** How a client gets into each of its states. */
const states: Readonly<Record<string, (signal: AbortSignal) => Promise<Fixture>>> = {
  "its credential is asked for": (signal) => start({ ...RETRY, signal, auth: () => new Promise(() => {}) }),
  "it connects for the first time": (signal) => start({ ...RETRY, signal }),
  "it waits after a first refusal": async (signal) => {
    const fixture = await start({ ...RETRY, signal });
    fixture.socket.refuse();
    return fixture;
  },
  "it is open": (signal) => connected({ ...RETRY, signal }),
  "it is open and its socket is full": async (signal) => {
    const fixture = await connected({ ...RETRY, signal });
    fixture.socket.bufferedAmount = 2 ** 21;
    return fixture;
  },
  "it waits after a loss": async (signal) => {
    const fixture = await connected({ ...RETRY, signal });
    fixture.socket.end();
    return fixture;
  },
  "it connects again": async (signal) => {
    const fixture = await connected({ ...RETRY, signal });
    fixture.socket.end();
    await fixture.again();
    return fixture;
  },
  "a hook runs": async (signal) => {
    const fixture = await connected({ ...RETRY, signal });
    fixture.session.hooks.add(() => new Promise(() => {}));
    fixture.socket.end();
    (await fixture.again()).open();
    return fixture;
  },
  "it is closing": async (signal) => {
    const fixture = await connected({ ...RETRY, signal });
    void fixture.session.close(4000, "before", 5);
    return fixture;
  },
};

for (const [state, arrive] of Object.entries(states)) {
  test(`L11 G8 the signal ends a client while ${state}, at once and for good`, async () => {
    const aborter = new AbortController();
    const why = new Error("Not any more");
    const fixture = await arrive(aborter.signal);
    const { session, events, clock, transport } = fixture;
    const wasPending = (await outcome(session.first)) === "pending";
    const read = session.read(undefined);
    const write = session.write("a");
    events.length = 0;
    aborter.abort(why);
    assert.deepEqual(events, ["closed", "close 1006"]);
    assert.equal(session.state, "closed");
    assert.deepEqual(await session.closed, { code: 1006, reason: "" });
    if (wasPending) assert.equal(await outcome(session.first), why);
    assert.ok((await outcome(read)) instanceof ConnectionClosureError);
    assert.notEqual(await outcome(write), "pending");
    assert.equal(clock.pending, 0);
    await silence(fixture);
    assert.equal(transport.sockets.filter(({ readyState }) => readyState < 2).length, 0);
  });

  test(`L11 G8 close() ends a client while ${state}, in its time and for good`, async () => {
    const fixture = await arrive(new AbortController().signal);
    const { session, events, clock, transport } = fixture;
    const isClosing = session.state === "closing";
    const sends = fixture.transport.sockets.at(-1)?.isLive === true;
    const read = session.read(undefined);
    const write = session.write("a");
    events.length = 0;
    const closed = session.close(4001, "enough", 5);
    const again = session.close(4002, "again", 1);
    assert.equal((await outcome(again)) === "pending", sends || isClosing);
    await clock.advance(5);
    await Promise.all([closed, again]);
    const code = isClosing ? 4000 : sends ? 4001 : 1006;
    assert.deepEqual(events, isClosing ? ["closed", `close ${code}`] : ["closing", "closed", `close ${code}`]);
    assert.equal((await session.closed).code, code);
    assert.ok((await outcome(read)) instanceof ConnectionClosureError);
    assert.notEqual(await outcome(write), "pending");
    assert.notEqual(await outcome(session.first), "pending");
    assert.equal(clock.pending, 0);
    await silence(fixture);
    assert.equal(transport.sockets.filter(({ readyState }) => readyState < 2).length, 0);
  });
}

/** Has everything said and done that could wake a client that has ended. */
async function silence({ session, events, clock, transport }: Fixture): Promise<void> {
  const before = [...events];
  const { length } = transport.sockets;
  for (const socket of transport.sockets) {
    socket.deliver("late");
    socket.end(1000);
    socket.refuse();
  }
  await clock.advance(3600);
  await session.close(1000, "", 60);
  assert.deepEqual(events, before);
  assert.equal(transport.sockets.length, length);
  assert.ok((await outcome(session.read(undefined))) instanceof ConnectionClosureError);
  assert.equal(clock.pending, 0);
}

test("L11 a signal that has aborted before ends a client before it dials", async () => {
  const why = new Error("Never mind");
  const fixture = await start({ signal: AbortSignal.abort(why) });
  assert.equal(await outcome(fixture.session.first), why);
  assert.equal(fixture.session.state, "closed");
  assert.equal(fixture.attempts, 0);
  assert.equal(fixture.clock.pending, 0);
});

test("L11 a signal is let go of at the end", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listening -= 1;
    remove(...args);
  };
  const fixture = await connected({ signal, retryConfig: STEADY });
  assert.equal(listening, 1);
  fixture.socket.end(1000);
  assert.equal(listening, 0);
});

for (const state of ["open", "reconnecting", "closing"]) {
  test(`L11 a listener that aborts when the state becomes ${state} ends the client at once`, async () => {
    const aborter = new AbortController();
    const fixture = await start({ retryConfig: STEADY, signal: aborter.signal });
    const { session, events, clock } = fixture;
    fixture.onEvent = () => {
      if (session.state === state) aborter.abort();
    };
    fixture.socket.open();
    if (session.state === "open") fixture.socket.end();
    void session.close(1000, "", 60);
    assert.deepEqual(events.slice(-3), [state, "closed", "close 1006"]);
    await silence(fixture);
    assert.equal(clock.pending, 0);
  });
}

for (const [what, end] of [
  ["the signal", (_: Fixture, aborter: AbortController) => aborter.abort()],
  ["close()", (fixture: Fixture) => void fixture.session.close(1000, "", 5)],
] as const) {
  test(`L11 ${what} in retryOn is final, whatever it gives`, async () => {
    for (const arrive of [start, connected]) {
      const aborter = new AbortController();
      const retryOn = (): boolean => {
        end(fixture, aborter);
        return true;
      };
      const fixture: Fixture = await arrive({ retryConfig: { ...STEADY, retryOn }, signal: aborter.signal });
      const { session, events, socket, clock } = fixture;
      events.length = 0;
      if (socket.isLive) socket.end();
      else socket.refuse();
      await clock.advance(5);
      assert.equal(session.state, "closed");
      assert.match(events.join(", "), /^(?:closing, )?closed, close \d+$/);
      await clock.advance(3600);
      assert.equal(fixture.attempts, 1);
      assert.equal(clock.pending, 0);
    }
  });
}

test("L11 after the end there is no socket, and nobody listens to the signal", async () => {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    if (args[0] === "abort") listening.delete(args[1]);
    remove(...args);
  };
  const { session, socket } = await connected({ signal });
  assert.equal(session.socket, socket);
  assert.equal(listening.size, 1);
  void session.close(1000, "", 60);
  socket.end(1000);
  await session.closed;
  assert.equal(session.socket, undefined);
  assert.equal(listening.size, 0);
});

test("L8 L11 retryOn is not asked about the end that close() has begun", async () => {
  const asked: Error[] = [];
  const { session, socket } = await connected({
    retryConfig: { ...STEADY, retryOn: (cause) => asked.push(cause) > 0 },
  });
  const closed = session.close(1000, "", 60);
  socket.end(1012);
  await closed;
  assert.deepEqual(asked, []);
});

test("close() sends its frame, and the end tells our own code once the server has answered", async () => {
  const { session, socket, events } = await connected({ retryConfig: STEADY });
  const closed = session.close(4000, "enough", 60);
  assert.deepEqual(socket.closes, [[4000, "enough"]]);
  assert.equal(session.state, "closing");
  socket.end(1005);
  await closed;
  assert.deepEqual(await session.closed, { code: 4000, reason: "enough" });
  assert.deepEqual(events.slice(-3), ["closing", "closed", "close 4000"]);
});

test("close() with the time-out -1 waits for ever, with 0 not at all", async () => {
  const patient = await connected();
  void patient.session.close(1000, "", -1);
  await patient.clock.advance(1_000_000);
  assert.equal(patient.session.state, "closing");
  assert.equal(patient.clock.pending, 0);
  const hasty = await connected();
  void hasty.session.close(1000, "", 0);
  await hasty.clock.advance(0);
  assert.equal(hasty.session.state, "closed");
  assert.equal(hasty.socket.isTerminated, true);
});

test("the events of a connection that is lost and found", async () => {
  const fixture = await connected({ retryConfig: STEADY });
  const { events } = fixture;
  fixture.socket.end();
  (await fixture.again()).refuse();
  (await fixture.again()).open();
  fixture.socket.end(1000, "that is all");
  await settle();
  assert.deepEqual(events, [
    "open",
    "open",
    "reconnecting",
    "reconnecting 1",
    "reconnecting 2",
    "open",
    "open",
    "closed",
    "close 1000",
  ]);
});
