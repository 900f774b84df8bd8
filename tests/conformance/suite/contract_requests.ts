/** C5: requests, their ids, and the one last frame of each. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { contract, RequestError } from "../../../entries/contract.ts";
import { type Caller, closeFrame } from "../../../mod.ts";
import { PONG, type RawClient } from "../../kit/raw_client.ts";
import { anything, errorOf, exchange, fields, say, sync, until } from "./contract_fixture.ts";
import { gate, type Subject } from "./subject.ts";

const value = { message: anything<{ as?: unknown }>(), reply: anything() };
const line = contract({
  ...fields,
  messages: {
    sync,
    value,
    wait: value,
    stream: { ...value, stream: true },
  },
});

/** A stream that gives what it is told to, and tells what is done to it. */
class Source implements AsyncIterableIterator<unknown> {
  readonly seen: string[] = [];
  #give: ((result: IteratorResult<unknown>) => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }
  next(): Promise<IteratorResult<unknown>> {
    return new Promise((resolve) => {
      this.#give = resolve;
    });
  }
  return(): Promise<IteratorResult<unknown>> {
    this.seen.push("return");
    return Promise.resolve({ done: true, value: undefined });
  }
  give(item: unknown): void {
    this.#give?.({ done: false, value: item });
  }
  watch(signal: AbortSignal): void {
    signal.addEventListener("abort", () => this.seen.push("abort"));
  }
}

const idle = { onSync() {}, onValue: () => 0, onWait: () => 0, onStream: () => new Source() };

