/** `run` over real sockets: the same rules as on a server, and a client's retry. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { type RunConfig, type RunningService, run, type Service } from "../../entries/client_run.ts";
import { contract } from "../../entries/contract.ts";
import { type Caller, ConnectionClosureError, closeFrame, InvalidHandshakeError, UnsupportedError } from "../../mod.ts";
import { accepting, closing, dropping, echoing, refusing, saysNothing, silentAfter } from "../kit/answers.ts";
import { Child } from "../kit/child.ts";
import { PONG, toFrame } from "../kit/frames.ts";
import { serve } from "../kit/raw_server.ts";
import { type Own, scoped } from "../kit/scoped.ts";
import { Log, silent } from "./client_run_support.ts";

const QUICK = { interval: 0.005, jitter: 0 };

for (const transport of ["platform", "ws"] as const) {
  const start = (url: string, service: Service | (() => Service), config: RunConfig = {}): Promise<RunningService> =>
    run(url, service, { transport, logger: silent, ...config });
  const it = (title: string, fn: (own: Own) => Promise<void>): void => {
    test(`${transport}: ${title}`, () => scoped(fn));
  };

  it("R1 R2 R4 one callback at a time, in the order of arrival, onOpen first and onClose last", async (own) => {
    const early = Buffer.concat(["a", "b", "c"].map((payload) => toFrame({ payload, mask: false })));
    const server = own(await serve(accepting((attempt) => attempt.send.close(4001, "done"), { early })));
    const log = new Log();
    const slowly = async (what: string): Promise<string> => {
      log.add(`${what} begins`);
      await new Promise((resolve) => setTimeout(resolve, 3));
      log.add(`${what} ends`);
      return what;
    };
    const running = own(
      await start(server.url, {
        onOpen: () => slowly("open"),
        onTextMessage: (_caller, text) => slowly(text),
        onClose: (_caller, statusCode, reason) => log.add(`close ${statusCode} ${reason}`),
      }),
    );
    assert.deepEqual(log.lines, ["open begins"]);
    assert.deepEqual(await running.closed, { code: 4001, reason: "done" });
    await log.has("close 4001 done");
    assert.deepEqual(log.lines, [
      ...["open", "a", "b", "c"].flatMap((what) => [`${what} begins`, `${what} ends`]),
      "close 4001 done",
    ]);
    assert.equal(running.state, "closed");
  });

  it("C1 C5 a service with a contract is dispatched, and its streams end with the connection", async (own) => {
    const texts = ['{"event":"ask","id":1}', '{"event":"follow","id":2}', '{"event":"nobody","id":3}'];
    const early = Buffer.concat(texts.map((payload) => toFrame({ payload, mask: false })));
    const server = own(
      await serve(
        accepting(
          async (attempt) => {
            for (let n = 0; n < 3; n++) log.add(`${await attempt.message()}`);
            await attempt.send.close(4001, "done");
          },
          { early },
        ),
      ),
    );
    const log = new Log();
    const any = { "~standard": { version: 1, vendor: "tests", validate: (value: unknown) => ({ value }) } } as const;
    const messages = { ask: { message: any, reply: any }, follow: { message: any, reply: any, stream: true } } as const;
    const line = contract({ dispatcherKey: "event", dispatcherStreamId: "id", messages });
    const running = own(
      await start(
        server.url,
        line.service({
          onAsk: () => ({ ok: true }),
          async *onFollow(_caller, _message, { signal }) {
            yield 1;
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            log.add("aborted");
          },
        }),
      ),
    );
    await running.closed;
    await log.has("aborted");
    assert.deepEqual(
      log.lines.sort(),
      [
        "aborted",
        '{"event":"ask","id":1,"ok":true}',
        '{"event":"error","id":3,"code":"unknown_type","message":"There is no message type \\"nobody\\""}',
        '{"event":"follow","id":2,"data":1}',
      ].sort(),
    );
  });

  it("R6 replies are sent, streams too, and a returned close frame closes for good", async (own) => {
    const server = own(await serve(echoing()));
    const log = new Log();
    const running = own(
      await start(
        server.url,
        {
          onOpen: async function* () {
            yield "text";
            yield { json: true };
            yield Uint8Array.of(7);
          },
          onTextMessage: (_caller, text) => log.add(text),
          onBinaryMessage(_caller, data) {
            log.add(`bytes ${data}`);
            return closeFrame(4444, "Said bye");
          },
          onClose: (_caller, statusCode) => log.add(`close ${statusCode}`),
        },
        { retryConfig: QUICK },
      ),
    );
    assert.deepEqual(await running.closed, { code: 4444, reason: "Said bye" });
    assert.deepEqual(log.lines, ["text", '{"json":true}', "bytes 7", "close 4444"]);
    const { code, reason } = await (await server.attempt(1)).ended();
    assert.deepEqual([code, reason], [4444, "Said bye"]);
    assert.equal(server.attempts.length, 1);
  });

  it("R9 a factory that makes no service fails the run, as one that throws, and the connection ends with 1011", async (own) => {
    const server = own(await serve(accepting()));
    const getter = Object.defineProperty({}, "onPing", {
      get: () => {
        throw new Error("Cannot run this");
      },
    });
    for (const made of [null, undefined, "x", Promise.resolve({}), getter]) {
      await assert.rejects(
        start(server.url, () => made as never),
        { message: /^Cannot run / },
        String(made),
      );
    }
  });

  it("R9 a callback that throws reports to onError, whose reply is sent", async (own) => {
    const server = own(await serve(accepting((attempt) => attempt.send.text("boom"))));
    const running = own(
      await start(server.url, {
        onTextMessage(_caller, text) {
          throw new Error(text);
        },
        onError: (_caller, error) => `sorry: ${error.message}`,
      }),
    );
    const attempt = await server.attempt(1);
    assert.equal(await attempt.nextMessage(), "sorry: boom");
    assert.equal(running.state, "open");
  });

  it("R9 without onError the fault is logged and the connection closed with 1011, for good", async (own) => {
    const server = own(await serve(accepting((attempt) => attempt.send.text("boom"))));
    const log = new Log();
    const running = own(
      await start(
        server.url,
        {
          onTextMessage: () => Promise.reject(new Error("boom")),
          onClose: (_caller, statusCode) => log.add(`close ${statusCode}`),
        },
        { retryConfig: QUICK, logger: { ...silent, error: (line) => log.add(line) } },
      ),
    );
    assert.equal((await running.closed).code, 1011);
    assert.deepEqual(log.lines, ["A callback failed; the connection is closed with 1011", "close 1011"]);
    assert.equal(server.attempts.length, 1);
  });

  it("R10 a message over maxFrameSize reports to onError, and onClose is told 1009", async (own) => {
    const server = own(await serve(accepting((attempt) => attempt.send.text("x".repeat(101)))));
    const log = new Log();
    const running = own(
      await start(
        server.url,
        {
          onTextMessage: () => log.add("message"),
          onError: (_caller, error) => log.add(error.name),
          onClose: (_caller, statusCode) => log.add(`close ${statusCode}`),
        },
        { maxFrameSize: 100 },
      ),
    );
    await running.closed;
    assert.deepEqual(log.lines, ["PayloadTooLargeError", "close 1009"]);
  });

  it("R14 close() resolves when the server has answered, and rejects what cannot be sent", async (own) => {
    const server = own(await serve(echoing()));
    const closes: unknown[] = [];
    const running = await start(server.url, { onClose: (_caller, ...end) => void closes.push(end) });
    const { caller } = running;
    await assert.rejects(running.close(1005), RangeError);
    await assert.rejects(running.close(1000, "", -2), RangeError);
    assert.equal(running.state, "open");
    const first = running.close(4000, "enough");
    assert.equal(running.state, "closing");
    await Promise.all([first, running.close(4001), running[Symbol.asyncDispose]()]);
    assert.deepEqual(await running.closed, { code: 4000, reason: "enough" });
    assert.deepEqual(closes, [[4000, "enough"]]);
    assert.equal(running.caller, caller);
    assert.equal(caller.isOpen, false);
    await assert.rejects(caller.writeTextMessage("late"), ConnectionClosureError);
    assert.equal((await (await server.attempt(1)).ended()).code, 4000);
  });

  it("R14 caller.close() closes all of it, for good", async (own) => {
    const server = own(await serve(echoing()));
    const running = await start(server.url, {}, { retryConfig: QUICK });
    const closed = running.caller.close(4000);
    assert.equal(running.state, "closing");
    await Promise.all([closed, running.close(4001)]);
    assert.deepEqual(await running.closed, { code: 4000, reason: "" });
    assert.equal(server.attempts.length, 1);
  });

  it("R14 a close that is not answered ends at its time-out", async (own) => {
    const server = own(await serve(silentAfter()));
    const closes: unknown[] = [];
    const running = await start(
      server.url,
      { onClose: (_caller, ...end) => void closes.push(end) },
      { retryConfig: QUICK },
    );
    await running.close(4000, "enough", 0.02);
    assert.deepEqual(await running.closed, { code: 4000, reason: "enough" });
    assert.deepEqual(closes, [[4000, "enough"]]);
  });

  it("R16 an idle connection calls onIdleTimeout", async (own) => {
    const server = own(await serve(echoing()));
    own(await start(server.url, { onIdleTimeout: () => "still there?" }, { idleTimeout: 0.02 }));
    assert.equal(await (await server.attempt(1)).nextMessage(), "still there?");
  });

  it("R16 without onIdleTimeout it is closed with 1001, for good", async (own) => {
    const server = own(await serve(echoing()));
    const closes: unknown[] = [];
    const running = await start(
      server.url,
      { onClose: (_caller, ...end) => void closes.push(end) },
      { idleTimeout: 0.02, retryConfig: QUICK },
    );
    assert.deepEqual(await running.closed, { code: 1001, reason: "Idle timeout" });
    assert.deepEqual(closes, [[1001, "Idle timeout"]]);
    assert.equal(server.attempts.length, 1);
  });

  it("L8 R13 after a restart of the server a new service is opened, and each is closed once", async (own) => {
    const stopping = accepting(async (attempt) => {
      await before.stopListening();
      await attempt.send.close(1012);
    });
    const before = own(await serve(stopping));
    const { port } = before;
    const log = new Log();
    let made = 0;
    class Greeter implements Service {
      readonly #number = ++made;
      onOpen(): string {
        log.add(`open ${this.#number}`);
        return `I am ${this.#number}`;
      }
      onClose(_caller: Caller, statusCode: number): void {
        log.add(`close ${this.#number} ${statusCode}`);
      }
    }
    const running = own(await start(before.url, () => new Greeter(), { retryConfig: QUICK }));
    const first = running.caller;
    await log.has("close 1 1012");
    assert.equal(running.caller, first, "there is no other yet");
    const server = own(await serve(echoing(), { port }));
    assert.equal(await (await server.attempt(1)).nextMessage(), "I am 2");
    assert.notEqual(running.caller, first);
    assert.notEqual(running.caller.connectionId, first.connectionId);
    assert.equal(running.state, "open");
    await running.close(4000);
    assert.deepEqual(log.lines, ["open 1", "close 1 1012", "open 2", "close 2 4000"]);
  });

  it("L8 one service object serves every connection, each with a caller of its own", async (own) => {
    const server = own(await serve([dropping("fin"), dropping("reset"), closing(1000, "that is all")]));
    const callers: Caller[] = [];
    const ends: [Caller, number][] = [];
    const running = own(
      await start(
        server.url,
        {
          onOpen: (caller) => void callers.push(caller),
          onClose: (caller, statusCode) => void ends.push([caller, statusCode]),
        },
        { retryConfig: QUICK },
      ),
    );
    assert.deepEqual(await running.closed, { code: 1000, reason: "that is all" });
    assert.equal(new Set(callers).size, 3);
    assert.deepEqual(
      ends.map(([caller, statusCode]) => [callers.indexOf(caller), statusCode]),
      [
        [0, 1006],
        [1, 1006],
        [2, 1000],
      ],
    );
    assert.equal(server.peak, 1);
  });

  it("L8 what is final is logged, for no callback tells why there is no other connection", async (own) => {
    const server = own(await serve([dropping("fin"), refusing(404)]));
    const log = new Log();
    const running = await start(
      server.url,
      {},
      { retryConfig: { ...QUICK, maxCount: 1 }, logger: { ...silent, error: (line) => log.add(line) } },
    );
    assert.equal((await running.closed).code, 1006);
    assert.deepEqual(log.lines, ["Cannot connect again"]);
  });

  it("L11 close() while it waits for the next attempt is final", async (own) => {
    const server = own(await serve(dropping("fin")));
    const log = new Log();
    const running = await start(
      server.url,
      { onClose: (_caller, statusCode) => log.add(`close ${statusCode}`) },
      { retryConfig: { interval: 60 } },
    );
    await log.has("close 1006");
    assert.equal(running.state, "reconnecting");
    await running.close();
    assert.equal(running.state, "closed");
    assert.deepEqual(log.lines, ["close 1006"]);
    assert.equal(server.attempts.length, 1);
  });

  it("L11 close() in onClose is final", async (own) => {
    const server = own(await serve(accepting((attempt) => attempt.nextMessage().then(() => attempt.fin()))));
    const log = new Log();
    const running = await start(
      server.url,
      {
        onClose: (_caller, statusCode) => {
          log.add(`close ${statusCode}`);
          void running.close(4000);
        },
      },
      { retryConfig: QUICK },
    );
    await running.caller.writeTextMessage("go");
    await running.closed;
    assert.deepEqual(log.lines, ["close 1006"]);
    assert.equal(server.attempts.length, 1);
  });

  it("L11 signal ends it in every state", async (own) => {
    const why = new Error("Not any more");
    await assert.rejects(start("ws://127.0.0.1:1", {}, { signal: AbortSignal.abort(why) }), why);

    const mute = own(await serve(saysNothing()));
    const early = new AbortController();
    const attempt = start(mute.url, {}, { signal: early.signal });
    await mute.attempt(1);
    early.abort(why);
    await assert.rejects(attempt, why);

    const server = own(await serve(echoing()));
    const closes: unknown[] = [];
    const aborter = new AbortController();
    const service: Service = { onClose: (_caller, ...end) => void closes.push(end) };
    const running = await start(server.url, service, { signal: aborter.signal, retryConfig: QUICK });
    aborter.abort();
    assert.equal(running.state, "closed");
    assert.deepEqual(await running.closed, { code: 1006, reason: "" });
    assert.deepEqual(closes, [[1006, ""]]);
    await server.until("the end", () => server.open === 0);
    assert.equal(server.attempts.length, 1);
  });

  it("a service may end everything in its onOpen", async (own) => {
    const server = own(await serve(echoing()));
    const closes: unknown[] = [];
    const onClose: Service["onClose"] = (_caller, ...end) => void closes.push(end);
    const aborter = new AbortController();
    const aborting: Service = { onOpen: () => aborter.abort(), onClose };
    await assert.rejects(start(server.url, aborting, { signal: aborter.signal }), { name: "AbortError" });
    const closing = await start(server.url, { onOpen: () => closeFrame(4000), onClose }, { retryConfig: QUICK });
    assert.equal((await closing.closed).code, 4000);
    assert.deepEqual(closes, [
      [1006, ""],
      [4000, ""],
    ]);
    await server.until("the ends", () => server.open === 0);
    assert.equal(server.attempts.length, 2);
  });

  it("a service that cannot be made rejects the first time, and ends with 1011 later", async (own) => {
    const server = own(await serve([dropping("fin"), echoing()]));
    const log = new Log();
    const logger = { ...silent, error: (line: string) => log.add(line) };
    let isMade = false;
    const make = (): Service => {
      isMade = !isMade;
      if (isMade) return {};
      throw new Error("No service today");
    };
    const running = await start(server.url, make, { retryConfig: QUICK, logger });
    assert.equal((await running.closed).code, 1011);
    assert.deepEqual(log.lines, ["A callback failed; the connection is closed with 1011"]);
    const failing = (): Service => {
      throw new Error("Never");
    };
    await assert.rejects(start(server.url, failing, { retryConfig: QUICK, logger }), { message: "Never" });
    await server.until("the ends", () => server.open === 0);
    assert.equal(server.attempts.length, 3);
  });

  it("refusals reject, and hidden ones too", async (own) => {
    const server = own(await serve(refusing(403)));
    await assert.rejects(start(server.url, {}), transport === "ws" ? InvalidHandshakeError : Error);
    await assert.rejects(start(`${server.url}#`, {}, { retryConfig: QUICK }), Error);
    await server.until("the ends", () => server.open === 0);
    assert.equal(server.attempts.length, 2);
  });
}

test("ws: R18 pings and pongs reach onPing and onPong", () =>
  scoped(async (own) => {
    const server = own(await serve(accepting((attempt) => attempt.send.ping("hi"))));
    const log = new Log();
    const toText = (data: Uint8Array): string => new TextDecoder().decode(data);
    const running = own(
      await run(
        server.url,
        {
          onPing: (_caller, data) => log.add(`ping ${toText(data)}`),
          onPong: (_caller, data) => log.add(`pong ${toText(data)}`),
        },
        { transport: "ws" },
      ),
    );
    assert.equal((await (await server.attempt(1)).receivedFrame(PONG)).text, "hi");
    await running.caller.ping(new TextEncoder().encode("there"));
    await log.has("ping hi");
    await log.has("pong there");
    const { engine, ping, compression } = running.caller.capabilities;
    assert.deepEqual([engine, ping, compression], ["ws", true, !("Deno" in globalThis)]);
  }));

test("ws: caller.terminate() is a loss: another connection follows", () =>
  scoped(async (own) => {
    const server = own(await serve(echoing()));
    const log = new Log();
    const running = own(
      await run(
        server.url,
        {
          onOpen: () => log.add("open"),
          onClose: (_caller, statusCode) => log.add(`close ${statusCode}`),
        },
        { transport: "ws", retryConfig: QUICK },
      ),
    );
    running.caller.terminate();
    assert.equal(running.state, "reconnecting");
    await server.attempt(2);
    await log.has("open", 2);
    assert.deepEqual(log.lines, ["open", "close 1006", "open"]);
    assert.equal(server.peak, 1);
  }));

test("R28 what a transport lacks is said once", () =>
  scoped(async (own) => {
    const server = own(await serve([dropping("fin"), echoing()]));
    const log = new Log();
    const logger = { ...silent, warn: (line: string) => log.add(line) };
    const running = own(
      await run(
        server.url,
        { onOpen: () => log.add("open"), onPong: () => {} },
        { transport: "platform", retryConfig: QUICK, logger },
      ),
    );
    await log.has("open", 2);
    const { ping } = running.caller.capabilities;
    const warning =
      'A service has onPing or onPong, which transport "platform" never calls: use transport "ws", off the browser';
    assert.deepEqual(log.lines, ping ? ["open", "open"] : [warning, "open", "open"]);
    if (ping) return;
    assert.throws(() => running.caller.ping(), {
      name: UnsupportedError.name,
      message: 'Cannot ping, which the transport "platform" lacks: use transport "ws", off the browser',
    });
  }));

test("run() refuses what it cannot run", async () => {
  const url = "ws://127.0.0.1:1";
  await assert.rejects(run("nowhere", {}), { name: "TypeError", message: "Malformed URL: nowhere" });
  await assert.rejects(run(url, "service" as never), { message: /^Cannot run a string: must be a service/ });
  await assert.rejects(run(url, null as never), TypeError);
  for (const name of ["readTimeout", "pingPongHandler", "validation", "whileDown", "origins", "retry"]) {
    await assert.rejects(run(url, {}, { [name]: 1 }), { name: "TypeError", message: new RegExp(`option "${name}"`) });
  }
  await assert.rejects(run(url, {}, { idleTimeout: -1 }), { name: "RangeError", message: /idleTimeout/ });
  await assert.rejects(run(url, {}, { writeTimeout: 0 }), { name: "RangeError", message: /writeTimeout/ });
  await assert.rejects(run(url, {}, { logger: {} as never }), { name: "TypeError", message: /logger/ });
});

test("L11 a process whose services have ended exits by itself", () =>
  scoped(async (own) => {
    const server = own(await serve(echoing()));
    const child = new Child(new URL("./programs/run_exits.ts", import.meta.url), server.url);
    own({ [Symbol.asyncDispose]: () => child.stop() });
    assert.deepEqual(await child.line(), ["platform", 4000, [4000]]);
    assert.deepEqual(await child.line(), ["ws", 4000, [4000]]);
    await assert.rejects(child.line(), /The program ended \(exit 0\)/);
  }));
