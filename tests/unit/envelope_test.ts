import assert from "node:assert/strict";
import { test } from "node:test";
import { contract } from "../../entries/contract.ts";
import { Envelope } from "../../src/contract/envelope.ts";
import { toContractRules } from "../../src/contract/rules.ts";
import type { Service } from "../../src/service.ts";
import { anything, open } from "./support.ts";

const definition = {
  dispatcherKey: "event",
  dispatcherStreamId: "id",
  messages: { get: { message: anything, reply: anything } },
};

// Each would go out as an object without fields, or with one for each byte.
const unfit: readonly (readonly [string, unknown])[] = [
  ["Promise", Promise.resolve(1)],
  ["AsyncGenerator", (async function* () {})()],
  ["ReadableStream", new ReadableStream()],
  ["Blob", new Blob(["x"])],
  ["DataView", new DataView(new ArrayBuffer(2))],
  ["Float32Array", new Float32Array(2)],
  ["Function", () => {}],
];

for (const [name, payload] of unfit) {
  test(`a ${name} is no payload: it is refused by name`, () => {
    const envelope = new Envelope(toContractRules(definition));
    const message = `Cannot send a ${name}: it has no JSON form`;
    assert.throws(() => envelope.write("get", 1, payload), { name: "TypeError", message });
    const sayable = Object.assign(payload as object, { toJSON: () => ({ text: "milk" }) });
    assert.equal(envelope.write("get", 1, sayable), '{"event":"get","id":1,"text":"milk"}');
  });
}

test("a reply that is no payload is a fault of the service: its caller gets internal, onError the reason", () => {
  const errors: unknown[] = [];
  const handlers = {
    onGet: () => new Blob(["x"]),
    onError: (_caller: unknown, error: unknown) => void errors.push(error),
  };
  const { connection, socket } = open(contract(definition).service(handlers as never) as Service);
  connection.text('{"event":"get","id":1}');
  assert.deepEqual(socket.sent, ['{"event":"error","id":1,"code":"internal","message":"Internal error"}']);
  assert.deepEqual(errors.map(String), ["TypeError: Cannot send a Blob: it has no JSON form"]);
});
