/** The listener itself: its properties, and options that are wrong. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Hono } from "hono";
import { type Caller, Listener, upgrade } from "../../../mod.ts";
import { connect } from "../../kit/raw_client.ts";
import { gate, Log, type Subject } from "./subject.ts";

type Wrong = readonly [name: string, ...values: unknown[]];

const listenerOptions: readonly Wrong[] = [
  ["port", -1, 65536, 1.5, "80", Number.NaN],
  ["host", "", 1, null],
  ["engine", "ws", "", null],
  ["requires", "ping", ["pong"], [1], {}],
  ["logger", {}, { error: () => {} }, console.log],
  ["colour", "red"],
];
const durations = [-1, Number.NaN, Number.POSITIVE_INFINITY, "1"];
const counts = [0, -1, 1.5, Number.NaN, 2 ** 31, "1"];
const serviceOptions: readonly Wrong[] = [
  ["idleTimeout", ...durations],
  ["connectionClosureTimeout", -2, Number.NaN, Number.POSITIVE_INFINITY, "1"],
  ["upgradeTimeout", ...durations],
  ["writeTimeout", 0, ...durations],
  ["maxFrameSize", ...counts],
  ["maxQueuedMessages", ...counts],
  ["maxQueuedBytes", ...counts],
  ["maxBufferedAmount", ...counts],
  ["subProtocols", "a", ["a b"], [""], [1], {}],
  ["requireSubProtocol", "yes", 1, true],
  ["origins", "https://a.example", ["a.example"], ["https://a.example/"], [1], {}],
  ["heartbeat", true, 1, { every: 1 }, { interval: 0 }, { interval: -1 }, { timeout: 0 }, { timeout: "1" }],
  ["requires", "ping", ["pong"], [1], {}],
  [
    "responseHeaders",
    { "bad name": "1" },
    { connection: "close" },
    { "sec-websocket-accept": "x" },
    { a: "b\r\nc: d" },
    { a: "caf\u00e9" },
    1,
  ],
  ["colour", "red"],
];

export function listening(subject: Subject): void {
  for (const [name, ...values] of listenerOptions) {
    subject.test(`new Listener() names option ${name} when it is wrong`, () => {
      for (const value of values) {
        const make = (): unknown => new Listener(new Hono(), { port: 0, [name]: value } as never);
        assert.throws(make, (error) => isNamed(error, name), `${name}: ${String(value)}`);
      }
    });
  }

  for (const [name, ...values] of serviceOptions) {
    subject.test(`upgrade() and attach() name option ${name} when it is wrong`, () => {
      const listener = subject.listener();
      for (const value of values) {
        const config = { [name]: value } as never;
        assert.throws(
          () => upgrade(config, () => ({})),
          (error) => isNamed(error, name),
          `${name}: ${String(value)}`,
        );
        assert.throws(
          () => listener.attach("/", () => ({}), config),
          (error) => isNamed(error, name),
          `${name}: ${String(value)}`,
        );
      }
      // Nothing was left at the path.
      listener.attach("/", () => ({}));
    });
  }

  subject.test("attach() refuses a path that another listener of the same app has, until it is detached there", () => {
    const app = new Hono();
    const [one, other] = [new Listener(app, { port: 0 }), new Listener(app, { port: 0 })];
    one.attach("/same/:a", () => ({}));
    assert.throws(() => other.attach("/same/:b", () => ({})), { name: "ListenerError" });
    one.detach("/same/:a");
    other.attach("/same/:b", () => ({}));
    new Listener(new Hono(), { port: 0 }).attach("/same/:b", () => ({}));
  });

  subject.test(
    "gracefulStop() and new Listener() name options that are null; start() says what is still stopping",
    async () => {
      assert.throws(() => new Listener(0, null as never), { name: "TypeError", message: /ListenerConfig/ });
      const listener = subject.listener();
      assert.throws(() => listener.gracefulStop(null as never), { name: "TypeError", message: /StopOptions/ });
      await listener.start();
      const stopped = listener.gracefulStop();
      await assert.rejects(listener.start(), { name: "ListenerError", message: /still stopping/ });
      await stopped;
    },
  );

  subject.test("new Listener() and attach() refuse what makes no sense", () => {
    const listener = subject.listener();
    assert.throws(() => new Listener(0, { port: 1 }), TypeError);
    assert.throws(() => new Listener(new Hono()), TypeError);
    for (const [target, said] of [
      ["80", /^A listener needs a port, which is a number, not "80"/],
      [undefined, /^A listener needs a port, which is a number, not undefined/],
      [new Hono().fetch, /^A listener needs a port, .* or an app with a function fetch, not a function$/],
      [{ port: 80 }, /^A listener needs a port, which is a number, or an app with a function fetch$/],
      [
        createServer(),
        /^A listener opens its own port: attach of "@switchboard\/websocket\/node" serves an http\.Server$/,
      ],
    ] as const) {
      assert.throws(() => new Listener(target as never), { name: "TypeError", message: said });
    }
    assert.throws(() => new Listener(-1), RangeError);
    assert.throws(() => listener.attach("no-slash", () => ({})), TypeError);
    const given = { name: "TypeError", message: /must be a handler, such as \(\) => service, or/ };
    assert.throws(() => listener.attach("/", {} as never), given);
    assert.throws(() => listener.attach("/", upgrade(() => ({})) as never, {}), TypeError);
    assert.throws(() => upgrade({} as never, undefined as never), TypeError);
  });

  subject.test(
    "attach() names a path that can match nothing, or that Hono cannot read, and the others go on",
    async () => {
      for (const app of [undefined, new Hono()]) {
        const config = { engine: subject.engine, logger: new Log(subject.patience) };
        const listener = app === undefined ? new Listener(0, config) : new Listener(app, { ...config, port: 0 });
        for (const path of ["/a/:x{(}", "/a/:x{[}", "/a?b", "/a#b", "/:a?b", "/:a{b?}/c#"]) {
          const attach = (): void => listener.attach(path, () => ({}));
          assert.throws(attach, (error) => error instanceof TypeError && error.message.includes(path), path);
        }
        listener.attach("/ok", () => ({ onOpen: () => "open" }));
        listener.attach("/opt/:a?", () => ({ onOpen: () => "open" }));
        listener.attach("/pattern/:a{[a-z]{2}[?#]?}", () => ({ onOpen: () => "open" }));
        await listener.start();
        try {
          for (const path of ["/ok", "/opt", "/opt/x", "/pattern/ab"]) {
            const client = await connect(listener.port, { path });
            assert.equal(await client.message(), "open", path);
            client.destroy();
          }
        } finally {
          await listener.immediateStop();
        }
      }
    },
  );

  subject.test(
    "port is the one asked for before start, and the one bound after it; url says how to get there",
    async () => {
      const listener = subject.listener({ host: "127.0.0.1" });
      assert.equal(listener.port, 0);
      listener.attach("/", () => ({ onOpen: () => "open" }));
      await listener.start();
      try {
        assert.ok(listener.port > 0);
        assert.equal(listener.url, `ws://127.0.0.1:${listener.port}`);
        const client = await connect(listener.port);
        assert.equal(await client.message(), "open");
        client.destroy();
      } finally {
        await listener.immediateStop();
      }
      assert.equal(new Listener(8080).port, 8080);
      assert.equal(new Listener(8080).url, "ws://localhost:8080");
      assert.equal(new Listener(8080, { host: "::1" }).url, "ws://[::1]:8080");
      assert.equal(new Listener(8080, { host: "example.org" }).url, "ws://example.org:8080");
    },
  );

  subject.test("connections are the open callers, and each has an id of its own", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen: (caller) => void callers.push(caller),
        onClose: () => journal.add("close"),
      }),
      async ({ connect: open, listener, journal }) => {
        assert.deepEqual([...listener.connections], []);
        const clients = [await open(), await open(), await open()];
        for (const client of clients) await client.send.ping();
        for (const client of clients) await client.frame();
        assert.deepEqual(new Set(listener.connections), new Set(callers));
        assert.equal(new Set(callers.map(({ connectionId }) => connectionId)).size, 3);
        assert.equal(callers[0]?.connectionId, callers[0]?.connectionId);
        assert.equal(callers[0]?.isSecure, false);
        assert.equal(callers[0]?.negotiatedSubProtocol, undefined);
        assert.match(callers[0]?.remoteAddress ?? "", /127\.0\.0\.1$/);
        await clients[1]?.send.close(1000);
        await journal.until("close");
        assert.deepEqual([...listener.connections].length, 2);
        // A connection that ends while they are gone through is no stumbling block.
        for (const caller of listener.connections) void caller.close(1000);
        await journal.until("close", 3);
        assert.deepEqual([...listener.connections], []);
      },
    );
  });

  subject.test("attributes are kept with a caller", async () => {
    await subject.serve(
      () => ({
        onTextMessage(caller) {
          const before = caller.getAttribute("a");
          caller.setAttribute("a", 1);
          caller.setAttribute("__proto__", 2);
          return [
            before ?? null,
            caller.getAttribute("a") as number,
            caller.removeAttribute("a") as number,
            caller.getAttribute("a") ?? null,
            caller.getAttribute("__proto__") as number,
          ];
        },
      }),
      async ({ connect: open }) => {
        for (let i = 0; i < 2; i++) {
          const client = await open();
          await client.send.text("");
          assert.equal(await client.message(), "[null,1,1,null,2]");
        }
      },
    );
  });

  subject.test("Symbol.asyncDispose stops gracefully", async () => {
    const closed = gate<number>();
    const listener = subject.listener();
    listener.attach("/", () => ({ onClose: (_caller, code) => closed.resolve(code) }));
    await listener.start();
    const client = await connect(listener.port);
    await subject.within("the disposal", listener[Symbol.asyncDispose]());
    assert.equal(await closed.promise, 1001);
    assert.equal((await client.ended()).code, 1001);
  });
}

function isNamed(error: unknown, name: string): boolean {
  return (error instanceof TypeError || error instanceof RangeError) && error.message.includes(name);
}
