import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { open } from "./support.ts";

test("ping() and pong() take a copy, so that the bytes may be changed afterwards", () => {
  for (const data of [Uint8Array.of(1, 2), Buffer.of(1, 2)]) {
    const { caller, socket } = open({});
    void caller.ping(data);
    void caller.pong(data);
    data.fill(9);
    assert.deepEqual(socket.calls, [
      ["ping", new Uint8Array([1, 2])],
      ["pong", new Uint8Array([1, 2])],
    ]);
  }
});
