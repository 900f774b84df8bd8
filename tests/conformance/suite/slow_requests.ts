/** A7: a handshake that does not arrive ends, and keeps nobody waiting. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Hono } from "hono";
import { Listener } from "../../../mod.ts";
import { connect, dial } from "../../kit/raw_client.ts";
import { Log, type Subject } from "./subject.ts";

const HALF = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n";

export function slowRequests(subject: Subject): void {
  subject.test("A7 1,000 half handshakes delay a good client by less than 50 ms", async () => {
    await subject.run(
      () => () => ({ onOpen: () => "hello" }),
      async ({ listener }) => {
        const before = await handshakeTime(listener.port);
        const sockets = await halves(listener.port);
        try {
          const during = await handshakeTime(listener.port);
          assert.ok(during - before < 50, `${before} ms before, ${during} ms during`);
        } finally {
          for (const socket of sockets) socket.destroy();
        }
      },
    );
  });

  subject.gapTest("slowHandshake", "A7 1,000 half handshakes are all cut off when their time is up", async () => {
    await subject.run(
      () => () => ({ onOpen: () => "hello" }),
      async ({ listener, connect: open }) => {
        const sockets = await halves(listener.port);
        try {
          const answers = await subject.within("the end of all", Promise.all(sockets.map(toEnd)));
          for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 /);
          assert.equal(await (await open()).message(), "hello");
        } finally {
          for (const socket of sockets) socket.destroy();
        }
      },
      { listener: { timeout: 1 } },
    );
  });

  const slow: readonly (readonly [what: string, start: string, drip: string])[] = [
    ["nothing", "", ""],
    ["half a handshake", HALF, ""],
    ["a byte at a time", "GET / HTTP/1.1\r\nX: ", "x"],
  ];
  for (const [what, start, drip] of slow) {
    subject.gapTest("slowHandshake", `A7 a client that sends ${what} is cut off when its time is up`, async () => {
      await subject.run(
        () => () => ({}),
        async ({ listener }) => {
          const begin = performance.now();
          const socket = await dial(listener.port);
          socket.write(start);
          const dripping = setInterval(() => drip !== "" && socket.write(drip), 100);
          try {
            const answer = await subject.within("the end of a slow client", toEnd(socket));
            assert.ok(performance.now() - begin < 4000);
            assert.match(answer, /^HTTP\/1\.1 408 /);
            assert.match(answer, /\r\nserver: Switchboard\r\n/i);
          } finally {
            clearInterval(dripping);
            socket.destroy();
          }
        },
        { listener: { timeout: 0.5, server: "Switchboard" } },
      );
    });
  }

  subject.gapTest("slowHandshake", "A7 a body that does not arrive is given up with 408", async () => {
    const app = new Hono();
    app.post("/", async (c) => c.text(await c.req.text()));
    const logger = new Log(subject.patience);
    const listener = new Listener(app, { port: 0, engine: subject.engine, logger, timeout: 0.5 });
    await listener.start();
    const socket = await dial(listener.port);
    try {
      socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\na");
      assert.match(await subject.within("the end of a slow body", toEnd(socket)), /^HTTP\/1\.1 408 /);
    } finally {
      socket.destroy();
      await listener.immediateStop();
    }
  });

  subject.test("A7 the time for a request is not that of a handler, of a connection, or of timeout 0", async () => {
    for (const timeout of [0.3, 0]) {
      await subject.run(
        () => async () => {
          await new Promise((resolve) => setTimeout(resolve, 1200));
          return { onOpen: () => "hello", onTextMessage: (_caller, text) => text };
        },
        async ({ connect: open }) => {
          const client = await open();
          assert.equal(await client.message(), "hello");
          await new Promise((resolve) => setTimeout(resolve, 1200));
          await client.send.text("still there");
          assert.equal(await client.message(), "still there");
        },
        { listener: { timeout } },
      );
    }
  });
}

/** What a request without a limit may be. */
export function unlimitedRequests(subject: Subject): void {
  subject.test("A7 without maxEntityBodySize a body may be as large as it likes", async () => {
    const app = new Hono();
    app.post("/", async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
    const listener = new Listener(app, { port: 0, engine: subject.engine, logger: new Log(subject.patience) });
    await listener.start();
    try {
      const size = 129 * 2 ** 20; // Bun's own limit is 128 MiB.
      const response = await fetch(`http://127.0.0.1:${listener.port}/`, {
        method: "POST",
        body: new Uint8Array(size),
      });
      assert.equal(await response.text(), String(size));
    } finally {
      await listener.immediateStop();
    }
  });
}

/** 1,000 sockets that have sent half a handshake each. */
async function halves(port: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < 1000) {
    const some = await Promise.all(Array.from({ length: 100 }, () => dial(port)));
    for (const socket of some) socket.write(HALF);
    sockets.push(...some);
  }
  return sockets;
}

/** Milliseconds from TCP to the first message: the median of nine. */
async function handshakeTime(port: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const begin = performance.now();
    const client = await connect(port);
    await client.message();
    times.push(performance.now() - begin);
    client.destroy();
  }
  // The quickest: what holds up each is seen in it, what else the machine does is not.
  return Math.min(...times);
}

/** What a server has sent until it ends the connection. */
function toEnd(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  return new Promise((resolve) => {
    const end = (): void => resolve(Buffer.concat(parts).toString());
    socket.on("end", end).on("close", end);
  });
}
