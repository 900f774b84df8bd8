import assert from "node:assert/strict";
import { test } from "node:test";
import * as frames from "../../src/close_frame.ts";
import { checkClose } from "../../src/close_code.ts";
import { CloseFrame, closeFrame } from "../../src/close_frame.ts";

const isSendable = (code: number): boolean =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);

test("closeFrame() takes exactly the codes of R15", () => {
  for (let code = -1; code <= 5100; code++) {
    if (isSendable(code)) assert.equal(closeFrame(code).statusCode, code);
    else assert.throws(() => closeFrame(code), RangeError, String(code));
  }
  for (const code of [
    65_535,
    65_536,
    66_536,
    2 ** 32 + 1000,
    1000.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "1000" as unknown as number,
  ]) {
    assert.throws(() => closeFrame(code), RangeError);
  }
});

test("closeFrame() says which codes are allowed", () => {
  assert.throws(() => closeFrame(1005), {
    name: "RangeError",
    message: "Cannot close with code 1005: must be 1000-1003, 1007-1014 or 3000-4999",
  });
});

test("closeFrame() counts the reason in bytes: 123 fit, 124 do not", () => {
  assert.equal(closeFrame(1000, `${"é".repeat(61)}x`).reason.length, 62);
  assert.throws(() => closeFrame(1000, "é".repeat(62)), /over 123 bytes: "é{40}…"/);
  assert.equal(closeFrame(1000).reason, "");
  assert.throws(() => checkClose(1000, 5 as unknown as string), TypeError);
});

test("CloseFrame.is() goes by the brand, not by the shape", () => {
  assert.equal(CloseFrame.is(closeFrame(1000)), true);
  assert.equal(CloseFrame.is({ statusCode: 1000, reason: "" }), false);
  assert.equal(CloseFrame.is(Object.create(CloseFrame.prototype) as object), false);
  assert.deepEqual(JSON.parse(JSON.stringify(closeFrame(4000, "x"))), { statusCode: 4000, reason: "x" });
});

test("the eight frames have the codes of their names", () => {
  const codes = Object.entries(frames).flatMap(([name, frame]) =>
    typeof frame === "object" ? [[name, frame.statusCode] as const] : [],
  );
  assert.deepEqual(Object.fromEntries(codes), {
    NORMAL_CLOSURE: 1000,
    GOING_AWAY: 1001,
    PROTOCOL_ERROR: 1002,
    UNSUPPORTED_DATA: 1003,
    INVALID_PAYLOAD: 1007,
    POLICY_VIOLATION: 1008,
    MESSAGE_TOO_BIG: 1009,
    INTERNAL_SERVER_ERROR: 1011,
  });
});
