/** C9, and what strangers send as JSON: the service lives, and answers. */
import assert from "node:assert/strict";
import * as v from "valibot";
import { contract } from "../../../entries/contract.ts";
import type { StandardSchema } from "../../../mod.ts";
import { anything, errorOf, exchange, fields, say, sync } from "./contract_fixture.ts";
import { gate, type Subject } from "./subject.ts";

type Tree = { readonly a?: Tree | undefined };
// It calls itself, so that a deep value overflows the stack.
const tree: v.GenericSchema<Tree> = v.looseObject({ a: v.optional(v.lazy(() => tree)) });

const pollutions: readonly string[] = [
  '{"event":"take","id":1,"__proto__":{"polluted":1},"a":2}',
  '{"event":"take","id":1,"\\u005f_proto__":{"polluted":1},"a":2}',
  '{"event":"take","id":1,"_\\u005Fpr\\u006fto__":{"polluted":1},"a":2}',
  '{"event":"take","id":1,"__proto__":null,"a":2}',
  '{"event":"take","id":1,"__proto__":"x","a":2}',
  '{"__proto__":{"event":"other"},"event":"take","id":1,"a":2}',
];

const nested = (depth: number, open: string, close: string): string =>
  `{"event":"take","id":1,"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
const keys = (count: number): string =>
  `{"event":"take","id":1,${Array.from({ length: count }, (_, n) => `"k${n.toString(36)}":1`).join()}}`;

export function contractHostile(subject: Subject): void {
  const taking = (message: StandardSchema) =>
    contract({ ...fields, messages: { sync, take: { message, reply: anything() } } });

  subject.test(
    "C9 no __proto__ of a message reaches its schema or its handler, at any depth and however written",
    async () => {
      const seen: object[] = [];
      const schema: StandardSchema = {
        "~standard": {
          version: 1,
          vendor: "tests",
          validate(value) {
            seen.push(value as object);
            return { value };
          },
        },
      };
      await subject.serve(
        () =>
          taking(schema).service({
            onSync() {},
            onTake(_caller, message) {
              const merged = Object.assign({}, message);
              return { keys: Object.keys(message as object), polluted: Reflect.get(merged, "polluted") ?? null };
            },
          }),
        async ({ connect }) => {
          const client = await connect();
          const clean = '{"event":"take","id":1,"keys":["a"],"polluted":null}';
          assert.deepEqual(
            await exchange(client, ...pollutions),
            pollutions.map(() => clean),
          );
          assert.deepEqual(
            seen,
            pollutions.map(() => ({ a: 2 })),
          );
          seen.length = 0;
          for (const text of pollutions) {
            const deep = `{"event":"take","id":1,"a":[{"b":{"c":${text}}}]}`;
            await exchange(client, deep);
          }
          for (const value of seen) {
            const [{ b }] = (value as unknown as { a: [{ b: { c: object } }] }).a;
            assert.equal(Object.hasOwn(b.c, "__proto__"), false);
            assert.equal(Object.getPrototypeOf(b.c), Object.prototype);
          }
          assert.equal(seen.length, pollutions.length);
          assert.equal(Reflect.get({}, "polluted"), undefined);
          // A word in a value is none in a name.
          seen.length = 0;
          await exchange(client, { event: "take", id: 1, a: "__proto__" });
          assert.deepEqual(seen, [{ a: "__proto__" }]);
        },
      );
    },
  );

  const size = 4 * 1024 * 1024;
  const texts: readonly (readonly [what: string, text: string, code: string | undefined])[] = [
    ["arrays 100,000 deep", nested(100_000, "[", "]"), undefined],
    ["objects 100,000 deep", nested(100_000, '{"a":', "}"), undefined],
    ["__proto__ 20,000 deep", nested(20_000, '{"__proto__":', "}"), "reply"],
    ["__proto__ beside 20,000 deep", nested(20_000, '{"__proto__":1,"a":', "}"), undefined],
    ["50,000 keys", keys(50_000), "reply"],
    ["the same key again and again", `{"event":"take","id":1${',"b":1'.repeat(100_000)}}`, "reply"],
    ["a number of 100,000 digits", `{"event":"take","id":1,"b":${"9".repeat(100_000)}}`, "reply"],
    ["a number that is too large", '{"event":"take","id":1,"b":-1e999999}', "reply"],
    ["lone surrogates", '{"event":"take","id":1,"b":"\\ud800","\\udfff":"\\udc00\\ud800"}', "reply"],
    ["a type of 100,000 characters", `{"event":"${"x".repeat(100_000)}","id":1}`, "unknown_type"],
  ];
  for (const [name, schema] of [
    ["takes everything", anything()],
    ["calls itself", tree as StandardSchema],
  ] as const) {
    subject.test(`hostile JSON is answered and harms nobody, with a schema that ${name}`, async () => {
      await subject.serve(
        () =>
          taking(schema).service({
            onSync() {},
            onTake: () => ({ ok: true }),
          }),
        async ({ connect }) => {
          const bystander = await connect();
          const client = await connect();
          for (const [what, text, code] of texts) {
            assert.ok(text.length <= size, what);
            await say(client, text);
            const answer = errorOf(`${await client.message()}`);
            if (code === "reply") assert.deepEqual(answer, { message: undefined }, what);
            else if (code !== undefined) assert.equal(answer.code, code, what);
            else
              assert.ok([undefined, "invalid_message"].includes(answer.code as undefined), `${what}: ${answer.code}`);
          }
          assert.deepEqual(await exchange(bystander), []);
        },
        { config: { maxFrameSize: size } },
      );
    });
  }

  subject.test("hostile JSON that a handler sends back is at worst a fault of the handler", async () => {
    await subject.serve(
      () => taking(anything()).service({ onSync() {}, onTake: (_caller, message) => message, onError() {} }),
      async ({ connect }) => {
        const client = await connect();
        // Some runtimes take seconds to write what is deeper.
        for (const [what, text] of [
          ["arrays", nested(5000, "[", "]")],
          ["objects", nested(5000, '{"a":', "}")],
          ...texts.slice(-4),
        ] as const) {
          await say(client, text);
          const { code } = errorOf(`${await client.message()}`);
          assert.ok([undefined, "internal", "unknown_type"].includes(code as undefined), `${what}: ${code}`);
        }
      },
      { config: { maxFrameSize: size } },
    );
  });

  subject.test("1,000 streams of one connection go forward together, and all end when they are cancelled", async () => {
    const counting = contract({
      ...fields,
      messages: { sync, count: { message: anything(), reply: anything(), stream: true } },
    });
    const each = 5;
    const start = gate();
    const begun = new Set<unknown>();
    const made: number[] = [];
    let ended = 0;
    await subject.serve(
      () =>
        counting.service({
          onSync() {},
          async *onCount(_caller, _message, { id, signal }) {
            try {
              begun.add(id);
              if (begun.size === 1000) start.resolve();
              await start.promise;
              for (let n = 1; n <= each; n++) {
                made.push(n);
                yield n;
              }
              await new Promise((resolve) => signal.addEventListener("abort", resolve));
            } finally {
              ended++;
            }
          },
        }),
      async ({ connect }) => {
        const client = await connect();
        for (let id = 0; id < 1000; id++) void say(client, { event: "count", id });
        const items = new Map<number, number>();
        for (let n = 0; n < 1000 * each; n++) {
          const { id, data } = JSON.parse(`${await client.message()}`);
          assert.equal(data, (items.get(id) ?? 0) + 1);
          items.set(id, data);
        }
        const late = made.findIndex((n, at) => n < Math.max(1, Math.floor(at / 1000) - 1) || n > at / 1000 + 3);
        assert.equal(late, -1, `item ${late} of all is the ${made[late]}. of its stream`);
        for (let id = 0; id < 1000; id++) void say(client, { event: "cancel", id });
        const answers = await exchange(client);
        assert.deepEqual(
          answers,
          Array.from({ length: 1000 }, (_, id) => `{"event":"complete","id":${id}}`),
        );
        assert.equal(ended, 1000);
      },
    );
  });

  subject.test(
    "R19 the 1,025th stream of a connection gets too_many_streams, and without an id closes with 1013 (CVE-2026-33151)",
    async () => {
      const waiting = contract({ ...fields, messages: { sync, wait: { message: anything(), stream: true } } });
      let ended = 0;
      const end = async (): Promise<IteratorReturnResult<number>> => ({ done: true, value: ended++ });
      await subject.serve(
        () =>
          waiting.service({
            onSync() {},
            onWait: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: end }) }),
          }),
        async ({ connect }) => {
          const client = await connect();
          const wait = (id?: number): object => ({ event: "wait", ...(id !== undefined && { id }) });
          const answers = await exchange(client, ...Array.from({ length: 1025 }, (_, id) => wait(id)));
          assert.deepEqual(answers.map(errorOf), [{ event: "error", id: 1024, code: "too_many_streams" }]);
          // Room is made at once, though next() never settles.
          const freed = await exchange(client, { event: "cancel", id: 5 }, wait(1024), wait(1025));
          assert.equal(freed[0], '{"event":"complete","id":5}');
          assert.deepEqual(freed.slice(1).map(errorOf), [{ event: "error", id: 1025, code: "too_many_streams" }]);
          // What is refused may hold something too.
          assert.equal(ended, 3);
          await say(client, wait());
          const { code, reason } = await client.ended();
          assert.deepEqual([code, reason], [1013, "Too many streams"]);
        },
      );
    },
  );
}
