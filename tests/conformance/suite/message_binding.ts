/** C5 to C7 for services without a contract: option `message`. */
import assert from "node:assert/strict";
import * as v from "valibot";
import {
  closeFrame,
  PayloadBindingError,
  PayloadValidationError,
  type Service,
  type ServiceConfig,
} from "../../../mod.ts";
import type { RawClient } from "../../kit/raw_client.ts";
import { nothing, say } from "./contract_fixture.ts";
import type { Subject } from "./subject.ts";

const message = v.object({ n: v.pipe(v.number(), v.minValue(1)), tag: v.optional(v.string(), "none") });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function messageBinding(subject: Subject): void {
  const serve = (
    service: Service,
    use: (client: RawClient) => Promise<void>,
    config: ServiceConfig = { message },
  ): Promise<void> =>
    subject.serve(
      () => service,
      async ({ connect }) => use(await connect()),
      { config },
    );
  const echo: Service = { onMessage: (_caller, data) => ({ got: data }) as never };

  subject.test(
    "C5 with option message, onMessage gets what the schema makes of JSON, in text and in binary",
    async () => {
      await serve(echo, async (client) => {
        const values = ['{"n":1}', '{"n":2,"tag":"x","more":true}', ' { "n" : 3 } '];
        for (const text of values) {
          for (const data of [text, utf8(text)]) {
            await say(client, data);
            const { n, tag } = JSON.parse(text);
            assert.equal(`${await client.message()}`, JSON.stringify({ got: { n, tag: tag ?? "none" } }));
          }
        }
        await say(client, '{"n":1,"__proto__":{"tag":"polluted"}}');
        assert.equal(`${await client.message()}`, '{"got":{"n":1,"tag":"none"}}');
      });
    },
  );

  subject.test("C5 a schema that takes its time holds up the next message, and no longer", async () => {
    const later = v.pipeAsync(
      message,
      v.checkAsync(async () => true),
    );
    await serve(
      echo,
      async (client) => {
        for (const n of [1, 2, 3]) await say(client, { n });
        for (const n of [1, 2, 3]) assert.equal(`${await client.message()}`, `{"got":{"n":${n},"tag":"none"}}`);
      },
      { message: later },
    );
  });

  subject.test("C5 onTextMessage and onBinaryMessage come first, and get what came", async () => {
    await serve(
      {
        ...echo,
        onTextMessage: (_caller, text) => `text ${text}`,
        onBinaryMessage: (_caller, { length }) => `binary ${length}`,
      },
      async (client) => {
        await say(client, "no JSON");
        assert.equal(`${await client.message()}`, "text no JSON");
        await say(client, utf8("no JSON"));
        assert.equal(`${await client.message()}`, "binary 7");
      },
    );
  });

  const wrong: readonly (readonly [
    what: string,
    data: string | Uint8Array,
    error: new (message: string) => Error,
    code: number,
  ])[] = [
    ["text that is not JSON", "{n:1}", PayloadBindingError, 1003],
    ["an empty text", "", PayloadBindingError, 1003],
    ["binary that is not JSON", utf8("{"), PayloadBindingError, 1003],
    ["binary that is not UTF-8", Uint8Array.of(0x22, 0xc0, 0x22), PayloadBindingError, 1003],
    ["a value that does not fit", '{"n":0}', PayloadValidationError, 1007],
    ["a binary value that does not fit", utf8('{"n":"1"}'), PayloadValidationError, 1007],
    ["a string where the schema wants an object", '"n"', PayloadValidationError, 1007],
  ];
  for (const [what, data, error, code] of wrong) {
    subject.test(`C5 C6 ${what} closes with ${code}, or goes to onError and the connection stays open`, async () => {
      await serve(echo, async (client) => {
        await say(client, data);
        const ended = await client.ended();
        assert.equal(ended.code, code);
        assert.match(
          `${ended.reason}`,
          code === 1003 ? /^A message is not JSON$/ : /^A message does not fit its schema: /,
        );
      });
      const onError: Service["onError"] = (_caller, thrown) => [thrown.constructor === error, thrown.name];
      await serve({ ...echo, onError }, async (client) => {
        await say(client, data);
        assert.equal(`${await client.message()}`, JSON.stringify([true, error.name]));
        await say(client, '{"n":5}');
        assert.equal(`${await client.message()}`, '{"got":{"n":5,"tag":"none"}}');
      });
      await serve({ ...echo, onError: () => closeFrame(4004) }, async (client) => {
        await say(client, data);
        assert.equal((await client.ended()).code, 4004);
      });
    });
  }

  for (const later of [false, true]) {
    subject.test(
      `C5 a value too deep for a schema that ${later ? "takes its time" : "answers at once"} is its peer's fault`,
      async () => {
        const thrown = new RangeError("Maximum call stack size exceeded");
        const validate = (): Promise<never> => {
          if (later) return Promise.reject(thrown);
          throw thrown;
        };
        const config = { message: { "~standard": { version: 1, vendor: "tests", validate } } } as const;
        const use = async (client: RawClient): Promise<void> => {
          await say(client, "[[[]]]");
          const { code, reason } = await client.ended();
          assert.equal(code, 1007);
          assert.match(`${reason}`, /^A message does not fit its schema: /);
        };
        await serve(echo, use, config);
        const onError: Service["onError"] = (_caller, { name }) => closeFrame(4000, name);
        await serve(
          { ...echo, onError },
          async (client) => {
            await say(client, "[[[]]]");
            assert.equal((await client.ended()).reason, "PayloadValidationError");
          },
          config,
        );
      },
    );
  }

  subject.test("with option message a callback that has another name is told of", async () => {
    const service = { onmessage: () => {} };
    await subject.serve(
      () => service as Service,
      async ({ connect, log }) => {
        const client = await connect();
        for (const data of ['{"n":1}', "no JSON", utf8("{}")]) await say(client, data);
        await log.until(/^warn A message came for which the service has no callback. It has onmessage, /);
        await client.send.ping("done");
        assert.equal((await client.frame()).text, "done");
        assert.equal(log.count(/onmessage/), 1);
      },
      { config: { message }, logs: /onmessage/ },
    );
  });

  subject.test("C5 the reason of 1007 is cut at a character to 123 bytes", async () => {
    const long = "é".repeat(100);
    await serve(
      echo,
      async (client) => {
        await say(client, "1");
        const { code, reason } = await client.ended();
        assert.deepEqual([code, reason], [1007, `A message does not fit its schema: a.1: ${"é".repeat(41)}`]);
      },
      { message: nothing(long) },
    );
  });

  subject.test("C7 validation: false parses and does not validate", async () => {
    await serve(
      echo,
      async (client) => {
        await say(client, '{"n":0,"more":1}');
        assert.equal(`${await client.message()}`, '{"got":{"n":0,"more":1}}');
        await say(client, "{");
        assert.equal((await client.ended()).code, 1003);
      },
      { message, validation: false },
    );
  });
}
