import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionClosureError, ConnectionError } from "../../src/errors.ts";
import { open, outcome, RecordingSocket } from "./support.ts";

const HIGH = 65_536;

/** Opens a connection whose socket keeps what it is given. */
function held(config: Parameters<typeof open>[1] = {}): ReturnType<typeof open> {
  const opened = open({}, { ...config, config: { writeTimeout: 30, ...config.config } });
  opened.socket.holds = true;
  return opened;
}

test("R12 a write that waits for nothing gives the same promise each time", async () => {
  const { caller } = open({});
  const first = caller.writeTextMessage("a");
  assert.equal(caller.writeTextMessage("b"), first);
  assert.equal(caller.writeBinaryMessage(new Uint8Array(1)), first);
  assert.equal(caller.writeMessage({ a: 1 }), first);
  assert.equal(caller.ping(), first);
  assert.equal(caller.pong(), first);
  assert.equal(open({}).caller.writeTextMessage("c"), first);
  assert.equal(await first, undefined);
});

test("writes go out as they are: text, bytes and JSON", () => {
  const { caller, socket } = open({});
  const bytes = new Uint8Array([1]);
  void caller.writeTextMessage("");
  void caller.writeBinaryMessage(bytes);
  void caller.writeBinaryMessage(bytes.buffer);
  void caller.writeMessage("text");
  void caller.writeMessage(bytes);
  void caller.writeMessage([1, { a: null }]);
  void caller.writeMessage(null);
  assert.deepEqual(socket.sent, ["", bytes, bytes, "text", bytes, '[1,{"a":null}]', "null"]);
});

test("write… throws a TypeError at once, when the value is of the wrong type or has no JSON form", () => {
  const { caller, socket } = open({});
  const any = caller as unknown as Record<string, (value: unknown) => unknown>;
  for (const value of [5, null, undefined, {}, new Uint8Array(0)]) {
    assert.throws(() => any.writeTextMessage?.(value), TypeError);
  }
  for (const value of ["x", null, undefined, [1], new Uint16Array(1)]) {
    assert.throws(() => any.writeBinaryMessage?.(value), TypeError);
  }
  for (const value of [undefined, () => {}, Symbol("s"), 1n]) {
    assert.throws(() => any.writeMessage?.(value), TypeError);
  }
  assert.throws(() => any.ping?.("x"), TypeError);
  assert.deepEqual(socket.calls, []);
});

test("R18 ping and pong take at most 125 bytes", () => {
  const { caller, socket } = open({});
  void caller.ping(new Uint8Array(125));
  void caller.pong(new Uint8Array(125).buffer);
  assert.throws(() => caller.ping(new Uint8Array(126)), RangeError);
  assert.throws(() => caller.pong(new ArrayBuffer(126)), RangeError);
  assert.deepEqual(socket.names, ["ping", "pong"]);
});

test("R12 a write over the high-water mark waits until the outbox is under it", async () => {
  const { caller, socket, connection, clock, host } = held();
  void caller.writeBinaryMessage(new Uint8Array(HIGH));
  // Exactly the mark: it waits for a turn, and for no bytes to leave.
  await caller.writeTextMessage("");
  const write = caller.writeTextMessage("x");
  assert.equal(await outcome(write, clock), "waits");
  assert.equal(caller.writeTextMessage("y"), write, "all that wait share one promise");
  socket.bufferedAmount = HIGH + 1;
  connection.drain();
  assert.equal(await outcome(write, clock), "waits");
  socket.bufferedAmount = HIGH;
  connection.drain();
  assert.equal(await outcome(write, clock), "resolved");
  socket.holds = false;
  socket.bufferedAmount = 0;
  void caller.writeTextMessage("");
  await host.turn();
  assert.equal(caller.writeTextMessage(""), open({}).caller.writeTextMessage(""), "nothing waits any more");
});