export function contractRequests(subject: Subject): void {
  const replies: readonly (readonly [what: unknown, withId: string[], without: string[]])[] = [
    [undefined, ['{"event":"complete","id":"7"}'], []],
    [{ price: 12.5 }, ['{"event":"value","id":"7","price":12.5}'], ['{"event":"value","price":12.5}']],
    [{}, ['{"event":"value","id":"7"}'], ['{"event":"value"}']],
    ["text", ['{"event":"value","id":"7","data":"text"}'], ['{"event":"value","data":"text"}']],
    [null, ['{"event":"value","id":"7","data":null}'], ['{"event":"value","data":null}']],
    [0, ['{"event":"value","id":"7","data":0}'], ['{"event":"value","data":0}']],
    [[1, "a"], ['{"event":"value","id":"7","data":[1,"a"]}'], ['{"event":"value","data":[1,"a"]}']],
    [
      new Date(0),
      ['{"event":"value","id":"7","data":"1970-01-01T00:00:00.000Z"}'],
      ['{"event":"value","data":"1970-01-01T00:00:00.000Z"}'],
    ],
    [{ a: 1, event: "own" }, ['{"event":"own","id":"7","a":1}'], ['{"event":"own","a":1}']],
    [{ a: 1, id: "7" }, ['{"event":"value","id":"7","a":1}'], ['{"event":"value","a":1,"id":"7"}']],
  ];
  subject.test("a reply carries type and id of its request, first; what is no object goes into data", async () => {
    for (const makes of [(reply: unknown) => reply, (reply: unknown) => Promise.resolve(reply)]) {
      const waiting = replies.map(([reply]) => reply);
      const again = [...waiting];
      await subject.serve(
        () =>
          line.service({
            ...idle,
            onValue: (_caller, { as }) => makes(as === "first" ? waiting.shift() : again.shift()),
          }),
        async ({ connect }) => {
          const client = await connect();
          for (const [reply, withId, without] of replies) {
            assert.deepEqual(await exchange(client, { event: "value", id: "7", as: "first" }), withId, String(reply));
            assert.deepEqual(await exchange(client, { event: "value", as: "again" }), without, String(reply));
          }
        },
      );
    }
  });

  subject.test(
    "ids are strings and safe integers, echoed as given; others get invalid_id and are not dispatched",
    async () => {
      let calls = 0;
      await subject.serve(
        () => line.service({ ...idle, onValue: () => ({ call: ++calls }) }),
        async ({ connect }) => {
          const client = await connect();
          const good = ['"7"', "7", "0", "-7", '""', '"é\\u0000\\ud800"', "9007199254740991", "1e3", '"__proto__"'];
          const answers = await exchange(client, ...good.map((id) => `{"event":"value","id":${id}}`));
          assert.deepEqual(
            answers,
            good.map((id, n) => `{"event":"value","id":${JSON.stringify(JSON.parse(id))},"call":${n + 1}}`),
          );
          const bad = ["null", "true", "1.5", "9007199254740992", "1e400", "{}", "[]", '["7"]'];
          for (const type of ["value", "cancel", "nobody"]) {
            assert.deepEqual(
              (await exchange(client, ...bad.map((id) => `{"event":"${type}","id":${id}}`))).map(errorOf),
              bad.map(() => ({ event: "error", code: "invalid_id" })),
            );
          }
          assert.equal(calls, good.length);
        },
      );
    },
  );

  subject.test("without dispatcherStreamId a message has no id, and the field is one as any", async () => {
    const plain = contract({
      dispatcherKey: "event",
      messages: { echo: value, cancel2: value, stream: { ...value, stream: true } },
    });
    await subject.serve(
      () =>
        plain.service({
          onEcho: (_caller, message, { id }) => ({ message, id: id ?? null }),
          onCancel2: () => "last",
          async *onStream() {
            yield 1;
          },
        }),
      async ({ connect }) => {
        const client = await connect();
        for (const event of ["echo", "stream", "nobody", "cancel", "cancel2"]) await say(client, { event, id: [1] });
        const texts = await until(client, '{"event":"cancel2","data":"last"}');
        assert.deepEqual(
          texts.filter((text) => text.includes("echo")),
          ['{"event":"echo","message":{"id":[1]},"id":null}'],
        );
        assert.equal(
          texts.every((text) => !text.includes("complete") && !text.includes("error")),
          true,
        );
      },
    );
  });

  subject.test("a stream is items of its type and one complete; without an id there is no complete", async () => {
    await subject.serve(
      () =>
        line.service({
          ...idle,
          async *onStream(_caller, { as }) {
            yield { price: 1 };
            yield "text";
            yield undefined;
            yield (async function* () {
              yield [as];
            })();
          },
        }),
      async ({ connect }) => {
        const client = await connect();
        await say(client, { event: "stream", id: 1, as: "a" });
        const items = ['"price":1}', '"data":"text"}', '"data":["a"]}'];
        assert.deepEqual(
          await until(client, '{"event":"complete","id":1}'),
          items.map((item) => `{"event":"stream","id":1,${item}`),
        );
        await say(client, { event: "stream", as: "a" });
        assert.deepEqual(
          await until(client, '{"event":"stream","data":["a"]}'),
          items.slice(0, 2).map((item) => `{"event":"stream",${item}`),
        );
        assert.deepEqual(await exchange(client), []);
      },
    );
  });

  subject.test(
    "a message of a stream may be answered by nothing, by one value, or by a promise of either",
    async () => {
      const results: unknown[] = [undefined, { price: 1 }, Promise.resolve(undefined), Promise.resolve("x")];
      await subject.serve(
        () => line.service({ ...idle, onStream: () => results.shift() as never }),
        async ({ connect }) => {
          const messages = [1, 2, 3, 4].map((id) => ({ event: "stream", id }));
          assert.deepEqual(await exchange(await connect(), ...messages), [
            '{"event":"complete","id":1}',
            '{"event":"stream","id":2,"price":1}',
            '{"event":"complete","id":2}',
            '{"event":"complete","id":3}',
            '{"event":"stream","id":4,"data":"x"}',
            '{"event":"complete","id":4}',
          ]);
        },
      );
    },
  );

  subject.test(
    "an id in use gets duplicate_id and the first goes on; after the last frame it may be used again",
    async () => {
      const sources: Source[] = [];
      await subject.serve(
        () =>
          line.service({
            ...idle,
            onStream() {
              sources.push(new Source());
              return sources.at(-1) as Source;
            },
          }),
        async ({ connect }) => {
          const client = await connect();
          const again = [
            { event: "stream", id: 7 },
            { event: "value", id: 7 },
            { event: "nobody", id: 7 },
          ];
          const answers = await exchange(client, { event: "stream", id: 7 }, ...again, { event: "value", id: "7" });
          assert.deepEqual(
            answers.slice(0, 3).map(errorOf),
            again.map(() => ({ event: "error", id: 7, code: "duplicate_id" })),
          );
          assert.deepEqual(answers.slice(3), ['{"event":"value","id":"7","data":0}']);
          sources[0]?.give("on");
          assert.equal(`${await client.message()}`, '{"event":"stream","id":7,"data":"on"}');
          assert.deepEqual(await exchange(client, { event: "cancel", id: 7 }, { event: "stream", id: 7 }), [
            '{"event":"complete","id":7}',
          ]);
          sources[0]?.give("late");
          sources[1]?.give("again");
          assert.equal(`${await client.message()}`, '{"event":"stream","id":7,"data":"again"}');
          assert.equal(sources.length, 2);
        },
      );
    },
  );

  subject.test("cancel aborts the signal, calls return() and is answered by complete, at once and once", async () => {
    const source = new Source();
    await subject.serve(
      () =>
        line.service({
          ...idle,
          onStream(_caller, _message, { signal }) {
            source.watch(signal);
            return source;
          },
        }),
      async ({ connect }) => {
        const client = await connect();
        const cancel = { event: "cancel", id: "s" };
        assert.deepEqual(await exchange(client, cancel, { event: "cancel" }, { event: "cancel", id: 9 }), []);
        await say(client, { event: "stream", id: "s" });
        // Its next() is pending and stays so.
        assert.deepEqual(await exchange(client, cancel, cancel, { event: "value", id: "s" }), [
          '{"event":"complete","id":"s"}',
          '{"event":"value","id":"s","data":0}',
        ]);
        assert.deepEqual(source.seen, ["abort", "return"]);
        source.give("late");
        assert.deepEqual(await exchange(client, cancel), []);
      },
    );
  });

  subject.test(
    "cancel overtakes what waits: a stream ends while another handler runs, and a handler learns of it",
    async () => {
      const source = new Source();
      const held = gate();
      await subject.serve(
        ({ journal }) =>
          line.service({
            ...idle,
            onStream: () => source,
            async onWait(_caller, _message, { signal }) {
              journal.add("waits");
              signal.addEventListener("abort", () => journal.add("abort"));
              await held.promise;
              throw new Error("Nobody hears of it");
            },
          }),
        async ({ connect, journal }) => {
          const client = await connect();
          await say(client, { event: "stream", id: 1 });
          await say(client, { event: "wait", id: 2 });
          await journal.until("waits");
          await say(client, { event: "value", id: 3 });
          for (const id of [1, 2, 2, 3]) await say(client, { event: "cancel", id });
          assert.equal(`${await client.message()}`, '{"event":"complete","id":1}');
          assert.equal(`${await client.message()}`, '{"event":"complete","id":2}');
          assert.deepEqual(source.seen, ["return"]);
          await journal.until("abort");
          held.resolve();
          assert.deepEqual(await exchange(client), ['{"event":"complete","id":3}']);
        },
      );
    },
  );

  subject.test("C11 what is cancelled while it waits is not handled, and what comes later with its id is", async () => {
    const held = gate();
    await subject.serve(
      ({ journal }) =>
        line.service({
          ...idle,
          onValue: (_caller, { as }) => journal.add(`value ${as}`),
          onStream() {
            journal.add("stream");
            return new Source();
          },
          async onWait() {
            journal.add("waits");
            await held.promise;
          },
        }),
      async ({ connect, journal }) => {
        const client = await connect();
        await say(client, { event: "wait", id: 0 });
        await journal.until("waits");
        const cancel = (id: unknown): unknown => ({ event: "cancel", id });
        const all = [
          { event: "value", id: 1, as: "a" },
          { event: "stream", id: 2 },
          { event: "value", id: "1", as: "b" },
          { event: "nobody", id: 3 },
          { event: "value", as: "c" },
          ...[1, 2, 3, 4].map(cancel),
          // Its cancel was for a request before it, or for none.
          { event: "value", id: 1, as: "d" },
          { event: "value", id: 4, as: "e" },
          // Each has its own, whatever became of those before.
          cancel(5),
          { event: "value", id: 5, as: "f" },
          cancel(5),
          { event: "value", id: 5, as: "g" },
          cancel(5),
          cancel(5),
          { event: "value", id: 5, as: "h" },
        ];
        for (const message of all) await say(client, message);
        await client.send.ping();
        while ((await client.frame()).opcode !== PONG);
        held.resolve();
        const [waited, first, stream, text, unknown, ...rest] = await exchange(client);
        assert.deepEqual(
          [waited, first, stream, text, ...rest],
          [0, 1, 2, "1", 1, 4, 5, 5, 5].map((id) => JSON.stringify({ event: "complete", id })),
        );
        assert.deepEqual(errorOf(unknown), { event: "error", id: 3, code: "unknown_type" });
        assert.deepEqual(journal.entries, ["waits", "value b", "value c", "value d", "value e", "value h"]);
      },
    );
  });

  const ends: readonly (readonly [
    string,
    (caller: Caller, client: RawClient, running: { gracefulStop(): Promise<void> }) => unknown,
  ])[] = [
    ["the peer closes", (_caller, client) => client.send.close(1000)],
    ["the peer is gone", (_caller, client) => client.destroy()],
    ["the service closes", (caller) => caller.close(4000)],
    ["a handler returns a close frame", (_caller, client) => say(client, { event: "value", as: "close" })],
    ["the listener stops", (_caller, _client, listener) => listener.gracefulStop()],
  ];
  for (const [when, end] of ends) {
    subject.test(`signals abort and iterators return, once each and at once, when ${when}`, async () => {
      const source = new Source();
      const signals: AbortSignal[] = [];
      let caller: Caller | undefined;
      await subject.serve(
        ({ journal }) =>
          line.service({
            ...idle,
            onOpen(opened) {
              caller = opened;
            },
            onStream(_caller, _message, { signal }) {
              source.watch(signal);
              return source;
            },
            onValue(_caller, { as }, { signal }) {
              signals.push(signal);
              return as === "close" ? closeFrame(4000) : 0;
            },
            onClose() {
              // The first is that of a request that was answered long ago, the second that of the connection.
              journal.add(`closed ${source.seen.join(" ")} ${signals[0]?.aborted} ${signals[1]?.aborted}`);
            },
          }),
        async ({ connect, journal, listener }) => {
          const client = await connect();
          await exchange(client, { event: "stream", id: 1 }, { event: "value", id: 2 }, { event: "value" });
          assert.deepEqual(
            signals.map(({ aborted }) => aborted),
            [false, false],
          );
          void end(caller as Caller, client, listener);
          await journal.until("closed abort return false true");
        },
      );
    });
  }

  subject.test("a close frame that is returned or yielded closes, and nothing follows", async () => {
    for (const event of ["value", "stream"]) {
      await subject.serve(
        () =>
          line.service({
            ...idle,
            onValue: () => closeFrame(4001, "enough"),
            async *onStream() {
              yield closeFrame(4001, "enough");
              yield "after";
            },
          }),
        async ({ connect }) => {
          const client = await connect();
          await say(client, { event, id: 1 });
          const { code, reason } = await client.ended();
          assert.deepEqual([code, reason], [4001, "enough"]);
          assert.equal(client.frames.filter(({ opcode }) => opcode < 8).length, 0);
        },
      );
    }
  });

  const failures: readonly (readonly [what: string, fail: () => unknown])[] = [
    [
      "throws",
      () => {
        throw new RequestError("No such symbol", {
          code: "unknown_symbol",
          issues: [{ path: ["symbol"], message: "Unknown" }],
        });
      },
    ],
    [
      "rejects with",
      () =>
        Promise.reject(
          new RequestError("No such symbol", {
            code: "unknown_symbol",
            issues: [{ path: ["symbol"], message: "Unknown" }],
          }),
        ),
    ],
    [
      "returns",
      () =>
        new RequestError("No such symbol", {
          code: "unknown_symbol",
          issues: [{ path: ["symbol"], message: "Unknown" }],
        }),
    ],
    [
      "streams",
      async function* () {
        yield await Promise.reject(
          new RequestError("No such symbol", {
            code: "unknown_symbol",
            issues: [{ path: ["symbol"], message: "Unknown" }],
          }),
        );
      },
    ],
  ];
  for (const [what, fail] of failures) {
    subject.test(`C5 a handler that ${what} a RequestError answers with it, and nobody else hears of it`, async () => {
      const event = what === "streams" ? "stream" : "value";
      const errors: unknown[] = [];
      await subject.serve(
        () =>
          line.service({
            ...idle,
            onValue: () => fail(),
            onStream: () => fail() as never,
            onError: (_caller, error) => void errors.push(error),
          }),
        async ({ connect }) => {
          const client = await connect();
          await say(client, { event, id: 1 });
          assert.equal(
            `${await client.message()}`,
            '{"event":"error","id":1,"code":"unknown_symbol","message":"No such symbol","issues":[{"path":"symbol","message":"Unknown"}]}',
          );
          assert.deepEqual(await exchange(client), []);
          assert.deepEqual(errors, []);
        },
      );
    });
  }

  const faults: readonly (readonly [what: string, event: string, handler: () => unknown])[] = [
    [
      "that throws",
      "value",
      () => {
        throw new Error("secret 1");
      },
    ],
    [
      "that throws a string",
      "value",
      () => {
        // biome-ignore lint/style/useThrowOnlyError: that is the subject
        throw "secret 2";
      },
    ],
    ["that rejects", "value", () => Promise.reject(new Error("secret 3"))],
    ["that returns an Error", "value", () => new Error("secret 4")],
    ["whose reply has no JSON form", "value", () => ({ secret: 5n })],
    ["whose reply is a function", "value", () => () => "secret"],
    ["that answers an id with bytes", "value", () => new Uint8Array(3)],
    ["whose reply has another id", "value", () => ({ id: "secret" })],
    [
      "that returns a stream which the contract does not say",
      "value",
      async function* () {
        yield "secret";
      },
    ],
    [
      "whose stream throws",
      "stream",
      async function* () {
        yield await Promise.reject(new Error("secret 6"));
      },
    ],
    [
      "whose stream yields an Error",
      "stream",
      async function* () {
        yield new Error("secret 7");
      },
    ],
    [
      "whose stream yields bytes",
      "stream",
      async function* () {
        yield new Uint8Array(3);
      },
    ],
    [
      "whose stream cannot be begun",
      "stream",
      () => ({
        [Symbol.asyncIterator]() {
          throw new Error("secret 8");
        },
      }),
    ],
  ];
  for (const [what, event, handler] of faults) {
    subject.test(`C5 a handler ${what} answers its id with internal, and the connection stays open`, async () => {
      const serve = (onError: object, use: (client: RawClient) => Promise<void>, logs?: RegExp): Promise<void> =>
        subject.serve(
          () => line.service({ ...idle, onValue: handler, onStream: handler as never, ...onError }),
          async ({ connect, log }) => {
            const client = await connect();
            await use(client);
            if (logs !== undefined) assert.equal(log.count(logs), 1);
          },
          logs === undefined ? {} : { logs },
        );
      const internal = '{"event":"error","id":1,"code":"internal","message":"Internal error"}';
      await serve(
        {},
        async (client) => {
          await say(client, { event, id: 1 });
          assert.equal(`${await client.message()}`, internal);
          assert.deepEqual(await exchange(client), []);
        },
        /^error A (?:handler|stream) failed; its caller was told so: /,
      );
      await serve({ onError: (_caller: Caller, error: Error) => `told ${error instanceof Error}` }, async (client) => {
        await say(client, { event, id: 1 });
        assert.equal(`${await client.message()}`, internal);
        assert.equal(`${await client.message()}`, "told true");
        assert.deepEqual(await exchange(client), []);
      });
      await serve({ onError: () => closeFrame(4002) }, async (client) => {
        await say(client, { event, id: 1 });
        assert.equal(`${await client.message()}`, internal);
        assert.equal((await client.ended()).code, 4002);
      });
    });
  }

  subject.test("R9 R8 without an id a failure closes with 1011 as any, and bytes go out as bytes", async () => {
    const setup = { logs: /^error A (?:callback|stream) failed; the connection is closed with 1011/ };
    for (const [event, reason] of [
      ["value", "Internal server error occurred"],
      ["stream", "streaming failed"],
    ] as const) {
      await subject.serve(
        () =>
          line.service({
            ...idle,
            onValue(_caller, { as }) {
              if (as === "bytes") return new Uint8Array([1, 2]);
              throw new RequestError("Without an id it is an error as any");
            },
            async *onStream() {
              yield await Promise.reject(new RequestError("The same"));
            },
          }),
        async ({ connect }) => {
          const client = await connect();
          await say(client, { event: "value", as: "bytes" });
          assert.deepEqual(await client.message(), Buffer.from([1, 2]));
          await say(client, { event });
          const ended = await client.ended();
          assert.deepEqual([ended.code, ended.reason], [1011, reason]);
        },
        setup,
      );
    }
  });
}
