/** permessage-deflate (RFC 7692): when it is used, and when not. */
import assert from "node:assert/strict";
import { Hono } from "hono";
import { type Caller, UnsupportedError, upgrade, type WriteOptions } from "../../../mod.ts";
import { assertNegotiated, offering, RSV1, unzip } from "../../kit/deflate.ts";
import { connect as connectTo, type Frame, HandshakeRefused, type RawClient } from "../../kit/raw_client.ts";
import { calling, dataFrame, toNoise, toText, withCaller } from "./compressing.ts";
import { type Mount, type Mounted, mountsOf } from "./mounted.ts";
import type { Subject } from "./subject.ts";

export function compression(subject: Subject, mounts: readonly Mount[]): void {
  const test = (title: string, fn: () => unknown): void => subject.gapTest("compression", title, fn);

  subject.test("RFC 7692: a client that does not offer gets plain frames, whatever a write says", async () => {
    const { service, caller } = calling();
    await subject.serve(
      () => service,
      async ({ connect }) => {
        const client = await connect();
        assert.equal(client.response.header("sec-websocket-extensions"), undefined);
        for (const options of [undefined, {}, { compress: true }, { compress: false }]) {
          void (await caller).writeTextMessage(toText(3000), options);
          const frame = await client.frame();
          assert.deepEqual([frame.rsv, frame.text], [0, toText(3000)]);
        }
      },
    );
  });

  subject.test("webSocketCompressionEnabled: false accepts no offer", async () => {
    const { service, caller } = calling();
    await subject.serve(
      () => service,
      async ({ connect }) => {
        const client = await connect(offering());
        assert.equal(client.response.header("sec-websocket-extensions"), undefined);
        assert.equal((await caller).capabilities.compression, false);
        void (await caller).writeTextMessage(toText(3000), { compress: true });
        assert.equal((await client.frame()).rsv, 0);
      },
      { listener: { webSocketCompressionEnabled: false } },
    );
  });

  subject.test("R28 a service that requires compression is refused where the option turns it off", async () => {
    const off = { webSocketCompressionEnabled: false } as const;
    await assert.rejects(subject.listener({ ...off, requires: ["compression"] }).start(), UnsupportedError);
    const listener = subject.listener(off);
    await listener.start();
    try {
      assert.throws(() => listener.attach("/", () => ({}), { requires: ["compression"] }), UnsupportedError);
    } finally {
      await listener.immediateStop();
    }
  });

  for (const [name, serve] of mountsOf(subject, mounts)) {
    test(`${name}: messages are compressed, unless webSocketCompressionEnabled is false`, async () => {
      const app = new Hono();
      app.get(
        "/",
        upgrade(() => ({ onOpen: () => toText(2000) })),
      );
      for (const webSocketCompressionEnabled of [undefined, true, false]) {
        const config = webSocketCompressionEnabled === undefined ? {} : { webSocketCompressionEnabled };
        const rsv = webSocketCompressionEnabled === false ? 0 : RSV1;
        const use = async ({ port }: Mounted): Promise<void> => {
          const client = await connectTo(port, offering());
          try {
            assert.equal((await dataFrame(client)).rsv, rsv);
          } finally {
            client.destroy();
          }
        };
        await serve(app, use, undefined, config);
      }
    });
  }

  test("RFC 7692: there is no context takeover in either direction", () =>
    withCaller(subject, async (client, caller) => {
      const answer = client.response.header("sec-websocket-extensions") ?? "";
      assert.match(answer, /; *server_no_context_takeover/);
      assert.match(answer, /; *client_no_context_takeover/);
      for (let i = 0; i < 3; i++) void caller.writeTextMessage(toText(3000));
      const frames = [await dataFrame(client), await dataFrame(client), await dataFrame(client)];
      for (const frame of frames) {
        assert.equal(frame.rsv, RSV1);
        assert.equal(unzip(frame).toString(), toText(3000));
        assert.deepEqual(frame.payload, frames[0]?.payload);
      }
    }));

  test("messages of at least 1024 bytes are compressed, smaller ones are not", () =>
    withCaller(subject, async (client, caller) => {
      for (const [message, rsv] of [
        ["", 0],
        [toText(1023), 0],
        [toText(1024), RSV1],
        ["é".repeat(511), 0],
        ["é".repeat(512), RSV1],
        [new Uint8Array(1023), 0],
        [new Uint8Array(1024), RSV1],
        [new Uint8Array(200_000), RSV1],
      ] as const) {
        void caller.writeMessage(message);
        const frame = await dataFrame(client);
        assert.equal(frame.rsv, rsv, `${message.length}`);
        const data = unzip(frame);
        if (typeof message === "string") assert.equal(data.toString(), message);
        else assert.deepEqual(new Uint8Array(data), message);
      }
    }));

  test("returned values and streams are compressed like writes", () =>
    subject.serve(
      () => ({
        onTextMessage: (_caller, text) => (text === "json" ? { text: toText(2000) } : toText(2000)),
        onBinaryMessage: async function* () {
          yield new Uint8Array(3000);
          yield "end";
        },
      }),
      async ({ connect }) => {
        const client = assertNegotiated(await connect(offering()));
        void client.send.text("json");
        void client.send.text("text");
        void client.send.binary(Uint8Array.of(1));
        const frames: Frame[] = [];
        for (let i = 0; i < 4; i++) frames.push(await dataFrame(client));
        assert.deepEqual(
          frames.map(({ rsv }) => rsv),
          [RSV1, RSV1, RSV1, 0],
        );
        assert.deepEqual(JSON.parse(unzip(frames[0] as Frame).toString()), { text: toText(2000) });
      },
    ));

  test("a write says for its message whether it is compressed", () =>
    withCaller(subject, async (client, caller) => {
      const writes: readonly ((options: WriteOptions) => unknown)[] = [
        (options) => caller.writeTextMessage(toText(500), options),
        (options) => caller.writeTextMessage(toText(5000), options),
        (options) => caller.writeBinaryMessage(new Uint8Array(500), options),
        (options) => caller.writeBinaryMessage(new Uint8Array(5000), options),
        (options) => caller.writeMessage({ words: toText(500) }, options),
        (options) => caller.writeMessage(toText(200_000), options),
      ];
      for (const write of writes) {
        for (const compress of [true, false]) {
          write({ compress });
          assert.equal((await dataFrame(client)).rsv, compress ? RSV1 : 0);
        }
      }
    }));

  test("promises 1c, 7 (CRIME): a message that opts out has a length that tells nothing of a secret in it", () =>
    withCaller(subject, async (client, caller) => {
      const secret = "csrf_token=7f3a9c0d5e1b2468ace013579bdf8642";
      const lengthOf = async (guess: string, options?: WriteOptions): Promise<number> => {
        void caller.writeTextMessage(`${"x".repeat(1200)}?q=${guess}&${secret}`, options);
        return (await dataFrame(client)).payload.length;
      };
      const wrong = "csrf_token=e5b8d1f47c20a93658b1d0f27e4c9a63";
      assert.equal(await lengthOf(secret, { compress: false }), await lengthOf(wrong, { compress: false }));
      // Else this could not fail.
      assert.ok((await lengthOf(secret)) < (await lengthOf(wrong)));
    }));

  test("promises 1c, 7 (CRIME): a guess is not compressed with a secret of another message", () =>
    withCaller(subject, async (client, caller) => {
      const secret = toNoise(1100);
      const sizes: number[] = [];
      for (const message of [toNoise(1100), secret, secret]) {
        void caller.writeTextMessage(message, { compress: true });
        sizes.push((await dataFrame(client)).payload.length);
      }
      assert.ok((sizes[2] ?? 0) >= (sizes[1] ?? 0), "what was sent before made a message smaller");
    }));

  test("a message that goes to many is the same for all of them", async () => {
    const callers: Caller[] = [];
    await subject.serve(
      ({ journal }) => ({
        onOpen(caller) {
          callers.push(caller);
          journal.add("open");
        },
      }),
      async ({ connect, journal }) => {
        const clients: RawClient[] = [];
        const offers = ["permessage-deflate", "permessage-deflate; server_max_window_bits=10", "none"];
        for (let i = 0; i < 9; i++) clients.push(await connect(offering(offers[i % 3])));
        assertNegotiated(clients[0] as RawClient);
        await journal.until("open", 9);
        const text = toNoise(2000).repeat(2);
        for (const caller of callers) void caller.writeTextMessage(text);
        for (const client of clients) {
          const bits = /server_max_window_bits=10/.test(client.response.header("sec-websocket-extensions") ?? "");
          assert.equal(unzip(await dataFrame(client), bits ? 10 : 15).toString(), text);
        }
      },
    );
  });

  for (const offer of [
    "permessage-deflate; server_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=15",
    "permessage-deflate; server_max_window_bits=8",
    "permessage-deflate; client_max_window_bits=8",
    "permessage-deflate; client_max_window_bits=99",
    "permessage-deflate; server_max_window_bits=1e1",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; constructor; __proto__",
    "constructor, __proto__; toString=1",
  ]) {
    subject.test(`CVE-2026-2229, GHSA-5v72-xg48-5rpm: "${offer}" is accepted as it is, or declined`, async () => {
      await subject.serve(
        () => ({ onTextMessage: () => toNoise(3000).repeat(2) }),
        async ({ connect }) => {
          const client = await connect(offering(offer)).catch((error: unknown) => {
            throw error instanceof HandshakeRefused ? new Error(`Refused with ${error.response.status}`) : error;
          });
          const answer = client.response.header("sec-websocket-extensions");
          const bits = /server_max_window_bits=(\d+)/.exec(offer)?.[1];
          const isBad =
            /=99|=1e1|=8$|takeover.*takeover|constructor/.test(offer) && !/client_max_window_bits=8/.test(offer);
          if (isBad) assert.equal(answer, undefined);
          else if (answer !== undefined && bits !== undefined)
            assert.ok(answer.includes(`server_max_window_bits=${bits}`));
          await client.send.text("go");
          const frame = await dataFrame(client);
          assert.equal(unzip(frame, Number(bits ?? 15)).length, 6000);
        },
      );
    });
  }
}
