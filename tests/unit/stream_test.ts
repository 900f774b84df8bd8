import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame } from "../../src/close_frame.ts";
import type { Reply } from "../../src/service.ts";
import { open } from "./support.ts";

/** A stream whose items the test gives, and which counts what is asked of it. */
class Source implements AsyncIterable<Reply>, AsyncIterator<Reply> {
  nexts = 0;
  returns = 0;
  #waiting: ((result: IteratorResult<Reply>) => void) | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Reply>> {
    this.nexts++;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<Reply>> {
    this.returns++;
    return Promise.resolve({ done: true, value: undefined });
  }

  give(value: Reply): void {
    this.#waiting?.({ done: false, value });
  }

  end(): void {
    this.#waiting?.({ done: true, value: undefined });
  }
}

function streaming(stream: AsyncIterable<Reply>): ReturnType<typeof open> {
  return open({ onTextMessage: (_caller, text) => (text === "stream" ? stream : text) });
}

test("R3 items go out as they come, while later messages are handled", async () => {
  const source = new Source();
  const { connection, socket, clock } = streaming(source);
  connection.text("stream");
  connection.text("one");
  source.give("a");
  await clock.advance(0);
  connection.text("two");
  source.give({ b: 1 });
  await clock.advance(0);
  source.give(undefined);
  await clock.advance(0);
  source.give(new Uint8Array([1]));
  await clock.advance(0);
  source.end();
  await clock.advance(0);
  assert.deepEqual(socket.sent, ["one", "a", "two", '{"b":1}', new Uint8Array([1])]);
  assert.equal(source.nexts, 5);
  assert.equal(source.returns, 0);
});

test("R3 when the connection closes, return() is called once, and no item is sent any more", async () => {
  for (const end of ["we close", "the peer closes", "the connection is lost"]) {
    const source = new Source();
    const { connection, caller, socket, clock, logger } = streaming(source);
    connection.text("stream");
    await clock.advance(0);
    if (end === "we close") void caller.close();
    connection.closed(end === "the connection is lost" ? 1006 : 1000, "");
    source.give("late");
    await clock.advance(0);
    assert.equal(source.returns, 1, end);
    assert.equal(source.nexts, 1, end);
    assert.deepEqual(socket.sent, [], end);
    assert.deepEqual(logger.lines, [], end);
  }
});

test("R3 every stream of a connection is ended, nested ones too", async () => {
  const sources = [new Source(), new Source(), new Source()];
  const { connection, clock } = open({ onTextMessage: (_caller, text) => sources[Number(text)] });
  connection.text("0");
  connection.text("1");
  await clock.advance(0);
  const [outer, , inner] = sources;
  outer?.give(inner);
  await clock.advance(0);
  assert.equal(inner?.nexts, 1);
  connection.closed(1000, "");
  await clock.advance(0);
  assert.deepEqual(
    sources.map(({ returns }) => returns),
    [1, 1, 1],
  );
});

test("R3 a generator's finally runs, when the connection closes while it waits at a yield", async () => {
  const seen: string[] = [];
  const { connection, socket, clock } = streaming(
    (async function* () {
      try {
        while (true) yield "x".repeat(70_000);
      } finally {
        seen.push("cleaned up");
      }
    })(),
  );
  socket.holds = true;
  connection.text("stream");
  await clock.advance(0);
  assert.equal(socket.sent.length, 1);
  connection.closed(1006, "");
  await clock.advance(0);
  assert.deepEqual(seen, ["cleaned up"]);
});

test("R3 the items of a nested stream come before the next item", async () => {
  async function* inner(): AsyncGenerator<Reply> {
    yield "b";
    yield "c";
  }
  const { connection, socket, clock } = streaming(
    (async function* (): AsyncGenerator<Reply> {
      yield "a";
      yield inner();
      yield "d";
    })(),
  );
  connection.text("stream");
  await clock.advance(0);
  assert.deepEqual(socket.sent, ["a", "b", "c", "d"]);
});

test("R3 a web ReadableStream is a stream", async () => {
  const readable = new ReadableStream<string>({
    start(controller) {
      controller.enqueue("a");
      controller.enqueue("b");
      controller.close();
    },
  });
  const { connection, socket, clock } = streaming(readable as unknown as AsyncIterable<Reply>);
  connection.text("stream");
  await clock.advance(0.001);
  assert.deepEqual(socket.sent, ["a", "b"]);
});

test("a stream waits while too much is unsent", async () => {
  let produced = 0;
  const { connection, socket, clock } = streaming(
    (async function* () {
      for (; produced < 100; produced++) yield new Uint8Array(10_000);
    })(),
  );
  socket.holds = true;
  connection.text("stream");
  await clock.advance(0);
  assert.equal(socket.sent.length, 7);
  assert.equal(produced, 6);
  socket.bufferedAmount = 0;
  connection.drain();
  await clock.advance(0);
  assert.equal(socket.sent.length, 14);
});

test("a close frame in a stream closes, and ends the stream", async () => {
  const source = new Source();
  const { connection, socket, clock, logger } = streaming(source);
  connection.text("stream");
  await clock.advance(0);
  source.give(closeFrame(4000, "enough"));
  await clock.advance(0);
  assert.deepEqual(socket.calls, [["close", 4000, "enough"]]);
  assert.equal(source.returns, 1);
  assert.equal(source.nexts, 1);
  assert.deepEqual(logger.lines, []);
});

