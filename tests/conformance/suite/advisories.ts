/** What went wrong in other products, tried here: each test names the advisory. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createConnection } from "node:net";
import type { Caller } from "../../../mod.ts";
import { Random } from "../../kit/random.ts";
import { CONTINUATION, type HandshakeOptions, request, TEXT, toFrame, toHandshake } from "../../kit/raw_client.ts";
import { type Running, type Setup, type Subject, wait } from "./subject.ts";

/** Runs an echo, and checks that it still answers when `attack` is over. */
function survives(subject: Subject, attack: (running: Running) => Promise<void>, setup: Setup = {}): Promise<void> {
  return subject.serve(
    () => ({ onTextMessage: (_caller, text) => text }),
    async (running) => {
      await attack(running);
      const good = await running.connect();
      await good.send.text("alive");
      assert.equal(await good.message(), "alive");
    },
    setup,
  );
}

export function advisories(subject: Subject): void {
  subject.test("GHSA-5v72-xg48-5rpm: extensions named like members of Object.prototype end nothing", async () => {
    await survives(subject, async ({ listener }) => {
      for (const offer of [
        "constructor",
        "__proto__",
        "toString; valueOf=1",
        "permessage-deflate; __proto__=1",
        ";=;,",
      ]) {
        const headers = { "Sec-WebSocket-Extensions": offer };
        const { status } = await request(listener.port, toHandshake(listener.port, { headers }));
        assert.ok(status === 101 || status === 400, `${status} for ${offer}`);
      }
    });
  });

  subject.test("CVE-2021-32640: a list of subprotocols takes time in proportion to its length", async () => {
    await survives(subject, async (running) => {
      const time = async (list: string): Promise<number> => {
        const start = performance.now();
        await ask(running, { headers: { "Sec-WebSocket-Protocol": list } });
        return performance.now() - start;
      };
      await time("a");
      for (const list of [`b${" ".repeat(7000)}b`, "a,".repeat(3500), `${"\t ".repeat(3500)}b`, '"\\'.repeat(3500)]) {
        assert.ok((await time(list)) < 2000, list.slice(0, 5));
      }
    });
  });

  subject.test("CVE-2026-45736: a close reason that is no string throws before anything is written", async () => {
    let thrown = 0;
    const close = (caller: Caller, reason: unknown): void => {
      assert.throws(() => caller.close(1000, reason as string), TypeError);
      thrown += 1;
    };
    await subject.serve(
      () => ({
        onTextMessage(caller, text) {
          for (const reason of [new Uint8Array(20), new Float32Array(5), 20, {}, ["x"]]) close(caller, reason);
          return text;
        },
      }),
      async ({ connect }) => {
        const client = await connect();
        await client.send.text("still open");
        assert.equal(await client.message(), "still open");
        assert.equal(thrown, 5);
      },
    );
  });

  subject.test("CVE-2024-38355: a socket that fails at any moment ends nothing else", async () => {
    await survives(
      subject,
      async ({ listener, connect }) => {
        const handshake = toHandshake(listener.port);
        for (const length of [0, 1, 40, handshake.length]) {
          const socket = createConnection(listener.port, "127.0.0.1");
          socket.on("error", () => {});
          await new Promise<void>((resolve) => void socket.write(handshake.slice(0, length) || "G", () => resolve()));
          socket.resetAndDestroy();
        }
        const client = await connect();
        client.destroy();
        await wait(20);
      },
      { logs: /left|lost|reset|ECONN/i },
    );
  });

  subject.test("CVE-2022-41940, CVE-2022-21676, CVE-2023-31125: crafted upgrade requests throw nothing", async () => {
    const random = new Random(41_940);
    const odd = [
      "\0",
      "\u007f",
      "é",
      "%",
      "%00",
      "%ff",
      "\t",
      ",",
      ";",
      '"',
      "\\",
      "[",
      "]",
      "@",
      "://",
      "a".repeat(300),
    ];
    await survives(
      subject,
      async (running) => {
        for (let i = 0; i < 150; i++) {
          const some = (): string => Array.from({ length: random.integer(0, 4) }, () => random.pick(odd)).join("");
          const names = [
            "Host",
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
            "Origin",
            "Cookie",
          ];
          const headers = { [random.pick(names)]: some(), "Sec-WebSocket-Protocol": some(), [`X${some()}`]: some() };
          // Latin-1, as bytes: what the runtime does not take for HTTP it may answer with a cut.
          const raw = Buffer.from(toHandshake(running.listener.port, { path: `/${some()}`, headers }), "latin1");
          const status = await request(running.listener.port, raw).then(
            (response) => response.status,
            () => 0,
          );
          assert.ok(status === 0 || status === 101 || (status >= 400 && status !== 500), `${status} in round ${i}`);
        }
      },
      { logs: /.*/ },
    );
  });

  subject.test("CVE-2024-32652: a malformed Host is answered, and opens nothing", async () => {
    await survives(subject, async (running) => {
      for (const host of ["a/b", "a?b", "a#b", "a@b", "a\\b", "a b"]) {
        const { status } = await ask(running, { headers: { Host: host } });
        // Deno makes the address of it, so that the path is another.
        assert.ok(status === 400 || status === 404, `${status} for ${host}`);
      }
    });
  });

  subject.gapTest("messageLimit", "CVE-2026-42786: a fragmented message is bounded as a whole", async () => {
    await fragments(subject, 1000, 200);
  });

  subject.gapTest("fragmentCount", "CVE-2026-48779: fragments without a byte are bounded in number", async () => {
    await fragments(subject, 0, 40_000);
  });
}

/** Sends fragments of a message that never ends, until the server has had enough. */
async function fragments(subject: Subject, bytes: number, count: number): Promise<void> {
  await subject.serve(
    ({ journal }) => ({ onError: () => {}, onClose: (_caller, code) => journal.add(`closed ${code}`) }),
    async ({ connect, journal }) => {
      const client = await connect();
      const payload = Buffer.alloc(bytes, "a");
      const first = toFrame({ opcode: TEXT, payload, fin: false });
      const more = toFrame({ opcode: CONTINUATION, payload, fin: false });
      const flood = Buffer.concat([first, ...Array.from({ length: count }, () => more)]);
      await client.write(flood).catch(() => {});
      await journal.until(/^closed (1008|1009|1002|1006)$/);
    },
    { config: { maxFrameSize: 65_536 }, logs: /.*/ },
  );
}

function ask({ listener }: Running, send: HandshakeOptions): ReturnType<typeof request> {
  return request(listener.port, toHandshake(listener.port, send));
}
