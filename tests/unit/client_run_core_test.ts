/** The session of `run`, over a transport that only notes what it is asked, on a fake clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller } from "../../src/caller.ts";
import { SOCKET_CAPABILITIES } from "../../src/capabilities.ts";
import { type RunConfig, toRunRules } from "../../src/client/run_config.ts";
import { type RunningService, RunSession, type ServiceSource } from "../../src/client/run_session.ts";
import { toRunCapabilities } from "../../src/client/run_socket.ts";
import type { Transport } from "../../src/client/transport.ts";
import { FakeClock } from "../../src/testing/fake_clock.ts";
import { settle } from "../../src/testing/settle.ts";
import { type FakeSocket, FakeTransport, outcome, STEADY } from "./client_core/fixture.ts";
import { type Recorder, silent } from "./support.ts";

/** A service that runs, and who holds the other ends. */
interface Running {
  readonly clock: FakeClock;
  readonly logger: Recorder;
  readonly session: RunSession;
  /** The socket that was dialled last. */
  last(): FakeSocket;
  /** Has the server accept the last attempt. */
  open(protocol?: string): Promise<RunningService>;
}

async function start(
  source: ServiceSource,
  {
    url = "ws://localhost/",
    ping = true,
    ...config
  }: RunConfig & { readonly url?: string; readonly ping?: boolean } = {},
): Promise<Running> {
  const clock = new FakeClock();
  const logger = silent();
  const fake = new FakeTransport();
  const transport: Transport = { name: "fake", ping, refusals: true, dial: (dial, line) => fake.dial(dial, line) };
  const session = new RunSession(source, toRunRules(url, { logger, ...config }), transport, {
    dialer: clock,
    host: clock,
  });
  await settle();
  const last = (): FakeSocket => {
    const socket = fake.sockets.at(-1);
    assert.ok(socket);
    return socket;
  };
  const open = (protocol = ""): Promise<RunningService> => {
    last().open({ protocol });
    return session.first.promise;
  };
  return { clock, logger, session, last, open };
}

test("the caller of run() tells the subprotocol that was chosen, and whether the connection goes over TLS", async () => {
  for (const [url, subProtocol, isSecure] of [
    ["ws://localhost/", "chat", false],
    ["wss://localhost/", undefined, true],
  ] as const) {
    const { open } = await start({}, { url });
    const { caller } = await open(subProtocol);
    assert.deepEqual([caller.negotiatedSubProtocol, caller.isSecure], [subProtocol, isSecure]);
  }
});

test("R14 close() and the end of a block close with 1000, and resolve when the connection is down", async () => {
  for (const end of [
    (running: RunningService) => running.close(),
    (running: RunningService) => running[Symbol.asyncDispose](),
  ]) {
    const { open, last } = await start({}, { retryConfig: STEADY });
    const running = await open();
    const ended = end(running);
    assert.deepEqual([running.state, last().closes], ["closing", [[1000, ""]]]);
    assert.equal(await outcome(ended), "pending");
    last().end(1000);
    await ended;
    assert.deepEqual([running.state, await running.closed], ["closed", { code: 1000, reason: "" }]);
  }
});

test("R21 after close() of a run no message is delivered", async () => {
  const seen: unknown[] = [];
  const { open, last } = await start({ onMessage: (_caller, data) => void seen.push(data) });
  const running = await open();
  last().deliver("before");
  void running.close(4000, "enough");
  last().deliver("after");
  last().end(4000);
  await running.closed;
  assert.deepEqual(seen, ["before"]);
});

test("what ends a run is logged if it was connected, and nobody has ended it by the signal", async () => {
  const lines = async (end: (running: Running, aborter: AbortController) => Promise<void>): Promise<unknown[]> => {
    const aborter = new AbortController();
    const running = await start({}, { retryConfig: { ...STEADY, maxCount: 1 }, signal: aborter.signal });
    await end(running, aborter);
    await running.session.end.promise;
    return running.logger.lines.map(([level, line]) => `${level} ${line}`);
  };
  const never = async ({ last, clock, session }: Running): Promise<void> => {
    last().refuse();
    await clock.advance(1);
    assert.equal(session.state, "connecting");
    last().refuse();
  };
  const lost = async ({ open, last, clock, session }: Running): Promise<void> => {
    await open();
    last().end();
    assert.equal(session.state, "reconnecting");
    await clock.advance(1);
    last().refuse();
  };
  const aborted = async ({ open, last }: Running, aborter: AbortController): Promise<void> => {
    await open();
    last().end();
    aborter.abort();
  };
  assert.deepEqual(await lines(never), []);
  assert.deepEqual(await lines(lost), ["error Cannot connect again"]);
  assert.deepEqual(await lines(aborted), []);
});

test("L11 after the end of a run nobody listens to its signal", async () => {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown) => void listening.add(listener);
  signal.removeEventListener = (type: string, listener: unknown) =>
    void (type === "abort" && listening.delete(listener));
  const { open, last } = await start({}, { signal });
  const running = await open();
  assert.equal(listening.size, 1);
  last().end(1000);
  await running.closed;
  assert.equal(listening.size, 0);
});

test("R28 a service with onPing or onPong is told of a transport that has none, and no other", async () => {
  for (const [service, ping, count] of [
    [{ onPing() {} }, false, 1],
    [{ onPong() {} }, false, 1],
    [{}, false, 0],
    [{ onPing() {}, onPong() {} }, true, 0],
  ] as const) {
    const { open, logger } = await start(service, { ping });
    await open();
    assert.equal(logger.lines.length, count);
  }
});

test("R28 what a run can do is what its transport tells of itself", () => {
  const dial = (): never => assert.fail();
  for (const [ping, headers] of [
    [undefined, undefined],
    [true, undefined],
    [undefined, true],
  ]) {
    const able = { ...(ping && { ping }), ...(headers && { headers }) };
    assert.deepEqual(toRunCapabilities({ name: "fake", dial, ...able }), {
      ...SOCKET_CAPABILITIES,
      engine: "fake",
      isTransport: true,
      ...{ ping: !!ping, terminate: !!ping, pause: !!ping },
      ...{ compression: !!headers, tls: !!headers, mutualSsl: !!headers },
    });
  }
});

test("R19 a run pauses the reading of its transport at maxQueuedMessages, and resumes it", async () => {
  const held = Promise.withResolvers<void>();
  const { open, last, clock } = await start({ onTextMessage: () => held.promise }, { maxQueuedMessages: 4 });
  await open();
  for (let i = 0; i < 5; i++) last().deliver(`${i}`);
  assert.equal(last().isPaused, true);
  held.resolve();
  await clock.advance(0);
  assert.equal(last().isPaused, false);
});

test("R20 the caller of a run tells what is unsent", async () => {
  const { open, last } = await start({});
  const { caller } = await open();
  last().bufferedAmount = 100_001;
  assert.equal(caller.bufferedAmount, 100_001);
});

test("L11 the caller of a connection that was lost has no say over the next", async () => {
  const callers: Caller[] = [];
  const { open, last, clock } = await start({ onOpen: (caller) => void callers.push(caller) }, { retryConfig: STEADY });
  const running = await open();
  last().end();
  await clock.advance(1);
  await open();
  callers[0]?.terminate();
  void callers[0]?.close();
  assert.deepEqual([running.state, last().isTerminated, last().closes], ["open", false, []]);
});
