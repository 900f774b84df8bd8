import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type TestContext, test } from "node:test";
import { accepting, closing, dropping, echoing, hangingUp } from "../kit/answers.ts";
import type { RawClient } from "../kit/raw_client.ts";
import { type Answer, type RawServer, serve } from "../kit/raw_server.ts";
import { Example, runtime } from "./example.ts";

interface Relay {
  readonly behind: RawServer;
  connect(path: string): Promise<RawClient>;
}

/** Starts the proxy before a server that answers like that. */
async function relay(t: TestContext, answers: Answer | readonly Answer[]): Promise<Relay> {
  const behind = await serve(answers);
  t.after(() => behind[Symbol.asyncDispose]());
  const proxy = await Example.start(t, "proxy", { env: { UPSTREAM: behind.url } });
  return { behind, connect: (path) => proxy.connect(path) };
}

test("proxy.ts relays text and bytes both ways, to the path that the caller asked for", async (t) => {
  const { behind, connect } = await relay(t, echoing());
  const caller = await connect("/a/b%20c?d=1");
  await caller.send.text("Grüß dich");
  await caller.send.binary(new Uint8Array([0, 255]));
  assert.deepEqual([await caller.message(), await caller.message()], ["Grüß dich", Buffer.from([0, 255])]);
  const attempt = await behind.attempt(1);
  assert.match(attempt.request?.line ?? "", /^GET \/a\/b%20c\?d=1 /);
  await caller.send.close(4321, "Enough");
  await attempt.ended();
  assert.deepEqual(attempt.closeFrame?.payload, Buffer.from([0x10, 0xe1, ...Buffer.from("Enough")]));
});

test("proxy.ts closes with the code of the other side, or what says that there was none", async (t) => {
  const { behind, connect } = await relay(t, [
    closing(4400, "No"),
    closing(),
    dropping("reset"),
    hangingUp("fin"),
    echoing(),
  ]);
  const ends: unknown[] = [];
  for (let count = 0; count < 4; count++) {
    const { code, reason } = await (await connect("/")).ended();
    ends.push([code, reason]);
  }
  const away = [1014, "The service behind is away"];
  assert.deepEqual(ends, [[4400, "No"], [1000, ""], [1014, ""], away]);
  const lost = await connect("/");
  const attempt = await behind.attempt(5);
  await lost.send.text("here");
  await lost.message();
  lost.reset();
  await attempt.ended();
  assert.deepEqual(attempt.closeFrame?.payload, Buffer.from([0x03, 0xe9]));
});

test("proxy.ts holds up a service whose caller does not read, and goes on when it does", async (t) => {
  let sent = 0;
  let at = 0;
  const flood = accepting(async (attempt) => {
    const chunk = new Uint8Array(32_768);
    for (; attempt.end === undefined && sent < 8000; sent++) {
      await attempt.send.binary(chunk);
      at = performance.now();
    }
  });
  const { connect } = await relay(t, flood);
  const caller = await connect("/");
  await caller.message();
  caller.pause();
  await stalled(() => at, caller);
  // What is on its way stands in the buffers of two connections, of the kernel and of the proxy.
  t.diagnostic(`${sent / 32} MiB`);
  assert.ok(sent < 4000, `${sent / 32} MiB`);
  const before = sent;
  caller.resume();
  for (let count = 0; count < before + 100; count++) await caller.message();
  assert.ok(sent > before);
});

test("proxy.ts fills no memory for a service that does not read: it holds the caller up, or lets it go", async (t) => {
  const { behind, connect } = await relay(
    t,
    accepting((attempt) => attempt.pause()),
  );
  const caller = await connect("/");
  await behind.attempt(1);
  let sent = 0;
  let at = performance.now();
  const flood = (async () => {
    const chunk = new Uint8Array(32_768);
    for (; caller.end === undefined && sent < 8000; sent++) {
      await caller.send.binary(chunk);
      at = performance.now();
    }
  })();
  await stalled(() => at, caller);
  t.diagnostic(`${sent / 32} MiB, ${caller.end ?? "held up"}`);
  if (runtime === "deno") {
    // It cannot pause, closes with 1013, and throws away what comes then; its close frame may be lost on the way.
    assert.notEqual(caller.end, undefined);
    assert.ok([1013, undefined].includes((await caller.closed).code));
  } else {
    assert.equal(caller.end, undefined);
    assert.ok(sent < 4000, `${sent / 32} MiB`);
  }
  caller.destroy();
  await flood;
});

/** Waits until nothing was sent for half a second, or the connection has ended. */
function stalled(at: () => number, caller: RawClient): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (performance.now() - at() < 500 && caller.end === undefined) return;
      clearInterval(timer);
      resolve();
    }, 50);
  });
}
