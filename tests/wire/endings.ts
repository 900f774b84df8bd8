/** All the ways in which a connection ends: R4, R13, R14, R21. After each, the harness counts the calls of `onClose`. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync, readdirSync } from "node:fs";
import { type Caller, closeFrame } from "../../mod.ts";
import { CLOSE, dial, type RawClient, toClosePayload, toFrame, toHandshake, turn } from "../kit/raw_client.ts";
import type { Define, Peer, WireServer } from "./harness.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const toClose = (code: number, reason = "") => toFrame({ opcode: CLOSE, payload: toClosePayload(code, reason) });

// Linux tells which files a process has open.
const DESCRIPTORS = "/proc/self/fd";

/** Registers the tests. */
export function testEndings(define: Define): void {
  testLost(define);
  testOurClose(define);
  testTheirClose(define);
  testAllAtOnce(define);
}

function testLost(define: Define): void {
  for (const how of ["reset", "fin", "destroy"] as const) {
    define(`R13: a connection lost by ${how} is told as 1006`, {}, async (server) => {
      const { client, peer } = await server.pair();
      client[how]();
      assert.deepEqual(await peer.event("close"), ["close", 1006, ""]);
      await client.ended();
    });
    define(
      `R13: a connection lost by ${how} in the middle of a frame is told as 1006, and the message to nobody`,
      {},
      async (server) => {
        const { client, peer } = await server.pair();
        void client.send.text("whole");
        assert.equal(await client.message(), "whole");
        await client.write(toFrame({ payload: "x".repeat(1000) }).subarray(0, 500));
        client[how]();
        assert.deepEqual(await peer.event("close"), ["close", 1006, ""]);
        assert.deepEqual(peer.messages, [["text", "whole"]]);
      },
    );
    define(
      `R13: a connection lost by ${how} between fragments is told as 1006, and the message to nobody`,
      {},
      async (server) => {
        const { client, peer } = await server.pair();
        await client.send.text("begun", { fin: false });
        client[how]();
        assert.deepEqual(await peer.event("close"), ["close", 1006, ""]);
        assert.deepEqual(peer.messages, []);
      },
    );
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const answer = () => gate.then(() => "too late");
    define(
      `R2: onClose waits for the running callback when a connection is lost by ${how}`,
      { answer },
      async (server) => {
        const { client, peer } = await server.pair();
        void client.send.text("work");
        await peer.event("text");
        client[how]();
        await client.ended();
        // Another connection comes and goes meanwhile.
        (await server.pair()).client.destroy();
        assert.deepEqual(peer.all("close"), []);
        open();
        assert.deepEqual(await peer.event("close"), ["close", 1006, ""]);
        assert.deepEqual(
          peer.seen.map(([kind]) => kind),
          ["open", "text", "close"],
        );
      },
    );
  }
  define("A client that has ended its half gets our end too", {}, async (server) => {
    const { client } = await server.pair();
    client.fin();
    assert.equal((await client.ended()).end, "fin");
  });
}

function testOurClose(define: Define): void {
  const config = { connectionClosureTimeout: 0.2 };
  const reads = { answersClose: false };
  for (const [title, silence] of [
    ["does not answer", () => {}],
    ["does not read", (client: RawClient) => client.pause()],
  ] as const) {
    define(
      `R14: a peer that ${title} our close is told as our code after connectionClosureTimeout`,
      { config },
      async (server) => {
        const { client, peer } = await server.pair(reads);
        silence(client);
        await peer.caller.close(4002, "bye");
        assert.deepEqual(await peer.event("close"), ["close", 4002, "bye"]);
        assert.equal(server.open, 0);
      },
    );
    const cut = async (server: WireServer) => {
      const { client, peer } = await server.pair(reads);
      silence(client);
      await peer.caller.close(4002, "bye");
      client.resume();
      const { end } = await client.ended(1000);
      assert.ok(end === "fin" || end === "reset", end);
    };
    define(`R14: the socket of a peer that ${title} our close is closed`, { config }, cut, "terminate");
  }
  define("R21: what arrives after our close is delivered to nobody", {}, async (server) => {
    const { client, peer } = await server.pair(reads);
    void peer.caller.close(4003, "enough");
    assert.equal((await client.frame()).code, 4003);
    void client.send.text("late");
    void client.send.ping("late");
    void client.send.close(4003);
    assert.deepEqual(await peer.event("close"), ["close", 4003, "enough"]);
    assert.deepEqual(peer.seen, [["open"], ["close", 4003, "enough"]]);
  });
  const answer = () => closeFrame(4004, "one is enough");
  define(
    "R21: what stands behind the message that made us close is delivered to nobody",
    { answer },
    async (server) => {
      const { client, peer } = await server.pair();
      await client.write(Buffer.concat(["a", "b", "c"].map((payload) => toFrame({ payload }))));
      assert.deepEqual(await peer.event("close"), ["close", 4004, "one is enough"]);
      assert.deepEqual(peer.messages, [["text", "a"]]);
    },
  );
  const slow = async (_data: unknown, caller: Caller) => {
    // The others have arrived by then.
    for (let i = 0; i < 5; i++) await turn();
    if (caller.isOpen) return closeFrame(4004, "one is enough");
    return undefined;
  };
  define("R21: what waits while our close is decided is delivered to nobody", { answer: slow }, async (server) => {
    const { client, peer } = await server.pair();
    await client.write(Buffer.concat(["a", "b", "c"].map((payload) => toFrame({ payload }))));
    assert.deepEqual(await peer.event("close"), ["close", 4004, "one is enough"]);
    assert.deepEqual(peer.messages, [["text", "a"]]);
  });
  const heard = async (server: WireServer) => {
    for (let i = 0; i < 5; i++) {
      const { client } = await server.pair();
      await client.write(Buffer.concat(["a", "b", "c"].map((payload) => toFrame({ payload }))));
      assert.equal((await client.ended()).code, 4004);
    }
  };
  define("R15: our close frame reaches a peer that is sending", { answer }, heard, "reliableClose");
  for (const [title, turns] of [
    ["in the same moment", 0],
    ["a little later", 1],
  ] as const) {
    const both = async (server: WireServer) => {
      const { client, peer } = await server.pair(reads);
      void client.send.close(4001, "theirs");
      for (let i = 0; i < turns; i++) await turn();
      await peer.caller.close(4000, "ours");
      const [, told, reason] = await peer.event("close");
      assert.ok(
        (told === 4000 && reason === "ours") || (told === 4001 && reason === "theirs"),
        `onClose(${told}, ${reason})`,
      );
      const { end } = await client.ended();
      assert.equal(end, "fin");
      const closes = client.frames.filter(({ opcode }) => opcode === CLOSE);
      assert.deepEqual(
        closes.map(({ code }) => code),
        [told],
      );
    };
    define(`R13: a close from both sides ${title} ends once, with one of the codes`, {}, both);
  }
  const cut = async (server: WireServer) => {
    const { client, peer } = await server.pair();
    peer.caller.terminate();
    assert.deepEqual(await peer.event("close"), ["close", 1006, ""]);
    assert.equal((await client.ended()).code, undefined);
  };
  define("R13: terminate() ends without a close frame and is told as 1006", {}, cut, "terminate");
}

