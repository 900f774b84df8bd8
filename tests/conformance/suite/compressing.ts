/** What the tests of permessage-deflate share. */
import assert from "node:assert/strict";
import type { Caller, Service } from "../../../mod.ts";
import { assertNegotiated, offering } from "../../kit/deflate.ts";
import { CLOSE, type Frame, type RawClient } from "../../kit/raw_client.ts";
import { gate, type Running, type Subject } from "./subject.ts";

const words = "one two three four ";

/** Text of a length, which gets smaller. */
export const toText = (length: number): string => words.repeat(Math.ceil(length / words.length)).slice(0, length);

/** Text of a length, which hardly does. */
export function toNoise(length: number): string {
  let noise = "";
  while (noise.length < length) noise += crypto.randomUUID();
  return noise.slice(0, length);
}

/** A service that gives its caller to the test. */
export function calling(): { service: Service; caller: Promise<Caller> } {
  const opened = gate<Caller>();
  return { service: { onOpen: (caller) => opened.resolve(caller) }, caller: opened.promise };
}

/** Waits for a frame of a message. */
export async function dataFrame(client: RawClient): Promise<Frame> {
  const frame = await client.frame();
  assert.ok(frame.opcode < CLOSE, `Got ${JSON.stringify(frame)}`);
  return frame;
}

/** Runs a service for one client that offers. */
export async function withCaller(
  subject: Subject,
  use: (client: RawClient, caller: Caller, running: Running) => Promise<void>,
  offer?: string,
): Promise<void> {
  const { service, caller } = calling();
  await subject.serve(
    () => service,
    async (running) => {
      const client = assertNegotiated(await running.connect(offering(offer)));
      await use(client, await caller, running);
    },
    { config: { heartbeat: false, maxBufferedAmount: 1 << 24 } },
  );
}
