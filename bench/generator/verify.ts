/** Checks, apart from the measurement, that a server does what is measured. */
import type { Target } from "../protocol.ts";
import { type Connection, open } from "./connection.ts";
import { BINARY, type Frame, readFrames, somePayload, TEXT, toFrame } from "./frames.ts";

/** Sends messages of every size that is measured and compares what comes back; then one broadcast. */
export async function verify({ port }: Target): Promise<void> {
  const text = new TextEncoder();
  const messages: Frame[] = [
    ...[0, 1, 64, 125, 126, 128, 16384].flatMap((bytes) => [
      { opcode: TEXT, payload: somePayload(bytes) },
      { opcode: BINARY, payload: Uint8Array.from({ length: bytes }, (_, i) => (i * 31) & 255) },
    ]),
    { opcode: TEXT, payload: text.encode("Grüße, 漢字 and 🎉") },
    ...Array.from({ length: 32 }, () => ({ opcode: TEXT, payload: somePayload(64) })),
  ];
  const [caller] = await open(port, "/echo", 1);
  if (caller === undefined) throw new Error("No connection");
  const echoed = collect(caller, messages.length);
  for (const { opcode, payload } of messages) caller.write(toFrame(opcode, payload));
  same(await echoed, messages, "echo");
  await caller.terminate();

  const callers = await open(port, "/broadcast", 3);
  const news = [1, 2, 3].map(() => ({ opcode: TEXT, payload: somePayload(128) }));
  const heard = callers.map((each) => collect(each, news.length));
  for (const { opcode, payload } of news) callers[0]?.write(toFrame(opcode, payload));
  for (const frames of await Promise.all(heard)) same(frames, news, "broadcast");
  await Promise.all(callers.map((each) => each.terminate()));
}

function same(got: readonly Frame[], sent: readonly Frame[], what: string): void {
  sent.forEach(({ opcode, payload }, i) => {
    const frame = got[i];
    if (frame?.opcode === opcode && Buffer.compare(frame.payload, payload) === 0) return;
    throw new Error(`The ${what} of message ${i}, of ${payload.byteLength} bytes, is not what was sent`);
  });
  if (got.length !== sent.length) throw new Error(`The ${what} has ${got.length} messages, not ${sent.length}`);
}

function collect(connection: Connection, count: number): Promise<Frame[]> {
  const all: Frame[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  const { promise, resolve, reject } = Promise.withResolvers<Frame[]>();
  connection.receive = (chunk) => {
    const read = readFrames(Uint8Array.from([...rest, ...chunk]));
    rest = read.rest;
    all.push(...read.frames);
    if (all.length >= count) resolve(all);
  };
  void connection.closed.then(() => reject(new Error(`Closed after ${all.length} of ${count} messages`)));
  return promise;
}
