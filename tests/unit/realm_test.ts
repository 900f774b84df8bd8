/** Values of another realm, such as those of node:vm, in which runners of tests run what they test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { contract } from "../../entries/contract.ts";
import { type StandardSchema, upgrade } from "../../mod.ts";
import { isBinary, toBytes } from "../../src/bytes.ts";
import { isError, toError } from "../../src/errors.ts";
import { connect, pair, settle } from "../../src/testing/mod.ts";
import { silent } from "./support.ts";

const foreign = <Value>(code: string): Value => runInNewContext(code);

test("isBinary() and toBytes() take bytes of another realm", () => {
  for (const code of ["new Uint8Array([1, 2])", "new Uint8Array([1, 2]).buffer"]) {
    const value = foreign<Uint8Array>(code);
    assert.equal(isBinary(value), true, code);
    assert.deepEqual([...toBytes(value)], [1, 2]);
  }
  for (const code of ["new Uint16Array(1)", "new DataView(new ArrayBuffer(1))", "[1]", "({ length: 1 })", "null"]) {
    assert.equal(isBinary(foreign(code)), false, code);
  }
});

test("isError() and toError() take errors of another realm, and nothing else", () => {
  for (const code of ["new Error('x')", "new TypeError('x')", "Object.assign(new Error('x'), { code: 'ENOENT' })"]) {
    const error = foreign<Error>(code);
    assert.equal(isError(error), true, code);
    assert.equal(toError(error), error);
  }
  assert.equal(isError(new DOMException("x")), true);
  // As jest has it: a DOMException of the outer realm, of which the inner Error is no base.
  const outer = { message: "x", [Symbol.toStringTag]: "DOMException" };
  assert.equal(isError(Object.setPrototypeOf(new DOMException("x"), outer)), true);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const value of [proxy, "Error", null, undefined, {}, { message: "x" }, new Uint8Array(1), new Map()]) {
    assert.equal(isError(value), false);
  }
});

test("bytes of another realm go out as a binary message", async () => {
  for (const code of ["new Uint8Array([1, 2])", "new Uint8Array([1, 2]).buffer"]) {
    const { client, caller } = pair({ onOpen: () => foreign<Uint8Array>(code) });
    void caller.writeBinaryMessage(foreign<Uint8Array>(code));
    void caller.writeMessage(foreign<Uint8Array>(code));
    client.send(foreign<Uint8Array>(code));
    await settle();
    assert.deepEqual(client.messages, [Uint8Array.of(1, 2), Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
  }
});

test("an error of another realm goes to onError, whether it is thrown or returned, and is not sent", async () => {
  const make = "new Error('on purpose')";
  const callbacks: (() => unknown)[] = [
    () => foreign(make),
    () => foreign(`Promise.resolve(${make})`),
    () => foreign(`Promise.reject(${make})`),
    () => foreign(`throw ${make}`),
  ];
  for (const callback of callbacks) {
    const told: Error[] = [];
    const { client } = pair({
      onTextMessage: callback as () => undefined,
      onError: (_caller, error) => void told.push(error),
    });
    client.send("x");
    await settle();
    assert.deepEqual([told.map(({ message }) => message), client.messages], [["on purpose"], []], String(callback));
  }
});

test("an error of another realm that is an item of a stream ends it, and is not sent", async () => {
  const logger = silent();
  const { client } = pair(
    { onOpen: () => foreign("(async function* () { yield new Error('secret') })()") },
    {},
    { logger },
  );
  assert.equal((await client.closed).code, 1011);
  assert.deepEqual(client.messages, []);
});

test("an error of another realm that a handler of a contract returns is answered as one that it throws", async () => {
  const message: StandardSchema<unknown> = {
    "~standard": { version: 1, vendor: "tests", validate: (value) => ({ value }) },
  };
  const line = contract({ dispatcherKey: "event", dispatcherStreamId: "id", messages: { value: { message } } });
  const logger = silent();
  const service = line.service({ onValue: () => foreign("new Error('secret')") } as never);
  const { client } = pair(service as never, {}, { logger });
  client.send('{"event":"value","id":1}');
  assert.equal(JSON.parse(String(await client.receive())).code, "internal");
  assert.doesNotMatch(String(client.messages), /secret/);
  assert.equal(logger.lines.length, 1);
});

test("an error of another realm refuses an upgrade", async () => {
  const service = upgrade(() => foreign("new Error('Not you')") as never);
  await assert.rejects(connect(service, "/"), /refused with 400: Not you/);
});
