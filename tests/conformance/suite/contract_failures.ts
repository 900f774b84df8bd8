/** C5: what the caller of a request learns when its handler fails. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { RequestError } from "../../../entries/contract.ts";
import { type Caller, closeFrame } from "../../../mod.ts";
import type { RawClient } from "../../kit/raw_client.ts";
import { exchange, say } from "./contract_fixture.ts";
import { idle, line } from "./contract_lines.ts";
import type { Subject } from "./subject.ts";

export function contractFailures(subject: Subject): void {
  const unknown = (): RequestError =>
    new RequestError("No such symbol", { code: "unknown_symbol", issues: [{ path: ["symbol"], message: "Unknown" }] });
  const failures: readonly (readonly [what: string, fail: () => unknown])[] = [
    [
      "throws",
      () => {
        throw unknown();
      },
    ],
    ["rejects with", () => Promise.reject(unknown())],
    ["returns", unknown],
    [
      "streams",
      async function* () {
        yield await Promise.reject(unknown());
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