test("R20 while the outbox is over its high-water mark no callback is called", async () => {
  const seen: unknown[] = [];
  const { socket, connection, caller } = open({ onMessage: (_caller, data) => void seen.push(data) });
  socket.holds = true;
  void caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  connection.text("one");
  connection.binary(new Uint8Array(2));
  connection.drain();
  assert.equal(seen.length, 0);
  socket.bufferedAmount = 0;
  connection.drain();
  connection.text("three");
  assert.deepEqual(seen, ["one", new Uint8Array(2), "three"]);
});

test("the high-water mark is counted from what the socket tells, not from what was estimated", () => {
  const { caller, connection, socket } = open({ onTextMessage: (_caller, text) => text });
  for (let i = 0; i < 1000; i++) void caller.writeTextMessage("x".repeat(1000));
  connection.text("still handled");
  assert.equal(socket.sent.at(-1), "still handled");
});

test("R20 a write that finds more than maxBufferedAmount unsent closes with 1013, and sends nothing more", async () => {
  const { caller, socket, clock } = held({ config: { maxBufferedAmount: 200_000 } });
  const first = caller.writeBinaryMessage(new Uint8Array(150_000));
  const second = caller.writeBinaryMessage(new Uint8Array(150_000));
  const third = caller.writeBinaryMessage(new Uint8Array(1));
  const fourth = caller.writeBinaryMessage(new Uint8Array(1));
  const message = "Cannot send: the connection is closing with code 1013";
  for (const write of [first, second, third, fourth]) assert.equal(await outcome(write, clock), message);
  assert.deepEqual(socket.names, ["send", "send", "close"]);
  assert.deepEqual(socket.calls.at(-1), ["close", 1013, "Slow consumer"]);
  assert.equal(caller.isOpen, false);
});

test("R20 a write that finds exactly maxBufferedAmount unsent goes out, and so does a ping", () => {
  const { caller, socket } = held({ config: { maxBufferedAmount: 100_000 } });
  void caller.writeBinaryMessage(new Uint8Array(100_000));
  void caller.ping();
  void caller.writeBinaryMessage(new Uint8Array(1));
  assert.deepEqual(socket.names, ["send", "ping", "send"]);
  void caller.ping();
  assert.deepEqual(socket.names, ["send", "ping", "send", "close"]);
});

test("R20 one large message to a reading peer is no offence", async () => {
  const { caller, socket, connection, clock } = held({ config: { maxBufferedAmount: 1000 } });
  const write = caller.writeBinaryMessage(new Uint8Array(5_000_000));
  socket.bufferedAmount = 0;
  connection.drain();
  assert.equal(await outcome(write, clock), "resolved");
  assert.deepEqual(socket.names, ["send"]);
});

test("R20 an outbox that has not shrunk for writeTimeout closes with 1013", async () => {
  const { caller, socket, clock } = held({ config: { writeTimeout: 3 } });
  const write = caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  await clock.advance(2.9);
  assert.deepEqual(socket.names, ["send"]);
  await clock.advance(0.6);
  assert.deepEqual(socket.calls.at(-1), ["close", 1013, "Slow consumer"]);
  await assert.rejects(write, ConnectionClosureError);
});

test("R20 a large message has a writeTimeout for each maxBufferedAmount of it, for not every runtime tells of its parts", async () => {
  const { caller, socket, clock } = held({ config: { writeTimeout: 3, maxBufferedAmount: 1_000_000 } });
  void caller.writeBinaryMessage(new Uint8Array(4_500_000));
  await clock.advance(14);
  assert.ok(caller.isOpen);
  await clock.advance(2);
  assert.deepEqual(socket.calls.at(-1), ["close", 1013, "Slow consumer"]);
});

test("R20 an outbox that shrinks, however slowly, is left alone", async () => {
  const { caller, socket, clock } = held({ config: { writeTimeout: 3 } });
  void caller.writeBinaryMessage(new Uint8Array(HIGH + 100));
  for (let i = 0; i < 20; i++) {
    await clock.advance(2.5);
    socket.bufferedAmount -= 1;
  }
  assert.deepEqual(socket.names, ["send"]);
});

