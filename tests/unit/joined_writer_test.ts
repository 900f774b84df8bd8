import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { test } from "node:test";
import { JoinedWriter } from "../../adapters/node/joined_writer.ts";
import type { NodeSocket } from "../../adapters/node/runtime.ts";
import { BINARY, TEXT, toFrame } from "../kit/frames.ts";
import { Random } from "../kit/random.ts";

/** A socket of Node as far as writing goes: pieces of one cork leave together. */
class Recorder {
  /** What the kernel was given, a piece for each system call. */
  readonly calls: Buffer[] = [];
  /** Whether the kernel takes nothing. */
  isFull = false;
  writableCorked = 0;
  readonly pieces: Uint8Array[] = [];

  get writableLength(): number {
    return this.pieces.reduce((length, { byteLength }) => length + byteLength, 0);
  }

  get writableNeedDrain(): boolean {
    return this.writableLength > 65_536;
  }

  cork(): void {
    this.writableCorked++;
  }

  uncork(): void {
    if (this.writableCorked > 0) this.writableCorked--;
    this.#leave();
  }

  write(bytes: Uint8Array): boolean {
    assert.ok(bytes.length > 0, "nothing was written");
    this.pieces.push(bytes);
    this.#leave();
    return true;
  }

  get bytes(): Buffer {
    return Buffer.concat([...this.calls, ...this.pieces]);
  }

  #leave(): void {
    if (this.writableCorked > 0 || this.isFull || this.pieces.length === 0) return;
    this.calls.push(Buffer.concat(this.pieces.splice(0)));
  }
}

/** Reads a recorder as the socket that it stands for. */
function asSocket(recorder: Recorder): NodeSocket {
  return recorder as unknown as NodeSocket;
}

/** What a message is on the wire. */
function wire(message: string | Uint8Array): Buffer {
  return toFrame({ opcode: typeof message === "string" ? TEXT : BINARY, mask: false, payload: message });
}

function write(writer: JoinedWriter, recorder: Recorder, message: string | Uint8Array): void {
  if (typeof message === "string") writer.text(asSocket(recorder), message);
  else writer.binary(asSocket(recorder), message, false);
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// Deno's runner fakes nothing, and there `process` is not asked for before it is needed.
const testFakes: typeof test | (() => void) = "Deno" in globalThis ? () => {} : test;
testFakes("frames leave where a test runner fakes process.nextTick", async () => {
  const { nextTick: original } = process;
  const writer = new JoinedWriter();
  const recorder = new Recorder();
  process.nextTick = () => {};
  try {
    write(writer, recorder, "one");
  } finally {
    process.nextTick = original;
  }
  await tick();
  assert.deepEqual(recorder.calls, [wire("one")]);
});

test("a text of every length around the forms of the header is framed as RFC 6455 says", async () => {
  const writer = new JoinedWriter();
  for (const unit of ["a", "é", "€", "😀", "\ud800"]) {
    for (const units of [
      0, 1, 31, 32, 41, 42, 62, 63, 64, 120, 124, 125, 126, 127, 130, 1363, 1364, 1365, 4096, 65_535, 65_536,
    ]) {
      const recorder = new Recorder();
      const text = unit.repeat(Math.ceil(units / unit.length));
      write(writer, recorder, text);
      await tick();
      assert.deepEqual(recorder.bytes, wire(text), `${units} units of ${JSON.stringify(unit)}`);
    }
  }
});

test("bytes of every length around the forms of the header are framed, and may be changed at once", async () => {
  const writer = new JoinedWriter();
  for (const length of [0, 1, 125, 126, 127, 4091, 4092, 4093, 4096, 16_384, 65_535, 65_536, 100_000]) {
    const recorder = new Recorder();
    const data = new Uint8Array(length).fill(7);
    const expected = wire(data);
    write(writer, recorder, data);
    data.fill(9);
    await tick();
    assert.deepEqual(recorder.bytes, expected, `${length} bytes`);
  }
});

test("what is written to one socket in a tick leaves in one piece, that of the next tick in another", async () => {
  const writer = new JoinedWriter();
  const recorder = new Recorder();
  for (let i = 0; i < 16; i++) write(writer, recorder, `message ${i}`);
  assert.equal(recorder.calls.length, 0);
  await tick();
  write(writer, recorder, "the next");
  await tick();
  const all = Array.from({ length: 16 }, (_, i) => wire(`message ${i}`));
  assert.deepEqual(recorder.calls, [Buffer.concat(all), wire("the next")]);
});

test("what is written to many sockets in turn leaves in one system call each", async () => {
  const writer = new JoinedWriter();
  const recorders = Array.from({ length: 50 }, () => new Recorder());
  for (let i = 0; i < 8; i++) for (const recorder of recorders) write(writer, recorder, `message ${i}`);
  await tick();
  const expected = Buffer.concat(Array.from({ length: 8 }, (_, i) => wire(`message ${i}`)));
  for (const { calls } of recorders) assert.deepEqual(calls, [expected]);
});

test("messages of all kinds and sizes to many sockets keep their order and their bytes, whatever joins them", async () => {
  const random = new Random(11);
  const writer = new JoinedWriter();
  const recorders = Array.from({ length: 7 }, () => new Recorder());
  const expected = recorders.map((): Buffer[] => []);
  for (let i = 0; i < 1500; i++) {
    const length = random.pick([0, 3, 40, 60, 130, 1000, 4000, 5000, 70_000]);
    const isText = random.chance(0.6);
    const message = isText ? random.pick(["x", "é", `${i}`]).repeat(length) : new Uint8Array(length).fill(i);
    // Some go to all, as those of a broadcast do.
    const places = random.chance(0.3) ? recorders.keys() : [random.integer(0, recorders.length - 1)];
    for (const place of places) {
      const recorder = recorders[place] as Recorder;
      recorder.isFull = random.chance(0.2);
      write(writer, recorder, message);
      expected[place]?.push(wire(message));
      if (random.chance(0.05)) {
        writer.flush(asSocket(recorder));
        const aside = wire(`by another hand ${i}`);
        recorder.write(aside);
        expected[place]?.push(aside);
      }
    }
    if (random.chance(0.1)) await tick();
  }
  await tick();
  for (const [place, { bytes }] of recorders.entries()) {
    assert.ok(bytes.equals(Buffer.concat(expected[place] ?? [])), `socket ${place}`);
  }
});

test("a socket whose peer does not read keeps no more memory than its own frames take", async () => {
  const writer = new JoinedWriter();
  const stuck = new Recorder();
  stuck.isFull = true;
  for (let i = 0; i < 200; i++) {
    write(writer, stuck, `${i}`);
    for (let j = 0; j < 100; j++) write(writer, new Recorder(), `to another, ${i} ${j}`);
    await tick();
  }
  const memory = new Set(stuck.pieces.map(({ buffer }) => buffer));
  const size = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert.ok(size < 32_768, `${size} bytes for ${stuck.writableLength}`);
});

test("one large text to many sockets whose peers do not read is kept once", async () => {
  const writer = new JoinedWriter();
  const recorders = Array.from({ length: 20 }, () => new Recorder());
  for (const recorder of recorders) {
    recorder.isFull = true;
    recorder.write(new Uint8Array(70_000));
  }
  const text = "a".repeat(20_000);
  for (const recorder of recorders) write(writer, recorder, text);
  await tick();
  const memory = new Set(recorders.map(({ pieces }) => pieces[1]?.buffer));
  assert.equal(memory.size, 1);
  for (const { pieces } of recorders) assert.ok(wire(text).equals(pieces[1] ?? Buffer.alloc(0)));
});
