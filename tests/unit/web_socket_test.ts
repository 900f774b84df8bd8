import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { ConnectionError } from "../../src/errors.ts";
import { accept } from "../../src/web_socket.ts";
import { silent } from "./support.ts";

/** A Web-standard socket without a network. */
class FakeWebSocket extends EventTarget {
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  binaryType = "blob";
  url = "wss://example.com/x";
  /** How often somebody began to listen. */
  listened = 0;
  readonly calls: unknown[][] = [];

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listened++;
    super.addEventListener(...args);
  }

  send(data: unknown): void {
    this.calls.push(["send", data]);
  }

  close(code?: number, reason?: string): void {
    this.readyState = 2;
    this.calls.push(["close", code, reason]);
  }

  open(protocol = ""): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.dispatchEvent(new Event("open"));
  }

  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason, wasClean: code !== 1006 }));
  }

  message(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  get web(): WebSocket {
    return this as unknown as WebSocket;
  }
}

test("accept() resolves to the caller once the socket is open, with the protocol that it has then", async () => {
  const socket = new FakeWebSocket();
  const seen: unknown[] = [];
  const accepted = accept(socket.web, { onOpen: (caller) => void seen.push(caller.negotiatedSubProtocol) });
  assert.deepEqual(seen, []);
  assert.equal(socket.binaryType, "arraybuffer");
  socket.open("chat");
  const caller = await accepted;
  assert.deepEqual(seen, ["chat"]);
  assert.equal(caller.negotiatedSubProtocol, "chat");
  assert.equal(caller.isSecure, true);
  assert.equal(caller.capabilities.engine, "websocket");
});

test("accept() runs at once over a socket that is open", async () => {
  const socket = new FakeWebSocket();
  socket.open();
  const seen: unknown[] = [];
  const accepted = accept(socket.web, { onOpen: () => void seen.push("open") });
  assert.deepEqual(seen, ["open"]);
  await accepted;
});

test("accept() hands messages and the end to the service, 0 as 1006, which has no reason", async () => {
  for (const [code, told] of [
    [1000, [1000, "bye"]],
    [1005, [1005, "bye"]],
    [0, [1006, ""]],
    [1006, [1006, ""]],
  ] as const) {
    const socket = new FakeWebSocket();
    const seen: unknown[] = [];
    const accepted = accept(socket.web, {
      onMessage: (_caller, data) => void seen.push(data),
      onClose: (_caller, code, reason) => void seen.push([code, reason]),
    });
    socket.open();
    await accepted;
    socket.message("a");
    socket.message(new Uint8Array([1]).buffer);
    socket.message(runInNewContext("new Uint8Array([2]).buffer"));
    socket.message(new Blob([]));
    socket.dispatchEvent(new Event("error"));
    socket.end(code, "bye");
    socket.end(1005);
    assert.deepEqual(seen, ["a", new Uint8Array([1]), new Uint8Array([2]), told]);
  }
});

test("accept() rejects, when the socket is closed or closes before it opens, and nobody has to hear it", async () => {
  const closed = new FakeWebSocket();
  closed.readyState = 3;
  await assert.rejects(accept(closed.web, {}), ConnectionError);
  const early = new FakeWebSocket();
  const accepted = accept(early.web, {});
  early.end(1006);
  await assert.rejects(accepted, ConnectionError);
  const unheard = new FakeWebSocket();
  void accept(unheard.web, {});
  unheard.end(1006);
  await new Promise((resolve) => setTimeout(resolve, 0));
});

test("accept() checks its options before it touches the socket", () => {
  const socket = new FakeWebSocket();
  assert.throws(() => accept(socket.web, {}, { idleTimeout: -1 }), RangeError);
  assert.equal(socket.listened, 0);
});

test("accept() over a socket that can ping leaves the heartbeat off, for nobody hears the pongs", async () => {
  const socket = new FakeWebSocket();
  Object.assign(socket, { ping: () => socket.calls.push(["ping"]), terminate: () => {} });
  const original = globalThis.setTimeout;
  let timers = 0;
  globalThis.setTimeout = Object.assign((...args: Parameters<typeof setTimeout>) => {
    timers++;
    return original(...args);
  }, original);
  try {
    const accepted = accept(socket.web, {}, { heartbeat: { interval: 0.01, timeout: 0.01 } });
    socket.open();
    const caller = await accepted;
    assert.throws(() => caller.ping(), { name: "UnsupportedError" });
  } finally {
    globalThis.setTimeout = original;
  }
  assert.equal(timers, 0);
  assert.deepEqual(socket.calls, []);
});

test("accept() closes without a code, where the socket may not send it", async () => {
  const socket = new FakeWebSocket();
  const close = socket.close.bind(socket);
  socket.close = (code, reason) => {
    close(code, reason);
    if (code === 1011) throw new Error("InvalidAccessError");
  };
  const logger = silent();
  const service = {
    onTextMessage: () => {
      throw new Error("broken");
    },
  };
  const accepted = accept(socket.web, service, {}, { logger });
  socket.open();
  await accepted;
  socket.message("x");
  assert.deepEqual(socket.calls, [
    ["close", 1011, "Internal server error occurred"],
    ["close", undefined, undefined],
  ]);
  assert.equal(logger.lines.length, 1);
  socket.end(1005);
});

test("accept() refuses at once what is no service", () => {
  for (const service of [null, undefined, "x", () => ({})]) {
    const socket = new FakeWebSocket();
    assert.throws(() => accept(socket.web, service as never), {
      name: "TypeError",
      message: /^Cannot run .+: must be a/,
    });
    assert.equal(socket.listened, 0);
  }
});

test("accept() closes with 1011 when a callback cannot be read", async () => {
  const socket = new FakeWebSocket();
  const lines: unknown[] = [];
  const logger = { ...console, error: (...line: unknown[]) => void lines.push(line) };
  const service = Object.defineProperty({}, "onOpen", {
    get: () => {
      throw new Error("on purpose");
    },
  });
  const accepted = accept(socket.web, service, {}, { logger });
  socket.open();
  assert.equal((await accepted).isOpen, false);
  assert.deepEqual(socket.calls.at(-1)?.slice(0, 2), ["close", 1011]);
  assert.equal(lines.length, 1);
  socket.end(1011);
});

test("accept() runs over one end of Cloudflare's WebSocketPair, which has no URL and does not tell what is unsent", async () => {
  const socket = new FakeWebSocket();
  Object.assign(socket, { url: null, bufferedAmount: undefined });
  socket.readyState = 1;
  const caller = await accept(socket.web, {});
  assert.equal(caller.isSecure, false);
  assert.equal(caller.bufferedAmount, 0);
  // More than the high-water mark, and more than the bound.
  for (let i = 0; i < 40; i++) await caller.writeTextMessage("x".repeat(60_000));
  assert.equal(socket.calls.length, 40);
  assert.equal(caller.isOpen, true);
  socket.end(1000);
});