test("R20 an outbox that has shrunk and then does not for writeTimeout closes with 1013", async () => {
  const { caller, socket, clock } = held({ config: { writeTimeout: 3 } });
  void caller.writeBinaryMessage(new Uint8Array(HIGH + 100));
  await clock.advance(1);
  socket.bufferedAmount -= 1;
  await clock.advance(3);
  assert.deepEqual(socket.names, ["send"]);
  await clock.advance(1);
  assert.deepEqual(socket.calls.at(-1), ["close", 1013, "Slow consumer"]);
});

test("where no drain is told, a write to a peer that reads waits for some turns and for no timer", async () => {
  const { caller, socket } = held({ capabilities: { drain: false } });
  const write = caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  assert.equal(caller.bufferedAmount, HIGH + 1);
  socket.bufferedAmount = 0;
  // The clock stands still.
  assert.equal(await write, undefined);
});

test("where no drain is told, the sweep looks often once the turns have passed, and rests afterwards", async () => {
  const { caller, socket, clock, host } = held({ capabilities: { drain: false } });
  const write = caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  for (let turns = 0; turns < 20; turns++) await host.turn();
  socket.bufferedAmount = 0;
  assert.equal(await outcome(write, clock), "waits");
  await clock.advance(0.006);
  assert.equal(await outcome(write, clock), "resolved");
  await clock.advance(1);
  assert.equal(clock.pending, 0);
});

test("where no drain is told, the sweep rests once we have closed, whatever is unsent, and a drain opens nothing again", async () => {
  const { caller, socket, connection, clock } = held({ capabilities: { drain: false } });
  void caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  void caller.close(1000, "", -1);
  await clock.advance(1);
  assert.equal(clock.pending, 0);
  socket.readyState = 1;
  socket.bufferedAmount = 0;
  connection.drain();
  assert.equal(caller.isOpen, false);
  await assert.rejects(caller.writeTextMessage("x"), ConnectionClosureError);
});

test("where a drain is told, the sweep does not look often for it", async () => {
  const { caller, socket, connection, clock } = held();
  const write = caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  socket.bufferedAmount = 0;
  await clock.advance(0.1);
  assert.equal(await outcome(write, clock), "waits");
  connection.drain();
  assert.equal(await outcome(write, clock), "resolved");
});

test("R12 a ping or a pong that finds the outbox over its high-water mark waits, and holds the connection up", async () => {
  for (const kind of ["ping", "pong"] as const) {
    const seen: string[] = [];
    const { caller, socket, connection, clock } = open({ onTextMessage: (_caller, text) => void seen.push(text) });
    socket.bufferedAmount = HIGH + 1;
    const sent = caller[kind]();
    connection.text("later");
    assert.equal(await outcome(sent, clock), "waits");
    assert.deepEqual(seen, []);
    socket.bufferedAmount = HIGH;
    connection.drain();
    assert.equal(await outcome(sent, clock), "resolved");
    assert.deepEqual(seen, ["later"]);
  }
});

test("R20 pongs that the runtime sends to a peer that does not read count too", () => {
  const { caller, connection, socket } = held({ config: { maxBufferedAmount: 9906 } });
  void caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  for (let i = 0; i < 78; i++) connection.ping(new Uint8Array(125));
  assert.deepEqual(socket.names, ["send"]);
  connection.ping(new Uint8Array(125));
  assert.deepEqual(socket.calls.at(-1), ["close", 1013, "Slow consumer"]);
});

test("R20 pings of a peer that does not read hold the connection up, when the answers are over the mark", () => {
  const seen: string[] = [];
  const { connection, socket } = open({ onTextMessage: (_caller, text) => void seen.push(text) });
  socket.bufferedAmount = HIGH + 1;
  connection.ping(new Uint8Array(0));
  connection.text("waits");
  assert.deepEqual(seen, []);
});

