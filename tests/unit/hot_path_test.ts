import assert from "node:assert/strict";
import { test } from "node:test";
import { contract } from "../../entries/contract.ts";
import { Host } from "../../src/host.ts";
import type { Service } from "../../src/service.ts";
import { toServiceRules } from "../../src/service_config.ts";
import { Upgrade } from "../../src/slot.ts";
import type { StandardSchema } from "../../src/standard_schema.ts";
import type { Connection, RuntimeSocket } from "../../src/socket.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { full, silent } from "./support.ts";

/** A socket that allocates nothing. */
const socket: RuntimeSocket & { count: number } = {
  count: 0,
  readyState: 1,
  bufferedAmount: 0,
  send() {
    this.count++;
  },
  close() {},
  ping() {},
  pong() {},
  terminate() {},
  pause() {},
  resume() {},
};

const binary = new Uint8Array(16);

/** What a message may cause without an allocation of ours. */
const paths: [title: string, service: Service, replies: number, message: (connection: Connection) => void][] = [
  ["a text message that is replied to", { onTextMessage: (_caller, text) => text }, 1, (c) => c.text("hello")],
  ["a text message without a reply", { onTextMessage: () => {} }, 0, (c) => c.text("hello")],
  ["a text message for onMessage", { onMessage: () => "ok" }, 1, (c) => c.text("hello")],
  ["a binary message that is replied to", { onBinaryMessage: () => binary }, 1, (c) => c.binary(binary)],
  [
    "a text message that is answered by two writes",
    {
      onTextMessage: (caller, text) => {
        void caller.writeTextMessage(text);
        void caller.writeTextMessage(text);
      },
    },
    2,
    (c) => c.text("hello"),
  ],
  ["a ping that nobody observes", {}, 0, (c) => c.ping(binary)],
];

const schema: StandardSchema<object> = {
  "~standard": { version: 1, vendor: "tests", validate: () => ({ value: {} }) },
};
const market = contract({
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { ask: { message: schema, reply: schema }, tell: { message: schema } },
  validateReplies: true,
});
const byContract = market.service({ onAsk: () => ({ ok: true }), onTell() {} });

/** The same of messages by a contract; these are parsed, so that they do allocate. */
const dispatched: [title: string, service: Service, replies: number, message: (connection: Connection) => void][] = [
  ["a request by a contract", byContract, 1, (c) => c.text('{"event":"ask","id":"1","a":1}')],
  ["a request by a contract that is answered by complete", byContract, 1, (c) => c.text('{"event":"tell","id":1}')],
  ["a message by a contract without an id", byContract, 0, (c) => c.text('{"event":"tell"}')],
  ["a message that is unknown to a contract", byContract, 1, (c) => c.text('{"event":"nobody","id":1}')],
];

function run(service: Service): Connection {
  const host = new Host(full, { logger: silent() }, new FakeClock());
  const details = { protocol: "", peer: {}, isSecure: false };
  return new Upgrade(service, toServiceRules({ idleTimeout: 60 }), host, details, []).open(socket);
}

/** Calls `work` and counts promises that are made by hand, timers and microtasks. */
function count(work: () => void): number {
  let made = 0;
  const { Promise: promise, setTimeout: timeout, queueMicrotask: microtask } = globalThis;
  const counting = new Proxy(promise, {
    construct(target, args, newTarget) {
      made++;
      return Reflect.construct(target, args, newTarget);
    },
  });
  const counted = <Call extends (...args: never[]) => unknown>(call: Call): Call =>
    new Proxy(call, {
      apply(target, self, args) {
        made++;
        return Reflect.apply(target, self, args);
      },
    });
  Object.assign(globalThis, { Promise: counting, setTimeout: counted(timeout), queueMicrotask: counted(microtask) });
  try {
    work();
  } finally {
    Object.assign(globalThis, { Promise: promise, setTimeout: timeout, queueMicrotask: microtask });
  }
  return made;
}

for (const [title, service, replies, message] of [...paths, ...dispatched]) {
  test(`the hot path makes no promise, timer or microtask: ${title}`, () => {
    const connection = run(service);
    const before = socket.count;
    assert.equal(
      count(() => {
        for (let i = 0; i < 100; i++) message(connection);
      }),
      0,
    );
    assert.equal(socket.count - before, 100 * replies);
  });
}

test("the count of promises, timers and microtasks counts", () => {
  assert.equal(
    count(() => {
      void new Promise<void>((resolve) => resolve());
      Promise.withResolvers();
      void Promise.resolve();
      clearTimeout(setTimeout(() => {}, 0));
      queueMicrotask(() => {});
    }),
    5,
  );
});

// Bun's hooks are told of no promise.
const counting = await countNativePromises();
if (counting !== undefined) {
  test("the hot path makes no native promise either, such as those of async functions", () => {
    for (const [title, service, , message] of [...paths, ...dispatched]) {
      const connection = run(service);
      const promises = counting(() => {
        for (let i = 0; i < 100; i++) message(connection);
      });
      assert.equal(promises, 0, title);
    }
  });
}

// Only Node tells what is allocated; the code is the same elsewhere.
const allocated = await toAllocationMeter();
if (allocated !== undefined) {
  test("the hot path allocates no closure or event object", () => {
    // The meter must notice the least that a message could cost.
    const kept: unknown[] = [0];
    let calls = 0;
    const closure = allocated(() => {
      kept[0] = () => calls++;
    }, 2);
    assert.ok(closure >= 16, `a closure is measured as ${closure} bytes`);
    for (const [title, service, , message] of paths) {
      const connection = run(service);
      const bytes = allocated(() => message(connection));
      assert.ok(bytes < 8, `${title}: ${bytes} bytes a message`);
    }
  });
}

/** Counts promises by the hooks of Node, where they are called. */
async function countNativePromises(): Promise<((work: () => void) => number) | undefined> {
  const { createHook } = await import("node:async_hooks");
  let promises = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "PROMISE") promises++;
    },
  });
  const counting = (work: () => void): number => {
    promises = 0;
    hook.enable();
    work();
    hook.disable();
    return promises;
  };
  return counting(() => void (async () => {})()) > 0 ? counting : undefined;
}

/** Measures the bytes that one call allocates, on V8. */
async function toAllocationMeter(): Promise<((work: () => void, rounds?: number) => number) | undefined> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  const { memoryUsage } = await import("node:process");
  let collect: () => void;
  try {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc");
    collect();
  } catch {
    return undefined;
  }
  const calls = 2000;
  const measure = (work: () => void): number => {
    collect();
    const before = memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) work();
    return (memoryUsage().heapUsed - before) / calls;
  };
  return (work, rounds = 20) => {
    // Until the compiler is done, what it allocates is counted too.
    for (let i = 0; i < 20_000; i++) work();
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < rounds && least >= 8; i++) least = Math.min(least, measure(work));
    return least;
  };
}
