/** `run` over real sockets: the same rules as on a server. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { run } from "../../entries/client_run.ts";
import { contract } from "../../entries/contract.ts";
import { ConnectionClosureError, closeFrame, UnsupportedError } from "../../mod.ts";
import { accepting, dropping, echoing, silentAfter } from "../kit/answers.ts";
import { PONG, toFrame } from "../kit/frames.ts";
import { serve } from "../kit/raw_server.ts";
import { scoped } from "../kit/scoped.ts";
import { forEachTransport, Log, QUICK, silent } from "./client_run_support.ts";

forEachTransport(({ start, it }) => {
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
});

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
