/** C1 to C4: which messages reach which handler. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { contract } from "../../../entries/contract.ts";
import type { Caller, Service } from "../../../mod.ts";
import { anything, errorOf, exchange, fields, say, sync, until } from "./contract_fixture.ts";
import type { Subject } from "./subject.ts";

const callbacks = [
  "onOpen",
  "onTextMessage",
  "onBinaryMessage",
  "onMessage",
  "onPing",
  "onPong",
  "onIdleTimeout",
  "onClose",
  "onError",
];

/** Types that could reach what is no handler of a message, if types were looked up in an object. */
const strange = [
  ...[Object, Array, Promise, Function].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)),
  ...callbacks,
  ...callbacks.map((name) => name.slice(2)),
  ...["open", "close", "error", "message", "text message", "ping", "pong", "idle_timeout"],
  ...[
    "onHello",
    "onHelloError",
    "hello_error",
    "Hello",
    "HELLO",
    " hello",
    "hello ",
    "onSync",
    "secret",
    "rules",
    "handlers",
  ],
  ...["", "complete", "error", "then", "messages", "0"],
];

const greeting = contract({
  ...fields,
  messages: { sync, hello: { message: anything<{ name: string }>() } },
});

export function contractDispatch(subject: Subject): void {
  subject.test("C1 no name of a prototype, a callback, a handler or another member is a type of message", async () => {
    const seen: string[] = [];
    class Greeter {
      onSync(): void {}
      onHello(): void {
        seen.push("onHello");
      }
      onHelloError(): void {
        seen.push("onHelloError");
      }
      secret(): void {
        seen.push("secret");
      }
    }
    // Without those that take what is unknown, so that each of it is answered.
    const others = callbacks.filter((name) => !/Message$/.test(name) && name !== "onOpen");
    for (const name of others) Object.assign(Greeter.prototype, { [name]: () => void seen.push(name) });
    await subject.serve(
      () => greeting.service(new Greeter()),
      async ({ connect }) => {
        const client = await connect();
        const types = [...new Set(strange)];
        const answers = await exchange(client, ...types.map((event, id) => ({ event, id })));
        assert.deepEqual(
          answers.map(errorOf),
          types.map((_, id) => ({ event: "error", id, code: "unknown_type" })),
        );
        assert.deepEqual(await exchange(client, ...types.map((event) => ({ event }))), []);
        assert.deepEqual(seen, []);
        await exchange(client, { event: "hello" });
        assert.deepEqual(seen, ["onHello"]);
      },
    );
  });

  subject.test("C1 a field that is named like a member of every object holds no type and no id", async () => {
    const odd = contract({
      dispatcherKey: "constructor",
      dispatcherStreamId: "toString",
      messages: { say: { message: anything<object>(), reply: anything<object>() } },
    });
    await subject.serve(
      () => odd.service({ onSay: (_caller, message, { id }) => ({ message, id: id ?? "none" }) }),
      async ({ connect }) => {
        const client = await connect();
        await say(client, { a: 1 });
        await say(client, { constructor: "say", a: 1 });
        assert.equal(`${await client.message()}`, '{"constructor":"say","message":{"a":1},"id":"none"}');
        await say(client, { constructor: "say", toString: 3 });
        assert.equal(`${await client.message()}`, '{"constructor":"say","toString":3,"message":{},"id":3}');
      },
    );
  });

  const names: readonly (readonly [type: string, handler: string])[] = [
    ["un_subscribe", "onUnSubscribe"],
    ["un subscribe now", "onUnSubscribeNow"],
    ["a-b.c/d:e", "onABCDE"],
    ["thisPing", "onThisPing"],
    ["XBT/USD", "onXBTUSD"],
    ["_x", "onX"],
    ["ping2", "onPing2"],
  ];
  subject.test("C2 each type reaches the handler of its name, or the one that the contract says", async () => {
    const messages = Object.fromEntries(names.map(([type]) => [type, { message: anything() }]));
    const named = contract({
      ...fields,
      messages: {
        ...messages,
        sync,
        "größe!": { message: anything(), handler: "onGröße" },
        ping: { message: anything(), handler: "onPingMessage" },
      },
    });
    const all = [...names, ["größe!", "onGröße"], ["ping", "onPingMessage"]] as const;
    const handlers: Record<string, unknown> = { onSync() {} };
    for (const [, handler] of all) handlers[handler] = () => ({ handler });
    await subject.serve(
      () => named.service(handlers as never),
      async ({ connect }) => {
        const answers = await exchange(await connect(), ...all.map(([event]) => ({ event })));
        assert.deepEqual(
          answers,
          all.map(([event, handler]) => JSON.stringify({ event, handler })),
        );
      },
    );
  });

  // None of them is a message of the contract.
  const others = [
    '{"a":1}',
    '{"event":5}',
    '{"event":null,"id":1}',
    '{"event":"nobody"}',
    "[]",
    "null",
    "5",
    '"hello"',
    "{",
    "",
  ];
  const takers: readonly (readonly [name: string, wants: string, handlers: Service])[] = [
    ["onTextMessage", "text", { onTextMessage: (_caller, text) => `text ${text}` }],
    ["onMessage", "any", { onMessage: (_caller, data) => `any ${String(data)}` }],
    [
      "onTextMessage, and not onMessage",
      "text",
      { onTextMessage: (_caller, text) => `text ${text}`, onMessage: () => "no" },
    ],
  ];
  for (const [name, wants, handlers] of takers) {
    subject.test(
      `C4 what is no message of the contract goes to ${name}, as it came (CVE-2022-2421, CVE-2023-32695)`,
      async () => {
        await subject.serve(
          () => greeting.service({ onSync() {}, onHello() {}, ...handlers } as never),
          async ({ connect }) => {
            assert.deepEqual(
              await exchange(await connect(), ...others),
              others.map((text) => `${wants} ${text}`),
            );
          },
        );
      },
    );
  }

  subject.test("C4 without them it is ignored, or with an id answered with unknown_type", async () => {
    await subject.serve(
      () => greeting.service({ onSync() {}, onHello() {} }),
      async ({ connect }) => {
        const client = await connect();
        assert.deepEqual(await exchange(client, ...others.filter((text) => !text.includes('"id"'))), []);
        const answers = await exchange(client, { id: 1 }, { event: 5, id: "2" }, { event: "nobody", id: 3 });
        assert.deepEqual(answers, [
          '{"event":"error","id":1,"code":"unknown_type","message":"The message has no type"}',
          '{"event":"error","id":"2","code":"unknown_type","message":"The message has no type"}',
          '{"event":"error","id":3,"code":"unknown_type","message":"There is no message type \\"nobody\\""}',
        ]);
      },
    );
  });

  subject.test("C3 a declared type without a handler goes where unknown ones go", async () => {
    await subject.serve(
      () => greeting.service({ onSync() {}, onMessage: (_caller, data) => `any ${String(data)}` }),
      async ({ connect }) => {
        assert.deepEqual(await exchange(await connect(), '{"event":"hello","id":1}'), ['any {"event":"hello","id":1}']);
      },
    );
  });

  subject.test("C4 reserved types are unknown, when a caller sends them, and can be renamed", async () => {
    const renamed = contract({
      ...fields,
      reserved: { complete: "done", error: "failed", cancel: "stop" },
      messages: { sync, complete: { message: anything() }, cancel: { message: anything(), reply: anything() } },
    });
    await subject.serve(
      () => renamed.service({ onSync() {}, onComplete: () => {}, onCancel: () => "cancelled" }),
      async ({ connect }) => {
        const client = await connect();
        for (const message of [
          { event: "complete", id: 1 },
          { event: "cancel", id: 2 },
          { event: "done", id: 3 },
        ]) {
          await say(client, message);
        }
        await say(client, { event: "failed", id: 4 });
        const answers = [];
        for (let i = 0; i < 4; i++) answers.push(`${await client.message()}`);
        assert.deepEqual(answers.slice(0, 2), [
          '{"event":"done","id":1}',
          '{"event":"cancel","id":2,"data":"cancelled"}',
        ]);
        assert.deepEqual(answers.slice(2).map(errorOf), [
          { event: "failed", id: 3, code: "unknown_type" },
          { event: "failed", id: 4, code: "unknown_type" },
        ]);
      },
    );
  });

  subject.gapTest("ping", "the callbacks of a service with a contract are those of any", async () => {
    const seen: string[] = [];
    await subject.serve(
      ({ journal }) =>
        greeting.service({
          onSync() {},
          onHello() {},
          onOpen: () => "open",
          onPing: (_caller, data) => `ping ${new TextDecoder().decode(data)}`,
          onPong: (_caller, data) => `pong ${new TextDecoder().decode(data)}`,
          onIdleTimeout: () => "idle",
          onClose(caller, code, reason) {
            // Known after the end too, since there is an onClose.
            seen.push(`close ${code} ${reason} ${caller.remoteAddress}`);
            journal.add("closed");
          },
        }),
      async ({ connect, journal, log }) => {
        const client = await connect();
        await client.send.ping("a");
        await client.send.pong("b");
        const texts = await until(client, "idle");
        // A slow machine is idle before it has sent a ping.
        for (let n = 0; n < 5 && texts.length < 3; n++) texts.push(...(await until(client, "idle")));
        assert.deepEqual(texts, ["open", "ping a", "pong b"]);
        await client.send.close(4000, "bye");
        await journal.until("closed");
        assert.deepEqual(seen, ["close 4000 bye 127.0.0.1"]);
        assert.equal(log.count(/are never called/), 0);
      },
      { config: { idleTimeout: 0.1 } },
    );
  });

  const encoder = new TextEncoder();
  const hello = encoder.encode('{"event":"hello","id":"b","name":"Ada"}');
  subject.test("binary messages that hold JSON are dispatched, unless there is an onBinaryMessage", async () => {
    const handlers = { onSync() {}, onHello: (_caller: Caller, { name }: { name: string }) => ({ name }) as never };
    await subject.serve(
      () => greeting.service(handlers),
      async ({ connect }) => {
        const client = await connect();
        assert.deepEqual(await exchange(client, hello), ['{"event":"hello","id":"b","name":"Ada"}']);
        assert.deepEqual(await exchange(client, encoder.encode("[5]"), encoder.encode('{"event":"nobody"}')), []);
      },
    );
    await subject.serve(
      () => greeting.service({ ...handlers, onBinaryMessage: (_caller, data) => ({ length: data.length }) }),
      async ({ connect }) => {
        assert.deepEqual(await exchange(await connect(), hello), [JSON.stringify({ length: hello.length })]);
      },
    );
  });

  for (const [what, bytes] of [
    ["no JSON", encoder.encode("{")],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
  ] as const) {
    subject.test(
      `C5 a binary message that is ${what} goes to onMessage, else to onError, else closes with 1003`,
      async () => {
        await subject.serve(
          () => greeting.service({ onSync() {}, onHello() {}, onMessage: (_caller, data) => data as Uint8Array }),
          async ({ connect }) => {
            const client = await connect();
            await say(client, bytes);
            assert.deepEqual(new Uint8Array(Buffer.from(await client.message())), new Uint8Array(bytes));
          },
        );
        await subject.serve(
          () =>
            greeting.service({
              onSync() {},
              onHello() {},
              onError: (_caller, { name, message }) => ({ name, message }),
            }),
          async ({ connect }) => {
            assert.deepEqual(await exchange(await connect(), bytes), [
              '{"name":"PayloadBindingError","message":"A message is not JSON"}',
            ]);
          },
        );
        await subject.serve(
          () => greeting.service({ onSync() {}, onHello() {} }),
          async ({ connect }) => {
            const client = await connect();
            await say(client, bytes);
            const { code, reason } = await client.ended();
            assert.deepEqual([code, reason], [1003, "A message is not JSON"]);
          },
        );
      },
    );
  }
}
