/** The order of events that some platform, some day, may bring: over a class that tells what the test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../client.ts";
import { webSocketTransport } from "../../src/client/platform.ts";
import type { RuntimeSocket } from "../../src/socket.ts";
import { Recorder } from "./client_transport_support.ts";

/** A `WebSocket` without a network. */
class Fake extends EventTarget {
  static last: Fake;
  readonly url: string;
  readonly protocols: readonly string[];
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  binaryType = "blob";
  onopen: (event: object) => void = () => {};
  onmessage: (event: object) => void = () => {};
  onerror: (event: object) => void = () => {};
  onclose: (event: object) => void = () => {};
  readonly closes: [code: number | undefined, reason: string | undefined][] = [];

  constructor(url: string, protocols: readonly string[]) {
    super();
    this.url = url;
    this.protocols = protocols;
    Fake.last = this;
  }

  send(_data?: unknown): void {}

  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && code < 3000)
      throw new DOMException("Invalid code", "InvalidAccessError");
    this.closes.push([code, reason]);
  }

  open(protocol = ""): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.onopen({ type: "open" });
  }

  message(data: string | ArrayBuffer): void {
    this.onmessage({ type: "message", data });
  }

  error(message?: string): void {
    this.onerror({ type: "error", message });
  }

  ended(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose({ type: "close", code, reason });
  }
}

class FakeMore extends Fake {
  terminated = 0;

  terminate(): void {
    this.terminated++;
    this.ended(1006);
  }
}

const toClass = (fake: typeof Fake): typeof WebSocket => fake as never;

function dial(
  fake: typeof Fake = Fake,
  protocols: string[] = [],
): { line: Recorder; lent: RuntimeSocket; socket: Fake } {
  const line = new Recorder();
  const lent = webSocketTransport(toClass(fake)).dial({ url: "ws://localhost", protocols, maxFrameSize: 10 }, line);
  return { line, lent, socket: Fake.last };
}

test("platform: after giving up nothing is told, whatever comes", () => {
  const { line, lent, socket } = dial();
  lent.close();
  socket.open();
  socket.message("late");
  socket.error("late");
  socket.ended(1000);
  assert.deepEqual(line.told, []);
  assert.deepEqual(socket.closes, [[undefined, undefined]]);
});

test("platform: an error without a close, and a close without an error, refuse once", () => {
  for (const events of ["error", "ended", "error ended", "ended error"]) {
    const { line, socket } = dial();
    for (const event of events.split(" ")) event === "error" ? socket.error("why") : socket.ended(1006);
    socket.open();
    socket.message("late");
    assert.deepEqual(line.told, ["refused"], events);
  }
});

test("platform: an error of an open connection is not its end, for the close tells more", () => {
  const { line, socket } = dial();
  socket.open();
  socket.error("why");
  socket.ended(1002, "bad frame");
  assert.deepEqual(line.told, ["opened", "closed 1002"]);
  assert.deepEqual(line.end, { code: 1002, reason: "bad frame" });
});

test("platform: a close is told once, and nothing after it", () => {
  const { line, socket } = dial();
  socket.open();
  socket.ended(0);
  socket.ended(1006);
  socket.message("late");
  socket.error("late");
  assert.deepEqual(line.told, ["opened", "closed 1006"]);
});

test("platform: a message over maxFrameSize ends at once, and nothing comes after it", () => {
  const { line, lent, socket } = dial();
  socket.open();
  socket.message("ä".repeat(5));
  socket.message("ä".repeat(6));
  socket.message("more");
  socket.message(new ArrayBuffer(1));
  socket.ended(1009);
  assert.deepEqual(line.told, ["opened", "text", "failed 1009", "closed 1009"]);
  assert.deepEqual(socket.closes, [[undefined, undefined]]);
  lent.close();
  assert.equal(socket.closes.length, 2);
});

test("platform: a subprotocol that was not offered is refused, and closed", () => {
  const cases: [offered: string[], chosen: string, refusal?: string][] = [
    [["a", "b"], "b"],
    [["a"], "a"],
    [["a", "b"], "", "No subprotocol was chosen"],
    [["a"], "c", 'Subprotocol "c" was not offered'],
    [[], "a", 'Subprotocol "a" was not offered'],
    [[], ""],
  ];
  for (const [offered, chosen, refusal] of cases) {
    const { line, socket } = dial(Fake, offered);
    socket.open(chosen);
    socket.message("x");
    if (refusal !== undefined) socket.ended(1000);
    assert.deepEqual(line.told, refusal === undefined ? ["opened", "text"] : ["refused"], `${offered} ${chosen}`);
    assert.equal(line.refusal?.message, refusal);
    // Without one the answer is final; with a wrong one the next server may fare better.
    assert.equal(Object(line.refusal).status, refusal?.startsWith("No") ? 101 : undefined);
    assert.equal(socket.closes.length, refusal === undefined ? 0 : 1);
  }
});

test("platform: terminate() is lent where the class has it", () => {
  const { lent, line, socket } = dial(FakeMore);
  socket.open();
  lent.terminate?.();
  assert.ok(socket instanceof FakeMore);
  assert.equal(socket.terminated, 1);
  assert.deepEqual(line.told, ["opened", "closed 1006"]);
  assert.equal(dial().lent.terminate, undefined);
});

/** As in Cloudflare's workerd, React Native and what stands for a `WebSocket` in tests: it does not tell what is unsent, and opens by itself. */
class FakeLess extends Fake {
  readonly sent: unknown[] = [];

  constructor(url: string, protocols: readonly string[]) {
    super(url, protocols);
    Reflect.deleteProperty(this, "bufferedAmount");
    queueMicrotask(() => this.open());
  }

  override send(data: unknown): void {
    this.sent.push(data);
  }
}

test("platform: what the class tells to be unsent is told", () => {
  const { lent, socket } = dial();
  socket.bufferedAmount = 5;
  assert.equal(lent.bufferedAmount, 5);
});

test("platform: writes are handed over where the class does not tell what is unsent", async () => {
  const client = await Client.connect("ws://localhost", { transport: webSocketTransport(toClass(FakeLess)) });
  const socket = Fake.last;
  assert.ok(socket instanceof FakeLess);
  assert.equal(client.bufferedAmount, 0);
  await client.writeTextMessage("now");
  // More than is handed over before the socket is asked.
  for (let i = 0; i < 40; i++) await client.writeTextMessage("x".repeat(30_000));
  assert.equal(socket.sent.length, 41);
  socket.ended(1000);
  await client.closed;
});
