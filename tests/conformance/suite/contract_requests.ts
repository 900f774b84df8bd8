/** C5: requests, their ids, and the one last frame of each. */
import assert from "node:assert/strict";
import { contract } from "../../../entries/contract.ts";
import { closeFrame } from "../../../mod.ts";
import { errorOf, exchange, say, until } from "./contract_fixture.ts";
import { idle, line, Source, value } from "./contract_lines.ts";
import type { Subject } from "./subject.ts";

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
}
