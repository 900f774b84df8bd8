import assert from "node:assert/strict";
import { test } from "node:test";
import { type ContractDefinition, contract } from "../../entries/contract.ts";
import { CALLBACKS } from "../../src/callback_names.ts";
import { toHandlerName } from "../../src/contract/names.ts";
import { anything } from "./support.ts";

const message = { message: anything };

function define(definition: object): () => unknown {
  return () => contract({ dispatcherKey: "event", ...definition } as ContractDefinition);
}

const names: readonly (readonly [type: string, name: string])[] = [
  ["ping", "onPing"],
  ["_ping", "onPing"],
  ["this_ping message", "onThisPingMessage"],
  ["connection_init", "onConnectionInit"],
  ["un subscribe", "onUnSubscribe"],
  ["thisPing", "onThisPing"],
  ["XBT/USD", "onXBTUSD"],
  ["a-b.c:d", "onABCD"],
  ["2fa", "on2fa"],
  ["a__b", "onAB"],
];
for (const [type, name] of names) {
  test(`C2 toHandlerName() makes ${name} of "${type}"`, () => {
    assert.equal(toHandlerName(type), name);
  });
}

for (const type of ["", " ", "_", "größe", "a!", "a\n", "a,b", "日本"]) {
  test(`C2 toHandlerName() refuses ${JSON.stringify(type)}, and says what to do`, () => {
    assert.throws(() => toHandlerName(type), {
      name: "TypeError",
      message: /gives no name for a handler: say which with handler: "onX"$/,
    });
  });
}

const wrong: readonly (readonly [what: string, definition: object, says: RegExp])[] = [
  [
    "two types with one name",
    { messages: { a_b: message, "a-b": message } },
    /^onAB would be the handler of message type "a_b" and of message type "a-b": say another with handler: "onX"$/,
  ],
  [
    "a type whose name is that of an error handler",
    { messages: { foo: message, foo_error: message } },
    /^onFooError would be the handler of message type "foo_error" and of the errors of "foo"/,
  ],
  ["a handler that is taken", { messages: { a: message, b: { ...message, handler: "onA" } } }, /^onA would be/],
  ...[...CALLBACKS].map((name): [string, object, RegExp] => [
    `a type that gives ${name}`,
    { messages: { [name.slice(2)]: message } },
    new RegExp(`^${name} would be the handler of a callback of the connection`),
  ]),
  ["a handler that is a callback", { messages: { a: { ...message, handler: "onClose" } } }, /^onClose would be/],
  ...["complete", "error", "cancel"].map((type): [string, object, RegExp] => [
    `the reserved type ${type}`,
    { messages: { [type]: message } },
    new RegExp(`^Option messages has the reserved type "${type}": rename that in option reserved$`),
  ]),
  [
    "a push of a reserved type",
    { messages: { a: message }, pushes: { error: anything } },
    /^Option pushes has the reserved type "error"/,
  ],
  [
    "a renamed type that is declared",
    { messages: { stop: message }, reserved: { cancel: "stop" } },
    /reserved type "stop"/,
  ],
  [
    "two reserved types alike",
    { messages: { a: message }, reserved: { cancel: "error" } },
    /^Option reserved names two of its types alike$/,
  ],
  [
    "a Map of messages, which has no fields",
    { messages: new Map([["a", message]]), pushes: { b: anything } },
    /^Option messages must be an object, by type$/,
  ],
  ["no message and no push", { messages: {}, pushes: {} }, /^Options messages and pushes are empty/],
  [
    "a message without a schema",
    { messages: { a: {} } },
    /^Option messages\.a\.message is missing: must be a Standard Schema$/,
  ],
  [
    "a schema in place of a message",
    { messages: { a: message.message } },
    /^Option messages\.a is a schema: must be { message: schema }$/,
  ],
  [
    "a reply that is no schema",
    { messages: { a: { ...message, reply: {} } } },
    /^Option messages\.a\.reply must be a Standard Schema/,
  ],
  [
    "a push that is no schema",
    { messages: { a: message }, pushes: { b: 5 } },
    /^Option pushes\.b must be a Standard Schema/,
  ],
  [
    "a name that begins otherwise",
    { messages: { a: { ...message, handler: "handle" } } },
    /must be a name that begins with "on"$/,
  ],
  [
    "an option of a message that nobody knows",
    { messages: { a: { ...message, streams: true } } },
    /^Unknown option "streams" of messages\.a/,
  ],
  [
    "an option that nobody knows",
    { messages: { a: message }, push: {} },
    /^Unknown option "push" of ContractDefinition/,
  ],
  [
    "no name of a field",
    { dispatcherKey: "", messages: { a: message } },
    /^Option dispatcherKey must be a name, not ""$/,
  ],
  [
    "a field that no object may have",
    { dispatcherStreamId: "__proto__", messages: { a: message } },
    /^Option dispatcherStreamId must be a name/,
  ],
  [
    "one field for both",
    { dispatcherStreamId: "event", messages: { a: message } },
    /^Options dispatcherKey and dispatcherStreamId are both "event"$/,
  ],
  ...["code", "message", "issues", "data"].map((name): [string, object, RegExp] => [
    `a field of answers, ${name},`,
    { dispatcherStreamId: name, messages: { a: message } },
    new RegExp(`^Option dispatcherStreamId is "${name}": a field that answers have$`),
  ]),
  [
    "stream that is no boolean",
    { messages: { a: { ...message, stream: "yes" } } },
    /^Option messages\.a\.stream must be true or false$/,
  ],
  [
    "validateReplies that is no boolean",
    { messages: { a: message }, validateReplies: 1 },
    /^Option validateReplies must be true or false$/,
  ],
];
for (const [what, definition, says] of wrong) {
  test(`C2 contract() refuses ${what}, and names it`, () => {
    assert.throws(define(definition), { name: "TypeError", message: says });
  });
}

