/** R28: what shows that an engine can do what it claims. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Capabilities, closeFrame, PayloadTooLargeError } from "../../../mod.ts";
import { pem } from "../../kit/certificates.ts";
import { PING, toFrame } from "../../kit/raw_client.ts";
import { clients, dialTls } from "../../kit/tls_client.ts";
import { gate, type Subject, wait } from "./subject.ts";

/** A capability that is there or is not. */
export type Claim = Exclude<keyof Capabilities, "engine" | "isTransport">;

const keyPair = { cert: pem("server.pem"), key: pem("server-key.pem") };
const mutual = { key: keyPair, mutualSsl: { cert: pem("ca.pem") } };

/** What shows that an engine has a capability; fails where it has not. */
export function proofsOf(subject: Subject): Readonly<Record<Claim, () => Promise<void>>> {
  return {
    async ping() {
      await subject.serve(
        ({ journal }) => ({
          onOpen: (caller) => void caller.ping(),
          onPing: () => journal.add("ping"),
          onPong: () => journal.add("pong"),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          assert.equal((await client.frame()).opcode, PING);
          await client.send.ping();
          await Promise.all([journal.until("ping"), journal.until("pong")]);
        },
        { logs: /Cannot ping/ },
      );
    },
    async terminate() {
      await subject.serve(
        ({ journal }) => ({
          onTextMessage: (caller) => caller.terminate(),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect({ answersClose: false });
          await client.send.text("");
          assert.equal((await client.ended()).code, undefined);
          await journal.until("close 1006");
        },
        { logs: /Cannot terminate/ },
      );
    },
    async pause() {
      const held = gate();
      await subject.serve(
        ({ journal }) => ({
          async onTextMessage(_caller, text) {
            await held.promise;
            journal.add(text);
          },
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          for (let i = 0; i < 40; i++) await client.send.text(`${i}`);
          await wait(50);
          held.resolve();
          await journal.until("39");
        },
        { config: { maxQueuedMessages: 2 } },
      );
    },
    async drain() {
      // What is looked for every few milliseconds takes some; what is told takes none. The quickest of many counts.
      let quickest = Number.POSITIVE_INFINITY;
      await subject.serve(
        () => ({
          async onTextMessage(caller) {
            const began = performance.now();
            await caller.writeBinaryMessage(new Uint8Array(900_000));
            quickest = Math.min(quickest, performance.now() - began);
            return "sent";
          },
        }),
        async ({ connect }) => {
          const client = await connect();
          for (let i = 0; i < 20; i++) {
            await client.send.text("");
            while ((await client.message()) !== "sent");
          }
        },
      );
      assert.ok(quickest < 100, `${quickest} ms until bytes had left`);
    },
    async messageLimit() {
      await subject.serve(
        ({ journal }) => ({
          onError: (_caller, error) => journal.add(`${error instanceof PayloadTooLargeError}`),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          const client = await connect();
          // A message without an end. Bun has one bound for compressed and other messages, which is a little larger.
          await client.send.frame({ fin: false, payload: "a".repeat(600) });
          await client.send.frame({ fin: false, opcode: 0, payload: "a".repeat(600) });
          await journal.until("close 1009");
          assert.deepEqual(journal.entries, ["true", "close 1009"]);
          await client.ended();
        },
        { config: { maxFrameSize: 1000 } },
      );
    },
    async reliableClose() {
      await subject.serve(
        () => ({ onTextMessage: () => closeFrame(4000, "why") }),
        async ({ connect }) => {
          for (let i = 0; i < 10; i++) {
            const client = await connect();
            await client.write(Buffer.concat([toFrame({ payload: "" }), toFrame({ payload: "more" })]));
            const { code, reason } = await client.ended();
            assert.deepEqual([code, reason], [4000, "why"]);
          }
        },
      );
    },
    async frameErrors() {
      await subject.serve(
        ({ journal }) => ({
          onError: (_caller, error) => journal.add(error.name),
          onClose: (_caller, code) => journal.add(`close ${code}`),
        }),
        async ({ connect, journal }) => {
          for (const [bad, code] of [
            [toFrame({ payload: Uint8Array.of(0xc3, 0x28) }), 1007],
            [toFrame({ rsv: 4 }), 1002],
            [toFrame({ opcode: 0 }), 1002],
          ] as const) {
            const client = await connect();
            await client.write(bad);
            assert.equal((await client.ended()).code, code);
            await journal.until(`close ${code}`);
          }
          assert.equal(journal.count("CorruptedFrameError"), 3);
        },
      );
    },
    async earlyFrames() {
      await subject.run(
        ({ journal }) =>
          () =>
            wait(20).then(() => ({ onTextMessage: (_caller, text) => journal.add(text) })),
        async ({ connect, journal }) => {
          await connect({ early: toFrame({ payload: "early" }) });
          await journal.until("early");
        },
      );
    },
    async compression() {
      await subject.serve(
        () => ({}),
        async ({ connect }) => {
          const client = await connect({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } });
          assert.match(client.response.header("sec-websocket-extensions") ?? "", /permessage-deflate/);
        },
      );
    },
    async tls() {
      await subject.serve(
        () => ({ onOpen: (caller) => caller.isSecure }),
        async ({ connect }) => {
          const client = await connect({ dial: (port, host) => dialTls(port, host) });
          assert.equal(await client.message(), "true");
        },
        { listener: { secureSocket: { key: keyPair } } },
      );
    },
    async mutualSsl() {
      await subject.serve(
        () => ({ onTextMessage: (_caller, text) => text }),
        async ({ connect }) => {
          const as = (who: keyof typeof clients) =>
            connect({ dial: (port, host) => dialTls(port, host, clients[who]) });
          const client = await as("client");
          await client.send.text("there");
          assert.equal(await client.message(), "there");
          await assert.rejects(as("nobody"));
          await assert.rejects(as("foreign"));
        },
        { listener: { secureSocket: mutual } },
      );
    },
    async peerCertificate() {
      await subject.serve(
        () => ({ onOpen: ({ peerCertificate }) => peerCertificate?.subject.get("CN") ?? "nobody" }),
        async ({ connect }) => {
          const client = await connect({ dial: (port, host) => dialTls(port, host, clients.client) });
          assert.equal(await client.message(), "client");
        },
        { listener: { secureSocket: mutual } },
      );
    },
  };
}
