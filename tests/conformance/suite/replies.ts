/** R6 and R7: what a returned value becomes on the wire. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as module from "../../../mod.ts";
import { type CloseFrame, closeFrame, type Reply, type Service } from "../../../mod.ts";
import type { RawClient } from "../../kit/raw_client.ts";
import { type Subject, wait } from "./subject.ts";

/** A value to return, made anew each time, and the messages that it becomes. */
type Kind = readonly [name: string, make: () => unknown, messages: readonly (string | number[])[]];

const bytes = Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4);
const shared = new Uint8Array(new SharedArrayBuffer(2));
shared.set([7, 8]);

const kinds: readonly Kind[] = [
  ["undefined", () => undefined, []],
  ["a string", () => "text", ["text"]],
  ["the empty string", () => "", [""]],
  ["a string of many alphabets", () => "aß€😀\u0000", ["aß€😀\u0000"]],
  ["a Uint8Array that is a view", () => bytes.slice().subarray(0), [[1, 2, 3]]],
  ["a part of a larger buffer", () => Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4), [[1, 2, 3]]],
  ["an ArrayBuffer", () => Uint8Array.of(4, 5).buffer, [[4, 5]]],
  ["a Buffer", () => Buffer.from([6, 7]), [[6, 7]]],
  ["no bytes", () => new Uint8Array(0), [[]]],
  ["bytes of shared memory", () => shared, [[7, 8]]],
  ["null", () => null, ["null"]],
  ["0", () => 0, ["0"]],
  ["a fraction", () => 1.5, ["1.5"]],
  ["true", () => true, ["true"]],
  ["an array", () => ["a", 1, null], ['["a",1,null]']],
  ["the empty array", () => [], ["[]"]],
  ["an object", () => ({ a: { b: "ß" } }), ['{"a":{"b":"ß"}}']],
  ["an object without a prototype", () => Object.assign(Object.create(null), { a: 1 }), ['{"a":1}']],
  ["an object with toJSON", () => new Date(0), ['"1970-01-01T00:00:00.000Z"']],
  ["what looks like a close frame", () => ({ statusCode: 1000, reason: "x" }), ['{"statusCode":1000,"reason":"x"}']],
  ["a copy of a close frame", () => ({ ...closeFrame(1001) }), ['{"statusCode":1001,"reason":""}']],
  ["an heir of a close frame", () => Object.create(closeFrame(1001)), ["{}"]],
  ["an async generator", flow, ["one", [2], '{"three":3}', "inner", "four"]],
  ["a ReadableStream", () => readable("a", "b"), ["a", "b"]],
  ["an async iterable without return()", () => bare("x", "y"), ["x", "y"]],
  ["an async generator without items", async function* () {}, []],
];

async function* flow(): AsyncGenerator<Reply> {
  yield "one";
  await wait(0);
  yield Uint8Array.of(2);
  yield undefined;
  yield { three: 3 };
  yield (async function* () {
    yield "inner";
  })();
  yield "four";
}

function readable(...items: string[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}

function bare(...items: string[]): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]: () => ({
      next(): Promise<IteratorResult<string>> {
        const value = items.shift();
        return Promise.resolve(value === undefined ? { done: true, value } : { done: false, value });
      },
    }),
  };
}

type Name = Exclude<keyof Service, "onClose">;

/** How a peer brings a callback about. */
const triggers: Readonly<Record<Name, (client: RawClient) => unknown>> = {
  onOpen: () => {},
  onTextMessage: (client) => client.send.text("go"),
  onBinaryMessage: (client) => client.send.binary(Uint8Array.of(1)),
  onMessage: (client) => client.send.text("go"),
  onPing: (client) => client.send.ping("go"),
  onPong: (client) => client.send.pong("go"),
  onIdleTimeout: () => {},
  onError: (client) => client.send.text("go"),
};
const names = Object.keys(triggers) as Name[];

/** A service whose callback `name` returns what `make` gives. */
function returning(name: Name, make: () => unknown): Service {
  const service: Record<string, unknown> = { [name]: make };
  if (name === "onError") {
    service.onTextMessage = () => {
      throw new Error("on purpose");
    };
  }
  return service;
}

const gapOf = (name: Name): string | undefined => (name === "onPing" || name === "onPong" ? "ping" : undefined);
const configOf = (name: Name) => (name === "onIdleTimeout" ? { config: { idleTimeout: 0.03 } } : {});

