/** Close codes, both ways: RFC 6455, section 7.4, and R13 to R15. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { CLOSE } from "../kit/raw_client.ts";
import type { Define, WireServer } from "./harness.ts";

const sendable = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const unsendable = [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535];

/** Registers the tests. */
export function testCloses(define: Define): void {
  for (const code of sendable) testReceived(define, code);
  for (const code of unsendable) testRefused(define, code);
  define("R13: a close frame without a code is told as 1005", {}, async (server) => {
    const { client, peer } = await server.pair();
    void client.send.close();
    assert.deepEqual(await peer.event("close"), ["close", 1005, ""]);
    const { code, end } = await client.ended();
    assert.ok(code === 1005 || code === 1000, `Answered with ${code}`);
    assert.equal(end, "fin");
  });
  define("R13: a reason of 123 bytes arrives whole", {}, async (server) => {
    const { client, peer } = await server.pair();
    const reason = "€".repeat(41);
    void client.send.close(4000, reason);
    assert.deepEqual(await peer.event("close"), ["close", 4000, reason]);
  });
  for (const code of sendable) testSent(define, code);
  testMisuse(define);
  define("R14: close() sends 1000 without a reason, and later calls send nothing", {}, async (server) => {
    const { client, peer } = await server.pair();
    const first = peer.caller.close();
    const second = peer.caller.close(4001, "again");
    const { opcode, code, reason } = await client.frame();
    assert.deepEqual({ opcode, code, reason }, { opcode: CLOSE, code: 1000, reason: "" });
    assert.deepEqual(await client.ended(), { code: 1000, reason: "", end: "fin" });
    assert.equal(client.frames.length, 0);
    await Promise.all([first, second]);
    assert.deepEqual(await peer.event("close"), ["close", 1000, ""]);
    await peer.caller.close(4002);
  });
}

function testReceived(define: Define, code: number): void {
  const run = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    void client.send.close(code, "because");
    assert.deepEqual(await peer.event("close"), ["close", code, "because"]);
    const ended = await client.ended();
    assert.equal(ended.code, code);
    assert.equal(ended.end, "fin");
    assert.equal(peer.all("error").length, 0);
  };
  define(
    `R13: a close frame with ${code} is told as such and answered alike`,
    {},
    run,
    code === 1014 ? "close1014" : undefined,
  );
}

function testRefused(define: Define, code: number): void {
  define(`R13: a close frame with ${code} is answered with 1002, and onClose runs once`, {}, async (server) => {
    const { client, peer } = await server.pair();
    void client.send.close(code, "because");
    assert.equal((await client.ended()).code, 1002);
    const [, told] = await peer.event("close");
    assert.ok(told === 1002 || told === 1006, `onClose(${told})`);
  });
  const told = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    void client.send.close(code, "because");
    assert.equal((await peer.event("close"))[1], 1002);
    assert.deepEqual(peer.all("error"), [["error", "corrupted_frame"]]);
  };
  define(`R9: a close frame with ${code} is told to onError, then to onClose as 1002`, {}, told, "frameErrors");
}

function testSent(define: Define, code: number): void {
  define(`R15: close(${code}) is on the wire, and told to onClose when it is answered`, {}, async (server) => {
    const { client, peer } = await server.pair();
    const down = peer.caller.close(code, "ünd tschüß");
    assert.equal(peer.caller.isOpen, false);
    assert.deepEqual(await client.ended(), { code, reason: "ünd tschüß", end: "fin" });
    await down;
    assert.deepEqual(await peer.event("close"), ["close", code, "ünd tschüß"]);
  });
}

function testMisuse(define: Define): void {
  const calls: readonly (readonly [title: string, args: [number?, string?, number?]])[] = [
    ...[...unsendable, -1, 65536, 1000.5, Number.NaN, Number.POSITIVE_INFINITY].map(
      (code) => [`close(${code})`, [code]] as [string, [number]],
    ),
    ["close() with a reason of 124 bytes", [1000, "x".repeat(124)]],
    ["close() with a reason of 42 characters of 3 bytes", [1000, "€".repeat(42)]],
    ["close() with a timeout of -2", [1000, "", -2]],
    ["close() with a timeout of NaN", [1000, "", Number.NaN]],
  ];
  for (const [title, args] of calls) {
    define(`R15: ${title} throws a RangeError and writes nothing`, {}, async (server) => {
      const { client, peer } = await server.pair();
      assert.throws(() => void peer.caller.close(...args), RangeError);
      assert.equal(peer.caller.isOpen, true);
      void client.send.text("still here");
      assert.equal(await client.message(), "still here");
      assert.equal(client.frames.length, 0);
    });
  }
  define("R15: a reason of 123 bytes goes out whole", {}, async (server) => {
    const { client, peer } = await server.pair();
    void peer.caller.close(4000, "€".repeat(41));
    const { payload } = await client.frame();
    assert.equal(payload.length, 125);
    assert.deepEqual(payload.subarray(2), Buffer.from("€".repeat(41)));
  });
}