test("C2 contract() takes a type that clashes, when handler says another name", () => {
  const { rules } = contract({
    dispatcherKey: "event",
    messages: {
      ping: { ...message, handler: "onPingMessage" },
      foo: message,
      foo_error: { ...message, handler: "onFooFailed" },
    },
  });
  assert.deepEqual(
    [...rules.messages.values()].map(({ handler }) => handler),
    ["onPingMessage", "onFoo", "onFooFailed"],
  );
});

const two = contract({ dispatcherKey: "event", messages: { say: message, un_say: message } });
const serve = (handlers: object) => () => two.service(handlers as never);

test("C3 service() throws for what has no handler, unless there is an onMessage", () => {
  const lacks =
    'The service lacks onSay for message type "say", onUnSay for message type "un_say": add it, or an onMessage that takes what has no handler';
  assert.throws(serve({}), { name: "TypeError", message: lacks });
  assert.throws(serve({ onTextMessage() {} }), { message: lacks });
  assert.throws(serve({ onSay() {} }), { message: /^The service lacks onUnSay for message type "un_say": / });
  serve({ onSay() {}, onUnSay() {} })();
  serve({ onMessage() {} })();
});

test("C3 service() names what may be meant for a handler that is missing, of a class too", () => {
  class Base {
    onsay(): void {}
  }
  class Service extends Base {
    onUnSay(): void {}
    onSayy = (): void => {};
    online = true;
    other(): void {}
  }
  assert.throws(serve(new Service()), {
    message:
      /^The service lacks onSay for .*takes what has no handler\. It has onSayy, onsay, which no message reaches$/,
  });
});

test("C3 service() names what may be meant in an object without a prototype, too", () => {
  const handlers = Object.assign(Object.create(null), { onsay() {}, onUnSay() {} });
  assert.throws(serve(handlers), { message: /It has onsay, which no message reaches$/ });
});

test("C3 service() refuses handlers that are no functions, and what is no object", () => {
  assert.throws(serve({ onSay: {}, onUnSay() {} }), { message: "onSay of the service is no function" });
  assert.throws(serve({ onSay() {}, onUnSay() {}, onSayError: "x" }), {
    message: "onSayError of the service is no function",
  });
  assert.throws(serve({ onSay() {}, onUnSay() {}, onClose: 5 }), { message: "onClose of the service is no function" });
  for (const nothing of [undefined, null, 5, () => ({})]) assert.throws(serve(nothing as never), TypeError);
});