const failures: [title: string, stream: () => AsyncIterable<Reply>][] = [
  [
    "throws",
    async function* () {
      yield "first";
      throw new Error("broken");
    },
  ],
  [
    "yields an Error",
    async function* () {
      yield "first";
      yield new Error("broken");
    },
  ],
  [
    "yields what has no JSON form",
    async function* () {
      yield "first";
      yield 1n as unknown as Reply;
    },
  ],
  [
    "has a next() that throws at once",
    () => {
      let first = true;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            if (!first) throw new Error("broken");
            first = false;
            return Promise.resolve({ done: false, value: "first" });
          },
        }),
      };
    },
  ],
];
for (const [title, stream] of failures) {
  test(`R8 a stream that ${title} closes with 1011 "streaming failed", and is logged`, async () => {
    const { connection, socket, clock, logger } = streaming(stream());
    connection.text("stream");
    await clock.advance(0);
    assert.deepEqual(socket.calls, [
      ["send", "first"],
      ["close", 1011, "streaming failed"],
    ]);
    assert.equal(logger.lines.length, 1);
    assert.equal(logger.lines[0]?.[0], "error");
  });
}

test("R8 a stream whose asyncIterator throws at once closes with 1011", async () => {
  const { connection, socket, clock } = streaming({
    [Symbol.asyncIterator]: () => {
      throw new Error("broken");
    },
  });
  connection.text("stream");
  await clock.advance(0);
  assert.deepEqual(socket.calls, [["close", 1011, "streaming failed"]]);
});

for (const [title, end] of [
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["rejects", () => Promise.reject(new Error("no"))],
  ["gives no promise", () => 5],
] as const) {
  test(`a return() that ${title} does no harm, when the connection closes`, async () => {
    let returns = 0;
    const { connection, clock, logger } = streaming({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          returns++;
          return end() as Promise<IteratorResult<Reply>>;
        },
      }),
    });
    connection.text("stream");
    connection.closed(1000, "");
    await clock.advance(0);
    assert.equal(returns, 1);
    assert.equal(logger.lines.length, 1);
    assert.equal(logger.lines[0]?.[0], "debug");
  });
}

test("a stream that never gives an item and has no return() holds nothing up", async () => {
  const ended: number[] = [];
  const stream = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<Reply>>(() => {}) }) };
  const { connection, clock, host } = open({ onOpen: () => stream, onClose: (_caller, code) => void ended.push(code) });
  connection.closed(1000, "");
  await clock.advance(0);
  assert.deepEqual(ended, [1000]);
  assert.equal(host.sweep.members.length, 0);
});

test("a stream that is returned when the connection has closed is not begun", async () => {
  const source = new Source();
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const { connection, clock } = open({ onTextMessage: () => promise });
  connection.text("x");
  connection.closed(1000, "");
  resolve(source);
  await clock.advance(0);
  assert.equal(source.nexts, 0);
});

test("a stream that is returned after our own close is not begun", async () => {
  const source = new Source();
  const { connection, clock } = open({
    onTextMessage: (caller) => {
      void caller.close(4000);
      return source;
    },
  });
  connection.text("x");
  await clock.advance(0);
  assert.equal(source.nexts, 0);
});

test("R8 a stream whose item cannot be sent is ended, so that its finally runs", async () => {
  const seen: string[] = [];
  const { connection, clock } = streaming(
    (async function* () {
      try {
        yield 1n as unknown as Reply;
      } finally {
        seen.push("cleaned up");
      }
    })(),
  );
  connection.text("stream");
  await clock.advance(0);
  assert.deepEqual(seen, ["cleaned up"]);
});

test("R19 a peer that starts more than 1024 streams is closed with 1013, and all of them end", () => {
  const sources: Source[] = [];
  const { connection, socket } = open({
    onTextMessage: () => {
      const source = new Source();
      sources.push(source);
      return source;
    },
  });
  for (let i = 0; i < 1024; i++) connection.text("stream");
  assert.deepEqual(socket.calls, []);
  connection.text("stream");
  assert.deepEqual(socket.calls, [["close", 1013, "Too many streams"]]);
  assert.deepEqual(
    sources.map(({ returns }) => returns),
    Array<number>(1025).fill(1),
  );
});

test("R19 streams that have ended, nested ones too, count no more", async () => {
  async function* inner(): AsyncGenerator<Reply> {}
  async function* outer(): AsyncGenerator<Reply> {
    yield inner();
  }
  const { connection, socket, clock } = open({ onTextMessage: () => outer() });
  for (let i = 0; i < 3; i++) {
    for (let k = 0; k < 512; k++) connection.text("stream");
    await clock.advance(0);
  }
  assert.deepEqual(socket.calls, []);
});

test("R19 a stream within a stream counts too, and the one too many closes with 1013 and ends all", async () => {
  const sources: Source[] = [];
  const { connection, socket, clock } = open({
    onTextMessage: () => {
      const source = new Source();
      sources.push(source);
      return source;
    },
  });
  for (let i = 0; i < 1023; i++) connection.text("stream");
  const [first, second] = sources;
  for (const source of [first, second]) {
    source?.give(new Source());
    await clock.advance(0);
  }
  assert.deepEqual(socket.calls, [["close", 1013, "Too many streams"]]);
  assert.deepEqual(
    sources.map(({ returns }) => returns),
    Array<number>(1023).fill(1),
  );
});

test("R3 an iterator is told once that no more is wanted, and asked for nothing afterwards, wherever its stream waits", async () => {
  for (const where of ["for an item", "for a nested stream that fails then", "for room"]) {
    const [source, nested] = [new Source(), new Source()];
    const { connection, socket, clock } = streaming(source);
    socket.holds = true;
    connection.text("stream");
    if (where === "for room") source.give("x".repeat(70_000));
    if (where === "for a nested stream that fails then") source.give(nested);
    await clock.advance(0);
    connection.closed(1006, "");
    source.give("late");
    nested.give(new Error("late"));
    await clock.advance(0);
    assert.deepEqual([source.nexts, source.returns], [1, 1], where);
  }
});
