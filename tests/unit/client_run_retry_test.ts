/** `run` over real sockets: one connection after the other, and the end of all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run, type Service } from "../../entries/client_run.ts";
import { type Caller, closeFrame, InvalidHandshakeError } from "../../mod.ts";
import { accepting, closing, dropping, echoing, refusing, saysNothing } from "../kit/answers.ts";
import { Child } from "../kit/child.ts";
import { serve } from "../kit/raw_server.ts";
import { scoped } from "../kit/scoped.ts";
import { forEachTransport, Log, QUICK, silent } from "./client_run_support.ts";

forEachTransport(({ transport, start, it }) => {
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
});

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

test("L11 a process whose services have ended exits by itself", () =>
  scoped(async (own) => {
    const server = own(await serve(echoing()));
    const child = new Child(new URL("./programs/run_exits.ts", import.meta.url), server.url);
    own({ [Symbol.asyncDispose]: () => child.stop() });
    assert.deepEqual(await child.line(), ["platform", 4000, [4000]]);
    assert.deepEqual(await child.line(), ["ws", 4000, [4000]]);
    await assert.rejects(child.line(), /The program ended \(exit 0\)/);
  }));
