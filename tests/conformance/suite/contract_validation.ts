/** C5 to C8: messages, replies and pushes against their schemas. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { type CallerOf, contract, PayloadValidationError, RequestError } from "../../../entries/contract.ts";
import { closeFrame, type Service, type ServiceConfig, type StandardSchema } from "../../../mod.ts";
import type { RawClient } from "../../kit/raw_client.ts";
import { anything, errorOf, exchange, fields, nothing, say, sync, until } from "./contract_fixture.ts";
import type { Log, Subject } from "./subject.ts";

const misfit = `{"event":"error","id":1,"code":"invalid_message","message":"Message \\"say\\" does not fit its schema: a.1: ${"é".repeat(100)}","issues":[{"path":"a.1","message":"${"é".repeat(100)}"}]}`;
// A character of two bytes does not fit into the last of them.
const reason = `Message "say" does not fit its schema: a.1: ${"é".repeat(39)}`;

export function contractValidation(subject: Subject): void {
  const says = (later: boolean, validateReplies = true, schema: StandardSchema = nothing("é".repeat(100), later)) =>
    contract({ ...fields, validateReplies, messages: { sync, say: { message: schema, reply: v.number() } } });

  const serve = (
    later: boolean,
    handlers: object,
    use: (client: RawClient, log: Log) => Promise<void>,
    logs?: RegExp,
  ): Promise<void> =>
    subject.serve(
      () => says(later).service({ onSync() {}, onSay: () => assert.fail("It was called"), ...handlers } as never),
      async ({ connect, log }) => use(await connect(), log),
      logs === undefined ? {} : { logs },
    );

  for (const later of [false, true]) {
    const when = later ? ", found out later" : "";
    subject.test(`C5 a message that does not fit${when}: with an id invalid_message, without one 1007`, async () => {
      await serve(later, {}, async (client) => {
        assert.deepEqual(await exchange(client, { event: "say", id: 1 }), [misfit]);
        await say(client, { event: "say" });
        const ended = await client.ended();
        assert.deepEqual([ended.code, ended.reason], [1007, reason]);
      });
    });

    subject.test(`C5 C6 a message that does not fit${when} goes to onError, after the answer to its id`, async () => {
      const onError: Service["onError"] = (_caller, error) =>
        error instanceof PayloadValidationError ? `${error.code} ${error.issues.length}` : "another";
      await serve(later, { onError }, async (client) => {
        assert.deepEqual(await exchange(client, { event: "say", id: 1 }, { event: "say" }), [
          misfit,
          "invalid_message 1",
          "invalid_message 1",
        ]);
      });
      await serve(later, { onError: () => closeFrame(4003) }, async (client) => {
        await say(client, { event: "say", id: 1 });
        assert.equal(`${await client.message()}`, misfit);
        assert.equal((await client.ended()).code, 4003);
      });
    });

    const results: readonly (readonly [result: unknown, withId: string, without: string | undefined])[] = [
      [undefined, misfit, undefined],
      ["text", '{"event":"say","id":1,"data":"text"}', "text"],
      [{ ok: false }, '{"event":"say","id":1,"ok":false}', '{"ok":false}'],
    ];
    subject.test(
      `C5 on…Error takes a message that does not fit${when}, before onError, and its value is the reply`,
      async () => {
        for (const makes of [(result: unknown) => result, (result: unknown) => Promise.resolve(result)]) {
          for (const [result, withId, without] of results) {
            const handlers = { onSayError: () => makes(result), onError: () => "not this" };
            await serve(later, handlers, async (client) => {
              const expected = without === undefined ? [withId] : [withId, without];
              assert.deepEqual(await exchange(client, { event: "say", id: 1 }, { event: "say" }), expected);
            });
          }
          await serve(later, { onSayError: () => makes(closeFrame(4400, "Bad")) }, async (client) => {
            await say(client, { event: "say", id: 1 });
            const ended = await client.ended();
            assert.deepEqual([ended.code, ended.reason], [4400, "Bad"]);
          });
          await serve(later, { onSayError: () => makes(new RequestError("No", { code: "no" })) }, async (client) => {
            assert.deepEqual(await exchange(client, { event: "say", id: 1 }), [
              '{"event":"error","id":1,"code":"no","message":"No"}',
            ]);
          });
        }
      },
    );

    subject.test(
      `C5 an on…Error that fails${when}: with an id internal and onError, without one as any callback`,
      async () => {
        for (const onSayError of [
          () => {
            throw new Error("secret");
          },
          () => Promise.reject(new Error("secret")),
          () => new Error("secret"),
        ]) {
          await serve(later, { onSayError, onError: () => "told" }, async (client) => {
            const [internal, ...rest] = await exchange(client, { event: "say", id: 1 }, { event: "say" });
            assert.deepEqual(errorOf(internal), { event: "error", id: 1, code: "internal" });
            assert.deepEqual(rest, ["told", "told"]);
          });
          await serve(
            later,
            { onSayError },
            async (client, log) => {
              await exchange(client, { event: "say", id: 1 }).catch(() => {});
              await say(client, { event: "say" });
              assert.equal((await client.ended()).code, 1011);
              assert.equal(log.count(/^error /), 2);
            },
            /^error A (?:handler|callback) failed/,
          );
        }
      },
    );

    subject.test(
      `C8 a reply that does not fit${when} is a fault of the service, while replies are validated`,
      async () => {
        const reply = nothing("Never", later);
        for (const validateReplies of [true, false]) {
          const strict = contract({
            ...fields,
            validateReplies,
            messages: { sync, one: { message: anything(), reply }, many: { message: anything(), reply, stream: true } },
          });
          await subject.serve(
            () =>
              strict.service({
                onSync() {},
                onOne: () => 5,
                async *onMany() {
                  yield 5;
                },
                onError: (_caller, error) => error.name,
              }),
            async ({ connect }) => {
              const client = await connect();
              for (const event of ["one", "many"]) {
                await say(client, { event, id: 1 });
                const first = `${await client.message()}`;
                if (validateReplies) {
                  assert.equal(errorOf(first).code, "internal");
                  assert.equal(`${await client.message()}`, "PayloadValidationError");
                } else {
                  assert.equal(first, `{"event":"${event}","id":1,"data":5}`);
                }
              }
            },
          );
        }
      },
    );
  }

  subject.test(
    "C8 pushes go out by caller.send, and one that does not fit is rejected and told to onError",
    async () => {
      const pushing = contract({
        ...fields,
        validateReplies: true,
        messages: { sync },
        pushes: {
          alert: v.object({ text: v.string() }),
          tick: v.number(),
          late: nothing("Never", true),
          odd: anything(),
        },
      });
      const rejected: unknown[] = [];
      await subject.serve(
        () =>
          pushing.service({
            async onOpen(caller) {
              await caller.send("alert", { text: "one" });
              await caller.send("tick", 2, { compress: false });
              for (const wrong of [() => caller.send("alert", {} as never), () => caller.send("late", 1)]) {
                // Nobody has to hear of it.
                void wrong();
                await wrong().catch((error: unknown) => rejected.push(error));
              }
              const misuse = caller as unknown as { send(type: string, payload: unknown): void };
              assert.throws(() => misuse.send("sync", {}), {
                name: "TypeError",
                message: 'Cannot send "sync": the contract has no such push',
              });
              assert.throws(() => misuse.send("toString", {}), TypeError);
              assert.throws(
                () => misuse.send("alert", { text: "", id: 1 }),
                /^TypeError: Cannot send "alert" with a field "id"/,
              );
              assert.throws(() => misuse.send("odd", 5n), TypeError);
            },
            onSync() {},
            onError: (_caller, error) => error.name,
          }),
        async ({ connect }) => {
          const client = await connect();
          const texts = await exchange(client);
          assert.deepEqual(texts.slice(0, 2), ['{"event":"alert","text":"one"}', '{"event":"tick","data":2}']);
          assert.equal(rejected.length, 2);
          assert.ok(rejected.every((error) => error instanceof PayloadValidationError));
          assert.deepEqual(texts.slice(2), Array(4).fill("PayloadValidationError"));
        },
      );
    },
  );

  subject.test(
    "C7 validation: false skips the schemas of messages, replies and pushes, and not the parse",
    async () => {
      const config: ServiceConfig = { validation: false };
      const loose = contract({
        ...fields,
        validateReplies: true,
        messages: { sync, say: { message: nothing("Never"), reply: nothing("Never") } },
        pushes: { alert: nothing("Never") },
      });
      await subject.serve(
        () =>
          loose.service({
            onSync() {},
            onSay(caller: CallerOf<typeof loose>, message: unknown) {
              void caller.send("alert", { a: 1 });
              return message;
            },
          }),
        async ({ connect }) => {
          const answers = await exchange(await connect(), '{"event":"say","id":1,"b":2}', '{"event":"say","id":2,');
          assert.deepEqual(answers, ['{"event":"alert","a":1}', '{"event":"say","id":1,"b":2}']);
        },
        { config },
      );
    },
  );

  const libraries: readonly (readonly [
    name: string,
    message: StandardSchema<{ symbol: string; limit: number }>,
    reply: StandardSchema,
  ])[] = [
    [
      "valibot",
      v.object({ symbol: v.pipe(v.string(), v.toUpperCase()), limit: v.optional(v.number(), 10) }),
      v.object({ bars: v.array(v.number()) }),
    ],
    [
      "zod",
      z.object({ symbol: z.string().toUpperCase(), limit: z.number().default(10) }),
      z.object({ bars: z.array(z.number()) }),
    ],
    ["ArkType", type({ symbol: "string.upper", limit: "number = 10" }), type({ bars: "number[]" })],
    [
      "valibot, asynchronous",
      v.objectAsync({
        symbol: v.pipeAsync(
          v.string(),
          v.transformAsync(async (text) => text.toUpperCase()),
        ),
        limit: v.optional(v.number(), 10),
      }),
      v.objectAsync({
        bars: v.pipeAsync(
          v.array(v.number()),
          v.checkAsync(async () => true),
        ),
      }),
    ],
    [
      "zod, asynchronous",
      z.object({ symbol: z.string().transform(async (text) => text.toUpperCase()), limit: z.number().default(10) }),
      z.object({ bars: z.array(z.number()).refine(async () => true) }),
    ],
  ];
  for (const [name, message, reply] of libraries) {
    subject.test(`C6 schemas of ${name} drive a service: transforms, defaults, paths of issues, replies`, async () => {
      const bars = contract({ ...fields, messages: { sync, bars: { message, reply } }, validateReplies: true });
      const order: number[] = [];
      await subject.serve(
        () =>
          bars.service({
            onSync() {},
            onBars(_caller, { symbol, limit }) {
              order.push(limit);
              return { bars: symbol === "WRONG" ? ["x"] : [symbol.length, limit] };
            },
          }),
        async ({ connect, log }) => {
          const client = await connect();
          const symbol = name === "ArkType" ? "ACME" : "acme";
          const answers = await exchange(
            client,
            { event: "bars", id: 1, symbol },
            { event: "bars", id: 2, symbol, limit: 5 },
            { event: "bars", id: 3, symbol: 5 },
            { event: "bars", id: 4, symbol: "WRONG" },
          );
          assert.deepEqual(answers.slice(0, 2), [
            '{"event":"bars","id":1,"bars":[4,10]}',
            '{"event":"bars","id":2,"bars":[4,5]}',
          ]);
          const { issues, ...rest } = errorOf(answers[2]) as { issues: { path: string; message: string }[] };
          assert.deepEqual(rest, { event: "error", id: 3, code: "invalid_message" });
          assert.deepEqual([issues.length, issues[0]?.path, typeof issues[0]?.message], [1, "symbol", "string"]);
          assert.equal(errorOf(answers[3]).code, "internal");
          assert.deepEqual(order, [10, 5, 10]);
          assert.equal(log.count(/^error A handler failed/), 1);
        },
        { logs: /^error A handler failed; its caller was told so/ },
      );
    });
  }

  const failing: readonly (readonly [what: string, thrown: Error, code: string])[] = [
    [
      "RangeError, as when a value is too deep for it,",
      new RangeError("Maximum call stack size exceeded"),
      "invalid_message",
    ],
    ["TypeError", new TypeError("secret"), "internal"],
  ];
  for (const [what, thrown, code] of failing) {
    subject.test(`C5 a schema that fails with a ${what} answers with ${code}`, async () => {
      for (const later of [false, true]) {
        const validate = (): Promise<never> => {
          if (later) return Promise.reject(thrown);
          throw thrown;
        };
        const broken = says(later, true, { "~standard": { version: 1, vendor: "tests", validate } });
        await subject.serve(
          () => broken.service({ onSync() {}, onSay: () => 1 }),
          async ({ connect }) => {
            const [answer] = await exchange(await connect(), { event: "say", id: 1 });
            assert.equal(errorOf(answer).code, code);
          },
          { logs: /^error A handler failed; its caller was told so/ },
        );
      }
    });
  }

  subject.test("C5 the answer to a message that is wrong at every byte is no multiple of it", async () => {
    const strings = contract({
      ...fields,
      messages: { sync, list: { message: v.record(v.string(), v.array(v.string())) } },
    });
    await subject.serve(
      () => strings.service({ onSync() {}, onList() {} }),
      async ({ connect }) => {
        const client = await connect();
        const [many] = await exchange(client, { event: "list", id: 1, list: Array(3000).fill(1) });
        assert.equal((errorOf(many).issues as unknown[]).length, 32);
        const [long] = await exchange(client, { event: "list", id: 1, ["é".repeat(30_000)]: Array(100).fill(1) });
        assert.ok(Buffer.byteLength(long ?? "") < 65_536 * 2, `${long?.length}`);
      },
    );
  });

  subject.test("the next message waits for a schema that takes its time (R2)", async () => {
    const slow = contract({
      ...fields,
      messages: {
        sync,
        say: {
          message: v.pipeAsync(
            v.object({ n: v.number() }),
            v.checkAsync(async () => true),
          ),
          reply: anything(),
        },
      },
    });
    await subject.serve(
      () => slow.service({ onSync() {}, onSay: (_caller, { n }) => ({ n }) }),
      async ({ connect }) => {
        const client = await connect();
        for (let n = 0; n < 20; n++) await say(client, { event: n % 2 === 0 ? "say" : "nobody", id: n, n });
        await say(client, { event: "sync", id: "end" });
        const texts = await until(client, '{"event":"complete","id":"end"}');
        assert.deepEqual(
          texts.map((text) => JSON.parse(text).id),
          Array.from({ length: 20 }, (_, n) => n),
        );
      },
    );
  });
}