test("R12 late writes reject and say why, and nobody has to hear it", async () => {
  const closed = open({});
  void closed.caller.close(4000, "x");
  const { clock } = closed;
  assert.equal(
    await outcome(closed.caller.writeTextMessage("x"), clock),
    "Cannot send: the connection is closing with code 4000",
  );
  closed.connection.closed(4000, "");
  assert.equal(
    await outcome(closed.caller.writeTextMessage("x"), clock),
    "Cannot send: the connection was closed with code 4000",
  );
  assert.equal(await outcome(closed.caller.ping(), clock), "Cannot send: the connection was closed with code 4000");

  const lost = open({});
  lost.connection.closed(1006, "");
  assert.equal(await outcome(lost.caller.writeTextMessage("x"), clock), "Cannot send: the connection is lost");
  await assert.rejects(lost.caller.writeTextMessage("x"), (error) => {
    return error instanceof ConnectionError && !(error instanceof ConnectionClosureError);
  });

  const leaving = open({});
  leaving.socket.onSend = () => false;
  leaving.socket.readyState = 2;
  assert.equal(
    await outcome(leaving.caller.writeTextMessage("x"), clock),
    "Cannot send: the peer is closing the connection",
  );
  assert.equal(leaving.caller.isOpen, false);
});

test("R12 a write to a socket that throws rejects with a ConnectionError that keeps the cause", async () => {
  const { caller, socket } = open({});
  const cause = new Error("InvalidStateError");
  socket.onSend = () => {
    throw cause;
  };
  await assert.rejects(caller.writeTextMessage("x"), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.cause, cause);
    return true;
  });
});

test("R12 writes that wait reject, when the connection is lost", async () => {
  const { caller, connection, clock } = held();
  const write = caller.writeBinaryMessage(new Uint8Array(HIGH + 1));
  connection.closed(1006, "");
  assert.equal(await outcome(write, clock), "Cannot send: the connection is lost");
  assert.equal(caller.bufferedAmount, 0);
  assert.equal(clock.pending, 0);
});

test("bytes are handed to sendOwned only when they are a reply", () => {
  class Owning extends RecordingSocket {
    sendOwned(data: Uint8Array<ArrayBuffer>): void {
      this.calls.push(["sendOwned", data]);
    }
  }
  const socket = new Owning();
  const { caller, connection } = open(
    { onBinaryMessage: (_caller, data) => data, onTextMessage: (_c, text) => text },
    { socket },
  );
  void caller.writeBinaryMessage(new Uint8Array(1));
  connection.binary(new Uint8Array(2));
  connection.text("x");
  assert.deepEqual(socket.names, ["send", "sendOwned", "send"]);
});

test("R12 a writer that awaits its writes to a peer that takes all at once lets others run after each 64 KiB", async () => {
  const { caller, socket } = open({});
  let isAsked = false;
  setTimeout(() => {
    isAsked = true;
  });
  // Without a turn no timer fires, and this would be the end of it.
  for (let writes = 0; !isAsked && writes < 100_000; writes++) await caller.writeTextMessage("a".repeat(1000));
  assert.equal(isAsked, true);
  assert.ok(socket.sent.length < 50_000, `${socket.sent.length} writes`);
});

test("R12 the writes of all connections wait for the same turn, and not again in the next", async () => {
  const one = open({});
  const two = open({}, { host: one.host });
  const large = "a".repeat(60_000);
  const first = one.caller.writeTextMessage("a");
  void two.caller.writeTextMessage(large);
  const turn = one.caller.writeTextMessage(large);
  assert.notEqual(turn, first);
  assert.equal(two.caller.writeTextMessage("b"), turn);
  assert.equal(one.caller.writeTextMessage("c"), turn);
  await turn;
  assert.equal(one.caller.writeTextMessage("d"), first);
  assert.equal(two.caller.writeTextMessage("e"), first);
});

test("R3 a stream that always has an item lets others run after each 64 KiB", async () => {
  let made = 0;
  const { caller, connection } = open({
    async *onTextMessage() {
      for (; made < 1_000_000; made++) yield "a".repeat(1000);
    },
  });
  connection.text("");
  await new Promise((resolve) => setTimeout(resolve));
  void caller.close();
  assert.ok(made > 10 && made < 50_000, `${made} items`);
});