async function read(client: RawClient): Promise<string | number[]> {
  const message = await client.message();
  return typeof message === "string" ? message : [...message];
}
export function replies(subject: Subject): void {
  for (const name of names) {
    for (const [how, wrap] of [
      ["returned", (value: unknown) => value],
      ["resolved to", (value: unknown) => wait(0).then(() => value)],
    ] as const) {
      subject.gapTest(gapOf(name), `R6 R7 each kind of value ${how} by ${name} is sent as what it is`, async () => {
        let make: () => unknown = () => undefined;
        await subject.run(
          ({ journal }) =>
            () => {
              // Once for each connection: an idle period may end again.
              let own: (() => unknown) | undefined = make;
              return returning(name, () => {
                const value = own?.();
                own = undefined;
                journal.add(name);
                return wrap(value);
              });
            },
          async ({ connect, journal }) => {
            for (const [kind, value, expected] of kinds) {
              make = value;
              const calls = journal.count(name) + 1;
              const client = await connect();
              triggers[name](client);
              for (const message of expected) assert.deepEqual(await read(client), message, kind);
              await journal.until(name, calls);
              // Whatever else was sent stands before the answer to a close.
              await client.send.close(1000);
              const { code } = await client.ended();
              assert.equal(code, 1000, kind);
              const rest = client.frames.filter(({ opcode }) => opcode < 8);
              assert.deepEqual(rest, [], `${kind} sends too much`);
            }
          },
          configOf(name),
        );
      });
    }
  }

  subject.test("R6 whatever onClose returns is dropped in silence", async () => {
    let made: unknown;
    await subject.serve(
      ({ journal }) => ({
        onClose() {
          journal.add("closed");
          return made as never;
        },
      }),
      async ({ connect, journal, log }) => {
        for (const [i, [, make]] of kinds.entries()) {
          made = i % 2 === 0 ? make() : Promise.resolve(make());
          const client = await connect();
          await client.send.close(1000);
          await journal.until("closed", i + 1);
          await client.ended();
        }
        assert.deepEqual(
          log.entries.filter((line) => !/cannot bound/.test(line)),
          [],
        );
      },
    );
  });

  const frames: readonly [string, CloseFrame, number, string][] = [
    ["NORMAL_CLOSURE", module.NORMAL_CLOSURE, 1000, ""],
    ["GOING_AWAY", module.GOING_AWAY, 1001, ""],
    ["PROTOCOL_ERROR", module.PROTOCOL_ERROR, 1002, "Connection closed due to protocol error"],
    ["UNSUPPORTED_DATA", module.UNSUPPORTED_DATA, 1003, "Endpoint received unsupported frame"],
    ["INVALID_PAYLOAD", module.INVALID_PAYLOAD, 1007, "Payload does not match the expected format or encoding"],
    ["POLICY_VIOLATION", module.POLICY_VIOLATION, 1008, "Received message violates its policy"],
    ["MESSAGE_TOO_BIG", module.MESSAGE_TOO_BIG, 1009, "The received message exceeds the allowed size limit"],
    ["INTERNAL_SERVER_ERROR", module.INTERNAL_SERVER_ERROR, 1011, "Internal server error occurred"],
    ["closeFrame(4444)", closeFrame(4444, "Invalid user ß"), 4444, "Invalid user ß"],
  ];
  for (const name of names) {
    subject.gapTest(
      gapOf(name),
      `R6 R7 a close frame returned by ${name} closes with its code and reason`,
      async () => {
        let frame: CloseFrame = closeFrame(1000);
        await subject.serve(
          ({ journal }) => ({
            ...returning(name, () => frame),
            onClose: (_caller, code, reason) => journal.add(`${code} ${reason}`),
          }),
          async ({ connect, journal }) => {
            for (const [title, value, code, reason] of frames) {
              frame = value;
              const client = await connect();
              triggers[name](client);
              const ended = await client.ended();
              assert.deepEqual([ended.code, ended.reason], [code, reason], title);
              await journal.until(`${code} ${reason}`);
            }
            assert.equal(journal.entries.length, frames.length);
          },
          configOf(name),
        );
      },
    );
  }

  const unsendable: readonly [string, () => unknown][] = [
    ["a function", () => () => 1],
    ["a symbol", () => Symbol("s")],
    ["a bigint", () => 1n],
    ["a circle", circle],
    ["a Blob", () => new Blob(["x"])],
    ["floats", () => new Float32Array(2)],
    ["an object whose toJSON throws", () => ({ toJSON: () => assert.fail("toJSON") })],
    [
      "an object whose then cannot be read",
      () => Object.defineProperty({}, `${"th"}en`, { get: () => assert.fail("then") }),
    ],
  ];
  for (const name of names.filter((name) => name !== "onError")) {
    subject.gapTest(gapOf(name), `R6 R9 a value that cannot be sent, from ${name}, goes to onError`, async () => {
      let made: () => unknown = () => undefined;
      await subject.serve(
        () => ({ ...returning(name, () => made()), onError: (_caller, error) => `${error instanceof Error}` }),
        async ({ connect }) => {
          for (const [kind, make] of unsendable) {
            made = make;
            const client = await connect();
            triggers[name](client);
            assert.equal(await client.message(), "true", kind);
            client.destroy();
          }
        },
        configOf(name),
      );
    });
  }

  subject.test("R6 bytes reach a callback as a plain Uint8Array of their own", async () => {
    await subject.serve(
      () => ({
        onBinaryMessage: (_caller, data) => [Object.getPrototypeOf(data) === Uint8Array.prototype, data.byteLength],
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.binary(Uint8Array.of(1, 2, 3));
        assert.equal(await client.message(), "[true,3]");
        await client.send.binary(new Uint8Array(0));
        assert.equal(await client.message(), "[true,0]");
      },
    );
  });

  subject.test("R6 onMessage takes what the more specific callback does not", async () => {
    const both = (name: string) => (_caller: unknown, data: unknown) => `${name} ${typeof data}`;
    for (const [service, text, binary] of [
      [{ onMessage: both("any") }, "any string", "any object"],
      [{ onMessage: both("any"), onTextMessage: both("text") }, "text string", "any object"],
      [{ onMessage: both("any"), onBinaryMessage: both("binary") }, "any string", "binary object"],
    ] as const) {
      await subject.serve(
        () => service,
        async ({ connect }) => {
          const client = await connect();
          await client.send.text("");
          assert.equal(await client.message(), text);
          await client.send.binary(new Uint8Array(1));
          assert.equal(await client.message(), binary);
        },
      );
    }
  });

  subject.test("R6 messages that no callback takes are let pass", async () => {
    await subject.serve(
      () => ({ onOpen: () => "open" }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("nobody");
        await client.send.binary(new Uint8Array(1));
        await client.send.ping("still here");
        assert.equal(await client.message(), "open");
        assert.equal((await client.frame()).text, "still here");
      },
    );
  });
}

function circle(): unknown {
  const value: unknown[] = [];
  value.push(value);
  return value;
}
