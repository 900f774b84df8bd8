import assert from "node:assert/strict";
import { test } from "node:test";
import * as plain from "../../src/errors.ts";
import * as refusing from "../../src/upgrade_errors.ts";

const errors = { ...plain, ...refusing };

/** Name, code and the class above, of every error. */
const tree = [
  ["InvalidHandshakeError", "invalid_handshake", errors.WebSocketError],
  ["PayloadTooLargeError", "payload_too_large", errors.WebSocketError],
  ["CorruptedFrameError", "corrupted_frame", errors.WebSocketError],
  ["InvalidContinuationFrameError", "invalid_continuation_frame", errors.CorruptedFrameError],
  ["ConnectionError", "connection_lost", errors.WebSocketError],
  ["ConnectionClosureError", "connection_closed", errors.ConnectionError],
  ["UpgradeError", "upgrade_refused", errors.WebSocketError],
  ["HandshakeTimedOut", "handshake_timed_out", errors.WebSocketError],
  ["ReadTimedOutError", "read_timed_out", errors.WebSocketError],
  ["AuthError", "auth_failed", errors.WebSocketError],
  ["AuthnError", "unauthenticated", errors.WebSocketError],
  ["AuthzError", "forbidden", errors.WebSocketError],
  ["SslError", "ssl_failed", errors.WebSocketError],
  ["PayloadBindingError", "invalid_binding", errors.WebSocketError],
  ["PayloadValidationError", "invalid_message", errors.PayloadBindingError],
  ["RequestError", "failed", errors.WebSocketError],
  ["UnsupportedError", "unsupported", errors.WebSocketError],
  ["ListenerError", "listener_failed", errors.WebSocketError],
] as const;

for (const [name, code, parent] of tree) {
  test(`R11 ${name} has its name, its code, its cause and its place`, () => {
    const cause = new Error("why");
    const error = new errors[name]("what", { cause });
    assert.equal(error.name, name);
    assert.equal(error.code, code);
    assert.equal(error.message, "what");
    assert.equal(error.cause, cause);
    assert.equal(Object.getPrototypeOf(errors[name]), parent);
    assert.ok(error instanceof Error);
    assert.match(String(error), new RegExp(`^${name}: what$`));
    assert.equal("cause" in new errors[name]("what"), false);
  });
}

test("R11 the tree is the whole tree, and no two codes are the same", () => {
  const classes = Object.entries(errors).flatMap(([name, value]) =>
    value.prototype instanceof errors.WebSocketError ? [name] : [],
  );
  assert.deepEqual(classes.sort(), tree.map(([name]) => name).sort());
  assert.equal(new Set(tree.map(([, code]) => code)).size, tree.length);
  assert.equal(new errors.WebSocketError("x").code, "websocket_error");
});

test("a class that a user derives has the name of its base until it says another, for minifiers change those of classes", () => {
  const Minified = class e extends errors.UpgradeError {};
  assert.equal(new Minified("x").name, "UpgradeError");
  class SoldOut extends errors.UpgradeError {
    override get name(): string {
      return "SoldOut";
    }
  }
  assert.equal(String(new SoldOut("x")), "SoldOut: x");
});

test("UpgradeError takes a status from 400 to 599, and headers", () => {
  const plain = new errors.UpgradeError("x");
  assert.equal(plain.status, 400);
  assert.deepEqual(plain.headers, {});
  const full = new errors.UpgradeError("x", { status: 599, headers: { "retry-after": "1" } });
  assert.equal(full.status, 599);
  assert.deepEqual(full.headers, { "retry-after": "1" });
  for (const status of [101, 200, 399, 600, 404.5, Number.NaN]) {
    assert.throws(() => new errors.UpgradeError("x", { status }), RangeError, String(status));
  }
});

test("toError() keeps errors, and wraps whatever else was thrown", () => {
  const error = new TypeError("x");
  assert.equal(errors.toError(error), error);
  const wrapped = errors.toError("text");
  assert.equal(wrapped.message, "A value that is no error was thrown: text");
  assert.equal(wrapped.cause, "text");
  for (const value of [undefined, null, 5, Symbol("s"), Object.create(null)]) {
    const { cause, message } = errors.toError(value);
    assert.equal(cause, value);
    assert.match(message, /^A value that is no error was thrown: /);
  }
});