function testTheirClose(define: Define): void {
  const answer = async (data: unknown) => {
    await turn();
    return `${data}!`;
  };
  define("R4: messages before the peer's close frame are handled before onClose", { answer }, async (server) => {
    const { client, peer } = await server.pair();
    await client.write(Buffer.concat([..."abc"].map((payload) => toFrame({ payload })).concat(toClose(4005, "done"))));
    await peer.event("close");
    assert.deepEqual(peer.seen, [["open"], ["text", "a"], ["text", "b"], ["text", "c"], ["close", 4005, "done"]]);
    assert.equal((await client.ended()).code, 4005);
  });
  define("What stands behind the peer's close frame is ignored", {}, async (server) => {
    const { client, peer } = await server.pair();
    await client.write(Buffer.concat([toClose(4005), toFrame({ payload: "zombie" }), toClose(4006)]));
    assert.deepEqual(await peer.event("close"), ["close", 4005, ""]);
    assert.equal((await client.ended()).code, 4005);
    assert.deepEqual(peer.messages, []);
  });
  for (const how of ["reset", "destroy", "fin"] as const) {
    define(`R13: a close frame with a ${how} behind it is told once`, {}, async (server) => {
      const { client, peer } = await server.pair();
      await client.send.close(4007, "off");
      client[how]();
      const [, told] = await peer.event("close");
      assert.ok(told === 4007 || told === 1006, `onClose(${told})`);
    });
  }
}

function testAllAtOnce(define: Define): void {
  if (existsSync(DESCRIPTORS)) {
    const left = async (server: WireServer) => {
      const { port } = server.listener;
      const before = readdirSync(DESCRIPTORS).length;
      for (let i = 0; i < 100; i++) {
        const socket = await dial(port);
        socket.write(toHandshake(port));
        socket.resetAndDestroy();
      }
      let open = 100;
      for (let look = 0; look < 20 && open > 20; look++) {
        await wait(50);
        open = readdirSync(DESCRIPTORS).length - before;
      }
      assert.ok(open <= 20, `${open} descriptors are still open`);
    };
    define("100 peers that reset behind their handshakes leave no descriptors", {}, left, "descriptors");
  }
  const ways: readonly ((client: RawClient, peer: Peer) => unknown)[] = [
    (client) => client.reset(),
    (client) => client.fin(),
    (client) => client.destroy(),
    (client) => client.send.close(1000),
    (client) => client.send.close(),
    (client) => client.send.close(999),
    (client) => client.send.frame({ opcode: 3 }),
    (client) => client.send.text("x", { rsv: 7 }).then(() => client.reset()),
    (client) => client.send.close(4000).then(() => client.reset()),
    (_client, peer) => peer.caller.close(4000),
    (client, peer) => Promise.all([client.send.text("x"), peer.caller.close(4000)]),
    (client, peer) => Promise.all([client.reset(), peer.caller.close(4000)]),
    (client, peer) => Promise.all([client.send.close(4001), peer.caller.close(4000)]),
    (client, peer) => Promise.all([peer.caller.close(4000), client.fin()]),
  ];
  const config = { connectionClosureTimeout: 1 };
  define("R13: of 140 connections that end in all ways at once, each is told once", { config }, async (server) => {
    const pairs = [];
    for (let i = 0; i < 140; i++) pairs.push(await server.pair());
    pairs.forEach(({ client, peer }, i) => void ways[i % ways.length]?.(client, peer));
    for (const { peer } of pairs) await peer.event("close");
    await server.lives();
    assert.equal(server.open, 0);
  });
}
