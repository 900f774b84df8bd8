import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/failure.ts";
import { BINARY, FAULT, Inbox, PING, PONG, TEXT } from "../../src/inbox.ts";

test("an inbox gives what it got, in order, and counts messages and bytes", () => {
  const inbox = new Inbox();
  assert.equal(inbox.shift(), undefined);
  inbox.push({ kind: TEXT, data: "é" });
  inbox.push({ kind: BINARY, data: new Uint8Array(3) });
  inbox.push({ kind: PING, data: new Uint8Array(4) });
  inbox.push({ kind: PONG, data: new Uint8Array(5) });
  inbox.push({ kind: FAULT, data: new Failure(new Error("x")) });
  inbox.push({ kind: TEXT, data: "" });
  const seen: unknown[] = [];
  for (const [count, bytes] of [
    [6, 14],
    [5, 12],
    [4, 9],
    [3, 5],
    [2, 0],
    [1, 0],
  ]) {
    assert.deepEqual([inbox.count, inbox.bytes], [count, bytes]);
    seen.push(inbox.shift()?.kind);
  }
  assert.deepEqual(seen, [TEXT, BINARY, PING, PONG, FAULT, TEXT]);
  assert.deepEqual([inbox.count, inbox.bytes, inbox.shift()], [0, 0, undefined]);
});

test("an inbox stays in order and right in its counts over pushes, shifts and compactions", () => {
  const inbox = new Inbox();
  let pushed = 0;
  let shifted = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 97 + (round % 7); i++) inbox.push({ kind: TEXT, data: String(pushed++) });
    for (let i = 0; i < 90 && inbox.count > 0; i++) assert.equal(inbox.shift()?.data, String(shifted++));
    assert.equal(inbox.count, pushed - shifted);
  }
  while (inbox.count > 0) assert.equal(inbox.shift()?.data, String(shifted++));
  assert.equal(shifted, pushed);
  assert.equal(inbox.bytes, 0);
});

test("a deep inbox is emptied in linear time", () => {
  const inbox = new Inbox();
  for (let i = 0; i < 300_000; i++) inbox.push({ kind: TEXT, data: "x" });
  const before = performance.now();
  while (inbox.shift() !== undefined);
  const ms = performance.now() - before;
  // In quadratic time it would take far longer, on any machine.
  assert.ok(ms < 5000, `${ms} ms`);
});

test("clear() forgets all, and the inbox goes on", () => {
  const inbox = new Inbox();
  for (let i = 0; i < 10; i++) inbox.push({ kind: TEXT, data: "x" });
  inbox.shift();
  inbox.clear();
  assert.deepEqual([inbox.count, inbox.bytes, inbox.shift()], [0, 0, undefined]);
  inbox.push({ kind: TEXT, data: "y" });
  assert.equal(inbox.shift()?.data, "y");
});
