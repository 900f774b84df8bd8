/** `accept`: a service over the platform's own client socket, connected to a service of the engine. */
import assert from "node:assert/strict";
import {
  accept,
  type Caller,
  ConnectionError,
  closeFrame,
  type Service,
  type ServiceConfig,
  UnsupportedError,
} from "../../../mod.ts";
import { gate, type Journal, Log, type Running, type Subject, wait } from "./subject.ts";

export function accepting(subject: Subject): void {
  /** Runs `far` behind a listener and `near` over a client's socket. */
  async function joined(
    far: (journal: Journal) => Service,
    near: (journal: Journal) => Service,
    use: (caller: Caller, running: Running & { near: Journal; nearLog: Log; socket: WebSocket }) => Promise<void>,
    config: ServiceConfig = {},
  ): Promise<void> {
    await subject.serve(
      ({ journal }) => far(journal),
      async (running) => {
        const socket = new WebSocket(running.listener.url.replace("localhost", "127.0.0.1"));
        const journal = subject.journal();
        const nearLog = new Log(subject.patience);
        const caller = await subject.within("accept", accept(socket, near(journal), config, { logger: nearLog }));
        await use(caller, { ...running, near: journal, nearLog, socket });
        assert.equal(nearLog.count(/^(warn|error)/), 0);
      },
    );
  }

  subject.test("accept() runs a service over a WebSocket: callbacks, replies, order", async () => {
    await joined(
      () => ({
        onOpen: () => "hello",
        onTextMessage: (_caller, text) => `echo ${text}`,
        onBinaryMessage: (_caller, data) => data,
      }),
      (journal) => ({
        async onOpen() {
          await wait(5);
          journal.add("open");
          return "first";
        },
        onTextMessage(_caller, text) {
          journal.add(text);
          return text === "hello" ? Uint8Array.of(1, 2) : undefined;
        },
        onBinaryMessage(caller, data) {
          journal.add(`${Object.getPrototypeOf(data) === Uint8Array.prototype} ${data}`);
          return closeFrame(4000, `bye ${caller.isOpen}`);
        },
        onClose: (_caller, ...args) => journal.add(`close ${args}`),
      }),
      async (caller, { near }) => {
        await near.until(/close/);
        assert.deepEqual(near.entries, ["open", "hello", "echo first", "true 1,2", "close 4000,bye true"]);
        assert.equal(caller.isOpen, false);
        assert.equal(caller.capabilities.engine, "websocket");
        assert.equal(caller.capabilities.ping, false);
        assert.equal(caller.isSecure, false);
        assert.equal(caller.remoteAddress, undefined);
      },
    );
  });

  subject.test("accept() over a socket that is open already begins at once", async () => {
    await subject.serve(
      () => ({ onTextMessage: (_caller, text) => text }),
      async ({ listener }) => {
        const socket = new WebSocket(listener.url.replace("localhost", "127.0.0.1"));
        await new Promise((resolve) => {
          socket.onopen = resolve;
        });
        const echoed = gate<string>();
        const caller = await accept(socket, { onTextMessage: (_caller, text) => echoed.resolve(text) });
        await caller.writeTextMessage("there");
        assert.equal(await subject.within("the echo", echoed.promise), "there");
        await subject.within("the close", caller.close(1000));
      },
    );
  });

  for (const [what, end, code, reason] of [
    ["the far side closes", (far: Caller) => void far.close(4321, "far"), 4321, "far"],
    ["the far side closes with 1001", (far: Caller) => void far.close(1001), 1001, ""],
  ] as const) {
    subject.test(`accept(): onClose runs once, with the code, when ${what}`, async () => {
      const far = gate<Caller>();
      await joined(
        () => ({ onOpen: (caller) => far.resolve(caller) }),
        (journal) => ({ onClose: (_caller, ...args) => journal.add(`close ${args}`) }),
        async (_caller, { near }) => {
          end(await far.promise);
          await near.until(/close/);
          await wait(10);
          assert.deepEqual(near.entries, [`close ${code},${reason}`]);
        },
      );
    });
  }

  subject.test(
    "accept(): a code that the platform may not send closes all the same, and a RangeError comes first",
    async () => {
      await joined(
        (journal) => ({ onClose: (_caller, code) => journal.add(`close ${code}`) }),
        (journal) => ({ onClose: (_caller, code) => journal.add(`close ${code}`) }),
        async (caller, { near, journal }) => {
          assert.throws(() => caller.close(1005), RangeError);
          assert.equal(caller.isOpen, true);
          await subject.within("the close", caller.close(1011));
          await near.until("close 1011");
          await journal.until(/close/);
        },
      );
    },
  );

  subject.test("accept(): a close that is not answered ends at its timeout", async () => {
    await subject.serve(
      () => ({}),
      async ({ listener }) => {
        const { createServer } = await import("node:net");
        const { createHash } = await import("node:crypto");
        void listener;
        const sockets: { destroy(): void }[] = [];
        // Shakes hands and says nothing more.
        const mute = createServer((socket) => {
          sockets.push(socket);
          socket.on("error", () => {});
          socket.once("data", (chunk: Buffer) => {
            const key = /sec-websocket-key: (.*)\r/i.exec(chunk.toString())?.[1] ?? "";
            const digest = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
            socket.write(
              `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${digest}\r\n\r\n`,
            );
          });
        });
        await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
        const { port } = mute.address() as { port: number };
        try {
          const closed = gate<number>();
          const caller = await accept(new WebSocket(`ws://127.0.0.1:${port}`), {
            onClose: (_caller, code) => closed.resolve(code),
          });
          await subject.within("the close", caller.close(4000, "", 0.1), 2000);
          assert.equal(await closed.promise, 4000);
        } finally {
          for (const socket of sockets) socket.destroy();
          mute.close();
        }
      },
    );
  });

  subject.test("accept() rejects with a ConnectionError when the socket does not open, or is closed", async () => {
    await subject.run(
      () => () => new Response("no", { status: 403 }),
      async ({ listener }) => {
        const refused = new WebSocket(listener.url.replace("localhost", "127.0.0.1"));
        await subject.within("the rejection", assert.rejects(accept(refused, {}), ConnectionError), 4000);
        await assert.rejects(accept(new WebSocket("ws://127.0.0.1:1"), {}), ConnectionError);
      },
    );
    await joined(
      () => ({}),
      () => ({}),
      async (caller, { socket }) => {
        await caller.close(1000);
        await assert.rejects(accept(socket, {}), ConnectionError);
      },
    );
  });

  subject.test("accept() throws at once when an option is wrong", async () => {
    const socket = new WebSocket("ws://127.0.0.1:1");
    socket.onerror = () => {};
    assert.throws(() => accept(socket, {}, { idleTimeout: -1 }), RangeError);
    await wait(10);
  });

  subject.test("R28 accept() throws at once when the service requires what a standard socket lacks", async () => {
    const socket = new WebSocket("ws://127.0.0.1:1");
    socket.onerror = () => {};
    for (const requirement of ["ping", "terminate", "messageLimit", "compression"] as const) {
      assert.throws(
        () => accept(socket, {}, { requires: [requirement] }),
        (error: unknown) => {
          assert.ok(error instanceof UnsupportedError);
          const wanted = `A service requires "${requirement}", which the engine "websocket" lacks: use engine "node" or "bun"`;
          assert.equal(error.message, wanted);
          return true;
        },
      );
    }
    await wait(10);
  });

  subject.test("accept(): an idle connection is closed, and a failing callback closes with 1011", async () => {
    await joined(
      (journal) => ({ onClose: (_caller, ...args) => journal.add(`close ${args}`) }),
      (journal) => ({ onClose: (_caller, ...args) => journal.add(`close ${args}`) }),
      async (_caller, { near }) => {
        await near.until("close 1001,Idle timeout");
      },
      { idleTimeout: 0.05 },
    );
  });
}
